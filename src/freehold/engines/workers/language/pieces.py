"""From tokens to text: whole letters, stop texts, and what belongs to thinking or to a tool call.

Knows no library; what a token says comes from a function that is given.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct

BROKEN = "\ufffd"
"""What stands for bytes that are no letter, or not yet."""
LONGEST_LETTER = 4
"""Tokens of one byte each that one letter can take."""


class Letters:
    """Turns tokens into text as they come; letters that lie in several tokens come whole."""

    def __init__(self, decode: Callable[[Sequence[int]], str]) -> None:
        self._decode = decode
        self._tokens: list[int] = []
        self._from, self._read = 0, 0

    def push(self, token: int) -> str:
        """The letters that are certain with this token."""
        self._tokens.append(token)
        text = self._new()
        waiting = len(self._tokens) - self._read
        if text.endswith(BROKEN) and waiting < LONGEST_LETTER:
            return ""
        self._from, self._read = self._read, len(self._tokens)
        return text

    def rest(self) -> str:
        """What was waiting for a next token."""
        return self._new() if len(self._tokens) > self._read else ""

    def _new(self) -> str:
        """What the unread tokens add; decoded with those before, as spaces depend on them."""
        before = self._decode(self._tokens[self._from : self._read])
        return self._decode(self._tokens[self._from :])[len(before) :]


class Stops:
    """Lets text through until one of the stop texts comes; holds back what could begin one."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self.found = False

    def push(self, text: str) -> str:
        """The text that belongs to the answer for certain."""
        if self.found:
            return ""
        held = self._held + text
        places = [place for stop in self._stops if (place := held.find(stop)) >= 0]
        if places:
            self.found, self._held = True, ""
            return held[: min(places)]
        keep = max((beginning(held, stop) for stop in self._stops), default=0)
        self._held = held[len(held) - keep :]
        return held[: len(held) - keep]

    def rest(self) -> str:
        """What was held back and began no stop text after all."""
        held, self._held = self._held, ""
        return held


class Part(Struct, frozen=True):
    """Some letters, and the section that they belong to."""

    text: str
    section: str


class Tags(Struct, frozen=True):
    """The marks around one section of an answer: `thinking` or `call`."""

    section: str
    opens: str
    closes: str


class Sections:
    """Divides text at the marks of sections; the marks themselves are left out."""

    def __init__(self, tags: Sequence[Tags], inside: str | None = None) -> None:
        """`inside` names the section that the text begins in."""
        self._tags = tuple(tags)
        self._in = next((one for one in tags if one.section == inside), None)
        self._held = ""

    def push(self, text: str) -> list[Part]:
        """The parts that are certain; an empty one where a section ends."""
        held, parts = self._held + text, []
        while True:
            marks = {tag.opens: tag for tag in self._tags} if self._in is None else {}
            if self._in is not None:
                marks = {self._in.closes: self._in}
            first = min((m for m in marks if m in held), key=held.find, default=None)
            if first is None:
                break
            before, _, held = held.partition(first)
            parts.append(Part(before, self.section))
            self._in = marks[first] if self._in is None else None
        keep = max((beginning(held, mark) for mark in marks), default=0)
        parts.append(Part(held[: len(held) - keep], self.section))
        self._held = held[len(held) - keep :]
        return parts

    def rest(self) -> list[Part]:
        """What was held back and began no mark after all."""
        held, self._held = self._held, ""
        return [Part(held, self.section)] if held else []

    @property
    def section(self) -> str:
        """Where the text is."""
        return self._in.section if self._in else "answer"


def beginning(text: str, mark: str) -> int:
    """How many letters at the end of `text` could be the beginning of `mark`."""
    most = min(len(text), len(mark) - 1)
    return next((n for n in range(most, 0, -1) if text.endswith(mark[:n])), 0)
