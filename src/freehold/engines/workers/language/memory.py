"""Keeps what a model computed of the last chat, so that its next turn is not read again.

Only where every layer keeps all places: what a window or a running state has forgotten cannot be
taken back to an earlier place.
"""

from typing import Any

LEAST = 16
"""Tokens in common below which reading again is as good."""


class Memory:
    """The tokens and states of one sequence."""

    def __init__(self) -> None:
        self._tokens: list[int] = []
        self._states: Any = None

    def taken(self, tokens: list[int]) -> tuple[Any, int]:
        """States of the beginning of these tokens, and of how many; None where there are none.

        At least one token is left to compute. What is taken is no longer kept.
        """
        states, known = self._states, self._tokens
        self._tokens, self._states = [], None
        common = shared(known, tokens[:-1])
        if states is None or common < LEAST:
            return None, 0
        if common < len(known):
            states.crop(common - len(known))
        return states, common

    def keep(self, tokens: list[int], states: Any) -> None:
        """Keep the states of these tokens, where they can be cut."""
        if can_be_cut(states) and states.get_seq_length() <= len(tokens):
            self._tokens, self._states = tokens[: states.get_seq_length()], states


def can_be_cut(states: Any) -> bool:
    """Whether all layers keep all places."""
    from transformers.cache_utils import DynamicCache, DynamicLayer

    if type(states) is not DynamicCache:
        return False
    return all(type(layer) is DynamicLayer for layer in states.layers)


def shared(one: list[int], other: list[int]) -> int:
    """How many tokens at the beginning are the same."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
