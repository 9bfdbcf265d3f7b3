# ruff: noqa: E501  (a pattern is easier to read on one line)
"""Tells which topics a model card covers, and which results it shows."""

import re
from collections.abc import Iterator, Sequence

from freehold.formats.links import Line
from freehold.formats.structured import Table, as_table, as_tables, as_text
from freehold.formats.text import plain

TOPICS = ("architecture", "training", "evaluation", "uses and limits")
"""What a card should cover for people to know what it is of."""
SHORT = 20
"""A card of fewer words is hardly more than its tags."""
SECTION = 12
"""Words that a section needs to count as one."""
ROWS = 3
"""Rows of numbers that a table of results needs."""
MOST = 100

_HEADINGS = {
    "architecture": re.compile(r"\b(?:architecture|model (?:details|structure|design)|specification)", re.I),
    "training": re.compile(r"\b(?:(?:pre-?|post-?)?train|data|fine-?tun|how it was made|procedure)", re.I),
    "evaluation": re.compile(r"\b(?:eval|benchmark|results?\b|performance|accuracy|scores?\b)", re.I),
    "uses and limits": re.compile(r"\b(?:uses?\b|limitation|bias|risk|safety|ethic|intended|out-of-scope)", re.I),
}  # fmt: skip
_LAYERS = re.compile(r"\b(?:layers|hidden size|attention heads|embedding dim\w*)\b", re.I)
_NUMBER = re.compile(r"\|\s*\**\d{1,4}(?:\.\d+)?\s*%?\**\s*(?=\|)")


def topics(lines: Sequence[Line]) -> tuple[str, ...]:
    """The topics with a section of some words, or a table of layers, in their usual order."""
    words: dict[str, int] = {}
    found: set[str] = set()
    counted = any(re.search(r"\d", line.text) for line in lines)
    for line in lines:
        if not line.text.lstrip().startswith("#"):
            words[line.heading] = words.get(line.heading, 0) + len(line.text.split())
        if counted and _LAYERS.search(line.text):
            found.add("architecture")
    for heading, count in words.items():
        if count >= SECTION:
            found |= {topic for topic, form in _HEADINGS.items() if form.search(heading)}
    return tuple(topic for topic in TOPICS if topic in found)


def length(lines: Sequence[Line]) -> int:
    """The words of the prose without headings, code and comments."""
    return sum(len(line.text.split()) for line in lines if not line.text.lstrip().startswith("#"))


def results(table: Table, lines: Sequence[Line]) -> tuple[str, ...]:
    """What was measured, as the front matter lists it, or where a table of results begins."""
    rows = [*_listed(table)]
    shown = _shown(lines)
    return tuple([*rows, *([shown] if shown else [])][:MOST])


def _listed(table: Table) -> Iterator[str]:
    """`model-index`: the numbers that a program can read; one without data or value is none."""
    for model in as_tables(table.get("model-index")):
        for result in as_tables(model.get("results")):
            data = as_table(result.get("dataset"))
            name = as_text(data.get("name")) or as_text(data.get("type"))
            for metric in as_tables(result.get("metrics")):
                value, kind = as_text(metric.get("value")), as_text(metric.get("type"))
                if name and kind and value and re.match(r"-?\d", value):
                    yield plain(f"{name}: {kind} {value}")[:200]


def _shown(lines: Sequence[Line]) -> str | None:
    """The first line of a table of numbers under a heading that speaks of measuring."""
    start: Line | None = None
    count = 0
    for line in lines:
        row = line.text.lstrip().startswith("|") and _NUMBER.search(line.text)
        if row and _HEADINGS["evaluation"].search(line.heading):
            if start is None or start.heading != line.heading:
                start, count = line, 0
            count += 1
            if count >= ROWS:
                return f"a table from line {start.number} on"
    return None
