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
        while self._may_turn() and self._mark in self._held:
            before, _, after = self._held.partition(self._mark)
            if not self._thinks and before.strip():
                break  # a mark in the middle of an answer is part of it
            yield from self._piece(before)
            self._thinks, self._held = not self._thinks, after
        kept = self._beginning() if self._may_turn() else 0
        place = len(self._held) - kept
        said, self._held = self._held[:place], self._held[place:]
        yield from self._piece(said)

    def rest(self) -> Iterator[Piece]:
        """What was held back until the end."""
        said, self._held = self._held, ""
        yield from self._piece(said)

    @property
    def _mark(self) -> str:
        return END if self._thinks else BEGIN

    def _may_turn(self) -> bool:
        """Whether a mark would still count."""
        return self.marked and (self._thinks or not self.text.strip())

    def _beginning(self) -> int:
        """How many of the last letters are how a mark begins."""
        if not self._thinks and self._held.strip() and not self._held.lstrip().startswith("<"):
            return 0
        lengths = range(min(len(self._mark) - 1, len(self._held)), 0, -1)
        return next((n for n in lengths if self._held.endswith(self._mark[:n])), 0)

    def _piece(self, letters: str) -> Iterator[Piece]:
        if not letters:
            return
        if self._thinks:
            self.thinking += letters
        else:
            self.text += letters
        yield Piece(letters, self._thinks)
