# ruff: noqa: E501  (a pattern is easier to read on one line)
"""Cuts a license text into sentences and bullets, each with its place in the text."""

import re
from bisect import bisect_right
from collections.abc import Iterator

from msgspec import Struct

LONGEST = 600
"""How many characters of a source sentence are kept."""
NEAR_QUOTE = 300
FARTHEST_LEAD = 300

_PLAIN = (
    dict.fromkeys("“”„‟«»「」『』《》`", '"')
    | dict.fromkeys("‘’‚‛´", "'")
    | dict.fromkeys("‐‑‒–—−", "-")
    | dict.fromkeys("\n\t\r\f\v\u00a0\u2003\u3000_\\", " ")
)
"""Characters that are matched as another one; the length stays."""
_OPENING = {"“": "”", "«": "»", "「": "」", "『": "』", "《": "》"}
_QUOTES = '"“„«「'
_CLOSING = re.compile('["”“«»„‟`」』》]')
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")

_ITEM = r"[ \t>]*(?:[-*+•●▪◦·–■o][ \t]|\#{1,6}[ \t]|\(?(?:\d{1,2}(?:\.\d{1,2}){0,3}|[a-z]|[ivx]{1,4})[.)][ \t])"
_BREAK = (
    r"\n[ \t>*/\#;]*(?=\n)"  # an empty line, also inside a comment
    rf"|\n(?={_ITEM})"
)
_CUT = re.compile(
    rf"{_BREAK}|[.!?](?:{_BREAK}"
    r"|[\"')\]*]{0,3}\s+(?=[\"'(\[*#]{0,4}[A-Z0-9À-ÖØ-Þ•])"
    r"|[\"')\]*]{0,3}\n\s*)"
    r"|[。！？]\"?(?=.)",
)
"""Where a sentence ends: begins with the full stop, which still belongs to it, or a line break."""
_IS_ITEM = re.compile(_ITEM)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|inc|ltd|corp|co|llc|no|sec|art|vs?|cf|dr|mr|ms|approx|incl|fig|pp?|al"
    r"|abs|z\.\s?b|bzw|ca|nr|par|para|s\.a|gmbh|ver|vol|[a-z](?:\.[a-z])*|[ivx]+|\d{1,2}(?:\.\d+)*))\.$",
    re.IGNORECASE,
)


class Unit(Struct, frozen=True):
    """One sentence or bullet: from `start` to `end`; `lead` is the line that opens its list."""

    start: int
    end: int
    lead: tuple[int, int] | None = None


class Text(Struct, frozen=True):
    """A text with a copy for matching: lower case, plain quotes, the same length."""

    raw: str
    low: str
    units: tuple[Unit, ...]
    starts: tuple[int, ...]

    def unit_at(self, offset: int) -> int:
        """The number of the unit that holds this character."""
        return max(0, bisect_right(self.starts, offset) - 1)

    def sentence(self, unit: Unit, start: int, end: int) -> tuple[str, int]:
        """The source sentence around a match, at most 600 characters, and where it begins."""
        whole = " ".join(self.raw[unit.start : unit.end].split())
        if len(whole) <= LONGEST:
            return whole, unit.start
        first = unit.start if start - unit.start < 200 else self._word(start - 150)
        end = max(min(unit.end, end), first)
        last = min(unit.end, first + LONGEST)
        return " ".join(self.raw[first:last].split()), first

    def _word(self, offset: int) -> int:
        space = self.low.find(" ", offset, offset + 40)
        return space + 1 if space >= 0 else offset

    def quoted(self, at: int) -> tuple[str, int]:
        """The string whose opening quote stands at this place, and where it ends."""
        close = _OPENING.get(self.raw[at])
        depth, here = 1, at + 1
        while close and here < min(len(self.raw), at + LONGEST):
            depth += (self.raw[here] == self.raw[at]) - (self.raw[here] == close)
            if depth == 0:
                return " ".join(self.raw[at + 1 : here].split()), here
            here += 1
        found = _CLOSING.search(self.raw, at + 1, at + LONGEST)
        stop = found.start() if found else at
        return " ".join(self.raw[at + 1 : stop].split()), max(stop, at)


def read(raw: str) -> Text:
    """Prepare a text for matching."""
    low = raw.lower()
    if len(low) != len(raw):
        low = "".join(c.lower() if len(c.lower()) == 1 else c for c in raw)
    for odd in _PLAIN.keys() & set(low):
        low = low.replace(odd, _PLAIN[odd])
    if "</" in low or "<br" in low:
        low = _TAG.sub(lambda tag: " " * len(tag[0]), low)
    units = tuple(_with_leads(raw, _units(raw, low)))
    return Text(raw, low, units, tuple(unit.start for unit in units))


def _units(raw: str, low: str) -> Iterator[tuple[int, int]]:
    """The sentences; one that ends in the middle of a quotation goes on."""
    start = 0
    for cut in _CUT.finditer(raw):
        at, end = cut.span()
        at += raw[at] in ".!?"
        if at < start or _goes_on(raw, low, start, at, end):
            continue
        if raw[start:end].strip():
            yield _stripped(raw, start, end)
        start = end
    if raw[start:].strip():
        yield _stripped(raw, start, len(raw))


def _goes_on(raw: str, low: str, start: int, at: int, end: int) -> bool:
    """Whether a cut at this place would be one in a quotation or behind an abbreviation."""
    if raw[at] != "\n" and _ABBREVIATION.search(raw, max(start, at - 12), at):
        return True
    if low.count('"', start, end) % 2 == 0:
        return False
    closing = low.find('"', end, end + NEAR_QUOTE)
    return closing >= 0 and "\n\n" not in raw[end:closing]


def _stripped(raw: str, start: int, end: int) -> tuple[int, int]:
    while raw[start].isspace():
        start += 1
    while raw[end - 1].isspace():
        end -= 1
    return start, end


def _with_leads(raw: str, spans: Iterator[tuple[int, int]]) -> Iterator[Unit]:
    lead: tuple[int, int] | None = None
    for start, end in spans:
        opens = raw[start:end].rstrip("*_ ").endswith((":", "："))
        if (
            lead
            and not _IS_ITEM.match(raw, start)
            and raw[start] not in _QUOTES
            and raw[end - 1] not in ";；,"
        ):
            lead = None
        yield Unit(start, end, lead)
        if opens:
            lead = (max(start, end - FARTHEST_LEAD), end)
