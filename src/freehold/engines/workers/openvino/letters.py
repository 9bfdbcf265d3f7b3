"""Turns tokens into letters as they come: those of which a part is missing wait for it."""

from collections.abc import Sequence
from typing import Any


class Letters:
    """The letters of one answer."""

    def __init__(self, library: Any, words: Any) -> None:
        self._said: list[str] = []
        self._streamer = library.TextStreamer(words, self._said.append)

    def take(self, tokens: Sequence[int]) -> str:
        """What can be said after these tokens."""
        for token in tokens:
            self._streamer.write(token)
        return self._taken()

    def rest(self) -> str:
        """What was held back until the end."""
        self._streamer.end()
        return self._taken()

    def _taken(self) -> str:
        said = "".join(self._said)
        self._said.clear()
        return said
