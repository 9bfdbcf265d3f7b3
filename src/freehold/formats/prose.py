"""Turns Markdown into plain sentences: no code, no tables of numbers, no markup."""

import re
from collections.abc import Iterator

LONGEST = 1_000
"""Characters of a sentence; a longer one is cut there and goes on as the next."""

_FENCE = re.compile(r"^\s{0,3}(```|~~~)")
_TAG = re.compile(r"<[^<>]{0,500}>")
_LINK = re.compile(r"!?\[([^\[\]]{0,500})\]\([^()\s]{0,1000}(?: [^()]{0,200})?\)")
_MARKS = re.compile(r"[*`]|(?<!\w)_|_(?!\w)")
_BULLET = re.compile(r"^\s*(?:[-*+]|\d{1,3}[.)]|#{1,6}|>|\|)\s*")
_END = re.compile(r"(?<=[.!?])[\"')\]]{0,3}\s+(?=[\"'(\[]{0,2}[A-Z0-9])|(?<=[。！？；])")
_SHORT = re.compile(r"\b(?:e\.g|i\.e|etc|vs|cf|Inc|Ltd|No|Dr|Fig|al|approx)\.$")


def sentences(block: str) -> Iterator[str]:
    """The sentences of a block without its markup."""
    text = " ".join(_MARKS.sub("", _LINK.sub(r"\1", _TAG.sub(" ", block))).split())
    held = ""
    for part in _END.split(text):
        held = f"{held} {part}".strip() if held else part
        if _SHORT.search(held[-12:]) and len(held) < LONGEST:
            continue
        yield from _cut(held)
        held = ""
    yield from _cut(held)


def _cut(text: str) -> Iterator[str]:
    for start in range(0, len(text), LONGEST):
        yield text[start : start + LONGEST].strip()


def blocks(markdown: str) -> Iterator[str]:
    """Paragraphs with their lines joined, and each heading, item or row of a table alone."""
    held: list[str] = []
    fenced = False
    for line in markdown.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
            continue
        new = _BULLET.match(line)
        if held and (fenced or new or not line.strip()):
            yield " ".join(held)
            held = []
        if fenced or not line.strip():
            continue
        held.append(_BULLET.sub("", line) if new else line)
        if new and new.group().strip()[:1] in ("#", "|"):
            yield held.pop()
    if held:
        yield " ".join(held)
