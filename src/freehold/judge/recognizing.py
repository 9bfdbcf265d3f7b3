"""Which license a text is: exactly one, one with changes, several, a pointer to one, or unknown.

Similarity finds candidates; it never decides. A text is a known license only when every word
of it is explained: it is in the license, or in its title, or a name, a year, an address.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

from msgspec import Struct

from freehold.judge.aligning import Gap, Known, align, matched

Relation = Literal["exact", "changed", "several", "reference", "unknown"]
TRIED, TRIED_FIRST = 8, 3
ALIKE = 0.5
"""From this share of explained words on, a text is spoken of as a changed license."""
PART = 25
"""A left-over stretch of so many words may be another license."""
DEEPEST = 4
CLOSE = 0.97
SHOWN = 20
EARLY = 50
"""So many missing words at the end count as one that differs."""
NUMBERING = 2
"""So many words in a row may be the number of a clause."""


class Reference(Known, Protocol):
    """A known text with its names."""

    @property
    def key(self) -> str:
        """Its name in the collection."""
        ...

    @property
    def id(self) -> str:
        """Its license id."""
        ...

    @property
    def title(self) -> frozenset[int]:
        """The words of its names."""
        ...

    @property
    def optional(self) -> int:
        """Where the part begins that a file may leave out."""
        ...


class Library(Protocol):
    """The known texts."""

    def reference(self, n: int) -> Reference:
        """The text with this number."""
        ...

    def alike(self, prints: Sequence[int], most: int) -> list[int]:
        """The texts that look most alike, best first."""
        ...

    def same(self, prints: Sequence[int]) -> list[int]:
        """The texts that have exactly these words."""
        ...


class Match(Struct, frozen=True):
    """A text beside its best reference."""

    reference: Reference
    similarity: float
    added: tuple[Gap, ...]
    missing: tuple[Gap, ...]

    @property
    def exact(self) -> bool:
        """Whether nothing is left unexplained."""
        return not self.added and not self.missing

    @property
    def tail(self) -> Gap | None:
        """The end of the license, when the text stops before it."""
        last = self.missing[-1] if self.missing else None
        if last is None or last.d != len(self.reference.prints):
            return None
        return last if last.b - last.a <= 1 else None  # one word may be cut in two

    @property
    def unexplained(self) -> int:
        """How many words differ, in either text."""
        return sum(g.b - g.a for g in self.added) + sum(g.d - g.c for g in self.missing)


class Recognition(Struct, frozen=True):
    """The outcome: gaps are stretches of words of the text that no license explains."""

    relation: Relation
    ids: tuple[str, ...]
    keys: tuple[str, ...]
    best: Match | None
    gaps: tuple[Gap, ...] = ()
    missing: int = 0
    beginning: float | None = None


class Small(Struct, frozen=True):
    """Prints of words that mean little: those of titles besides names, and those that number."""

    title: frozenset[int]
    number: frozenset[int]


def recognize(prints: Sequence[int], library: Library, small: Small, depth: int = 0) -> Recognition:
    """Recognize the words of one text."""
    same = [library.reference(n) for n in library.same(prints)]
    if same:
        ids = tuple(dict.fromkeys(r.id for r in same))
        best = Match(same[0], 1.0, (), ())
        return Recognition("exact", ids, tuple(r.key for r in same), best)
    best_match = _best(prints, library, small)
    if best_match is None:
        return Recognition("unknown", (), (), None)
    if best_match.exact:
        reference = best_match.reference
        return Recognition("exact", (reference.id,), (reference.key,), best_match)
    return _several(prints, best_match, library, small, depth) or _one(prints, best_match)


def _best(prints: Sequence[int], library: Library, small: Small) -> Match | None:
    """The reference that leaves least unexplained; more are tried while none is close."""
    best: Match | None = None
    for tried, n in enumerate(library.alike(prints, TRIED)):
        if tried >= TRIED_FIRST and best is not None and best.similarity > CLOSE:
            break
        match = _match(prints, library.reference(n), small)
        if best is None or _rank(match) < _rank(best):
            best = match
    return best


def _rank(match: Match) -> tuple[int, int, str]:
    """Least unexplained first; that a text ends early counts little, better known names count."""
    tail = match.tail
    early = tail.d - tail.c + tail.b - tail.a if tail else 0
    return (
        match.unexplained - early + early // EARLY,
        -len(match.reference.title),
        match.reference.key,
    )


def _match(prints: Sequence[int], reference: Reference, small: Small) -> Match:
    gaps = align(prints, reference)
    title = reference.title | small.title
    last = gaps[-1] if gaps else None
    added = tuple(
        g
        for g in gaps
        if not _numbers(prints, reference, g, small)
        and not _is_title(prints[g.a : g.b], title, at_an_end=g.c == 0 or g is last)
    )
    missing = tuple(
        g
        for g in gaps
        if not _numbers(prints, reference, g, small) and not _may_miss(reference, g, title)
    )
    explained = matched(len(prints), gaps)
    total = len(prints) + min(len(reference.prints), reference.optional)
    return Match(reference, min(1.0, 2 * explained / total) if total else 0.0, added, missing)


def _numbers(prints: Sequence[int], reference: Reference, gap: Gap, small: Small) -> bool:
    """Whether only the numbering of a list is there or not: 4.1, (b), iii.

    A number that stands for another one is a change: version 2 is not version 3.
    """
    added = prints[gap.a : gap.b]
    missing = reference.prints[gap.c : gap.d]
    words = [word for word in added if word not in small.number]
    if words != [word for word in missing if word not in small.number]:
        return False
    swapped = not words and len(added) > 0 and len(missing) > 0
    return not swapped and len(added) + len(missing) - 2 * len(words) <= NUMBERING


def _is_title(words: Sequence[int], title: frozenset[int], *, at_an_end: bool) -> bool:
    """Whether added words are only the license's own names, at the beginning or the end."""
    return not len(words) or (at_an_end and len(words) <= SHOWN and title.issuperset(words))


