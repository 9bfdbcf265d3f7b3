"""Finds the links of a Markdown text with the words around them; code and comments are skipped."""

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from freehold.formats.text import plain

MOST = 500
"""Links that are kept of one text."""
LONGEST_LINE = 4_000
"""Characters of one line that are looked at."""
AROUND = 160
"""Characters before and behind a link that count as its words."""

_FENCE = re.compile(r"^[ >]{0,12}(?:[-*+]\s+)?(```+|~~~+)")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.{1,200})")
_CODE = re.compile(r"``[^\n]{1,500}?``|`[^`\n]{1,500}`")
_HREF = re.compile(r"<a\s[^<>]{0,200}?href\s*=\s*[\"']([^\"'<>\s]{1,800})[\"'][^<>]{0,200}>", re.I)
_DEFINED = re.compile(r"^\s{0,3}\[([^\[\]]{1,80})\]:\s*<?(https?://[^\s<>]{1,800})")
_LINK = re.compile(
    r"!?\[(?P<text>(?:[^\[\]]|\[[^\[\]]{0,80}\]){0,300})\]"
    r"(?:\(<?(?P<url>https?://[^\s()<>]{1,800}(?:\([^\s()<>]{0,200}\)[^\s()<>]{0,800})?)>?[^()]{0,200}\)"
    r"|\[(?P<name>[^\[\]]{1,80})\])"
    r"|<?(?P<bare>https?://[^\s<>\"'`|\])}]{1,800})>?"
)
_STOP = re.compile(r"[.!?;]\s|\|")


class Line(Struct, frozen=True):
    """One line of prose: its number from 1, its text and the heading it stands under."""

    number: int
    text: str
    heading: str


class Pointer(Struct, frozen=True):
    """One link: where it leads, its own words, those around it, its heading and line."""

    url: str
    words: str
    around: str
    heading: str
    line: int


def lines_of(markdown: str, first: int = 1) -> list[Line]:
    """The lines that a reader sees; those of code blocks and comments are left out.

    `first` is the number of the first line.
    """
    return list(_lines(markdown, first))


def _lines(markdown: str, first: int) -> Iterator[Line]:
    fence, hidden, heading = "", False, ""
    for number, raw in enumerate(markdown.splitlines(), start=first):
        line = raw[:LONGEST_LINE]
        mark = _FENCE.match(line)
        if mark and not hidden and (not fence or mark.group(1).startswith(fence)):
            fence = "" if fence else mark.group(1)
            continue
        if fence:
            continue
        line, hidden = _uncommented(line, hidden)
        found = _HEADING.match(line)
        heading = found.group(1).strip() if found else heading
        if line.strip():
            yield Line(number, line, heading)


def _uncommented(line: str, hidden: bool) -> tuple[str, bool]:
    """The line without what stands in comments, and whether a comment goes on."""
    kept = ""
    while line:
        mark = "-->" if hidden else "<!--"
        before, found, line = line.partition(mark)
        kept += "" if hidden else before
        hidden = hidden != bool(found)
    return kept, hidden


def pointers(lines: Sequence[Line]) -> tuple[Pointer, ...]:
    """The links in their order."""
    named = {m[1].casefold(): m[2] for line in lines if (m := _DEFINED.match(line.text))}
    found: list[Pointer] = []
    for line in lines:
        if "http" in line.text or "][" in line.text:
            found += _of_line(line, named)
        if len(found) >= MOST:
            break
    return tuple(found[:MOST])


def _of_line(line: Line, named: dict[str, str]) -> Iterator[Pointer]:
    if _DEFINED.match(line.text):
        return
    text = _CODE.sub(lambda code: " " * len(code[0]), line.text)
    text = _HREF.sub(lambda tag: f" {tag[1]} ", text)
    end = 0
    matches = list(_LINK.finditer(text))
    for n, match in enumerate(matches):
        url = match["url"] or match["bare"] or named.get((match["name"] or "").casefold())
        roof = matches[n + 1].start() if n + 1 < len(matches) else len(text)
        before, after = text[end : match.start()], text[match.end() : roof]
        end = match.end()
        if url:
            words = match["text"] or ""
            yield Pointer(
                plain(url.rstrip(".,;:!*_'\"")), _words(words), _around(before, words, after),
                _words(line.heading), line.number,
            )  # fmt: skip


def _around(before: str, words: str, after: str) -> str:
    """The words of the sentence or cell that the link stands in."""
    before = _STOP.split(before[-AROUND:].rstrip(" |"))[-1]
    after = _STOP.split(after[:AROUND])[0]
    return _words(f"{before} {words} {after}")


def _words(text: str) -> str:
    text = re.sub(r"<[^<>]{0,200}>|https?://\S+", " ", text)
    return plain(" ".join(re.sub(r"[*_`#\[\]()]", " ", text).split())).strip(" -+:,")
