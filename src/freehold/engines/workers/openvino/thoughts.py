"""Tells the reasoning of an answer from the answer itself, by the marks that models write."""

from collections.abc import Iterator

from freehold.tasks.text_generation import Piece

BEGIN, END = "<think>", "</think>"


class Sections:
    """Takes letters as they come and gives pieces; in a text that is continued, all is text."""

    def __init__(self, marked: bool) -> None:
        self.marked = marked
        self.text = self.thinking = ""
        self._thinks = False
        self._held = ""

    def take(self, letters: str) -> Iterator[Piece]:
        """The pieces in these letters; what may be the beginning of a mark is held back."""
        self._held += letters
        while self.marked and (mark := END if self._thinks else BEGIN) in self._held:
            if not self._thinks and self.text.strip():
                break  # a mark in the middle of an answer is part of it
            before, _, self._held = self._held.partition(mark)
            yield from self._piece(before)
            self._thinks = not self._thinks
        kept = self._beginning() if self.marked else 0
        said, self._held = (
            self._held[: len(self._held) - kept],
            self._held[len(self._held) - kept :],
        )
        yield from self._piece(said)

    def rest(self) -> Iterator[Piece]:
        """What was held back until the end."""
        said, self._held = self._held, ""
        yield from self._piece(said)

    def _beginning(self) -> int:
        """How many of the last letters are how a mark begins."""
        mark = END if self._thinks else BEGIN
        lengths = range(min(len(mark) - 1, len(self._held)), 0, -1)
        return next((n for n in lengths if self._held.endswith(mark[:n])), 0)

    def _piece(self, letters: str) -> Iterator[Piece]:
        if not letters:
            return
        if self._thinks:
            self.thinking += letters
        else:
            self.text += letters
        yield Piece(letters, self._thinks)
