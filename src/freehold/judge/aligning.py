"""Lays the words of a text beside those of a known license, and finds what differs.

Greedy, from anchors of four equal words in a row: linear in the length of the text.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

WINDOW = 400
"""How far ahead an anchor is looked for, in words of the text."""


class Known(Protocol):
    """A known text: its words as prints, and where each four of them stand."""

    @property
    def prints(self) -> Sequence[int]:
        """The words."""
        ...

    @property
    def places(self) -> Mapping[int, list[int]]:
        """Four words in a row -> where they stand, in order."""
        ...


class Gap(Struct, frozen=True):
    """A stretch that differs: words `a` to `b` of the text against `c` to `d` of the license."""

    a: int
    b: int
    c: int
    d: int


def align(text: Sequence[int], known: Known) -> list[Gap]:
    """Every stretch in which the two differ, in order; none when they are the same."""
    license, gaps = known.prints, []
    i = j = 0
    n, m = len(text), len(license)
    while i < n and j < m:
        if text[i] == license[j]:
            i, j = i + 1, j + 1
            continue
        found = _anchor(text, known.places, i, j, m)
        if found is None:
            break
        a, c = found
        while a > i and c > j and text[a - 1] == license[c - 1]:
            a, c = a - 1, c - 1
        gaps.append(Gap(i, a, j, c))
        i, j = a, c
    if i < n or j < m:
        gaps.append(_trimmed(text, license, Gap(i, n, j, m)))
    return gaps


def _anchor(
    text: Sequence[int], places: Mapping[int, list[int]], i: int, j: int, m: int
) -> tuple[int, int] | None:
    """The next four words that stand in both, chosen so that least is skipped."""
    best: tuple[int, int] | None = None
    cost = m + WINDOW
    for a in range(i, min(i + WINDOW, len(text) - 3)):
        if a - i >= cost:
            break
        four = text[a] << 48 | text[a + 1] << 32 | text[a + 2] << 16 | text[a + 3]
        where = places.get(four)
        if where:
            at = bisect_left(where, j)
            if at < len(where) and (a - i) + (where[at] - j) < cost:
                best, cost = (a, where[at]), (a - i) + (where[at] - j)
    return best


def _trimmed(text: Sequence[int], license: Sequence[int], gap: Gap) -> Gap:
    """The last gap without the words that end both."""
    b, d = gap.b, gap.d
    while b > gap.a and d > gap.c and text[b - 1] == license[d - 1]:
        b, d = b - 1, d - 1
    return Gap(gap.a, b, gap.c, d)


def matched(length: int, gaps: Sequence[Gap]) -> int:
    """How many words of the text the license explains."""
    return length - sum(gap.b - gap.a for gap in gaps)