def _may_miss(reference: Reference, gap: Gap, title: frozenset[int]) -> bool:
    """Whether the license may do without these words: its title, or how to apply it."""
    words = reference.prints[gap.c : gap.d]
    if not len(words) or gap.c >= reference.optional:
        return True
    return gap.c == 0 and len(words) <= SHOWN and title.issuperset(words)


def _one(prints: Sequence[int], match: Match) -> Recognition:
    """One license with changes, its beginning, or nothing that is known."""
    reference = match.reference
    explained = len(prints) - sum(g.b - g.a for g in match.added)
    of_license = len(reference.prints) - sum(g.d - g.c for g in match.missing)
    share = of_license / len(reference.prints)
    tail = len(match.missing) == 1 and match.tail is not None
    missing = len(reference.prints) - of_license
    if explained < ALIKE * len(prints) and share < ALIKE:
        return Recognition("unknown", (), (), match, match.added, missing)
    beginning = share if tail and set(match.added) <= {match.tail} else None
    return Recognition(
        "changed", (reference.id,), (reference.key,), match, match.added, missing, beginning
    )


def _several(
    prints: Sequence[int], match: Match, library: Library, small: Small, depth: int
) -> Recognition | None:
    """Several licenses one after the other: each left-over stretch must be one of its own."""
    large = [g for g in match.added if g.b - g.a >= PART]
    if match.missing or not large or depth >= DEEPEST:
        return None
    parts = [recognize(prints[g.a : g.b], library, small, depth + 1) for g in large]
    if any(part.relation not in ("exact", "several") for part in parts):
        return None
    rest = tuple(g for g in match.added if g.b - g.a < PART)
    left = tuple(
        _moved(inner, g.a) for g, part in zip(large, parts, strict=True) for inner in part.gaps
    )
    ids = dict.fromkeys([match.reference.id, *(id for part in parts for id in part.ids)])
    keys = dict.fromkeys([match.reference.key, *(key for part in parts for key in part.keys)])
    return Recognition("several", tuple(ids), tuple(keys), match, rest + left)


def _moved(gap: Gap, by: int) -> Gap:
    return Gap(gap.a + by, gap.b + by, gap.c, gap.d)
