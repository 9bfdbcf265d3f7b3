"""Holds an answer to a JSON schema or a grammar: only tokens that can still lead there are left.

The library `llguidance` follows the grammar; what it cannot hold to is refused with its reason.
"""

import json
from typing import Any

import torch

from freehold.core.errors import EnvironmentProblem, UsageError
from freehold.tasks.text_generation import Request


class Constraint:
    """The tokens that are allowed next, as the answer grows."""

    def __init__(self, request: Request, tokenizer: Any, ends: frozenset[int]) -> None:
        """UsageError for a grammar that cannot be understood."""
        try:
            from llguidance import LLMatcher, grammar_from
        except ImportError as error:
            raise EnvironmentProblem(
                "holding an answer to a grammar needs llguidance",
                hint="freehold runtime install transformers --again",
            ) from error
        try:
            if request.schema is not None:
                grammar = LLMatcher.grammar_from_json_schema(json.dumps(request.schema))
            else:
                grammar = grammar_from("gbnf", request.grammar or "")
        except ValueError as error:
            raise UsageError(f"the grammar is not understood: {error}"[:400]) from error
        self._matcher = LLMatcher(known(tokenizer, ends), grammar, log_level=0)
        self._checked()

    def masked(self, scores: torch.Tensor) -> torch.Tensor:
        """The scores (vocabulary,), with those of tokens that are not allowed at -infinity."""
        allowed = torch.frombuffer(bytearray(self._matcher.compute_bitmask()), dtype=torch.uint8)
        self._checked()
        bits = (allowed[:, None] >> torch.arange(8, dtype=torch.uint8)) & 1
        good = torch.zeros(len(scores), dtype=torch.bool)
        count = min(bits.numel(), len(scores))
        good[:count] = bits.flatten()[:count].bool()
        return scores.masked_fill(~good.to(scores.device), -torch.inf)

    def take(self, token: int) -> bool:
        """Go on with this token; whether the answer is complete now."""
        self._matcher.consume_token(token)
        self._checked()
        return bool(self._matcher.is_stopped())

    def _checked(self) -> None:
        if self._matcher.is_error():
            raise UsageError(f"the grammar cannot be held to: {self._matcher.get_error()}"[:400])


def known(tokenizer: Any, ends: frozenset[int]) -> Any:
    """The vocabulary as the library wants it; made once for each tokenizer."""
    from llguidance.hf import from_tokenizer

    found = getattr(tokenizer, "_for_grammars", None)
    if found is None:
        found = from_tokenizer(tokenizer, eos_token=sorted(ends) or None)
        tokenizer._for_grammars = found
    return found
