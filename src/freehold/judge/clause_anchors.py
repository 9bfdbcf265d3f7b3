"""Finds the sentences of a text that have one of some words in them, for many lists at once.

Most words of licenses come again and again, so what a word is part of is found out only once.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from freehold.judge.clause_sentences import Text, Unit

Anchors = tuple[str, ...]
MOST_KEPT, LONGEST_KEPT = 50_000, 40
"""Words that are kept with their lists, and the longest of them."""


class Index:
    """Lists of anchors, which may be parts of words or several words."""

    def __init__(self, lists: Sequence[Anchors]) -> None:
        self.lists = tuple(dict.fromkeys(lists))
        owners: dict[str, list[int]] = {}
        for number, anchors in enumerate(self.lists):
            for anchor in anchors:
                owners.setdefault(anchor, []).append(number)
        across = [anchor for anchor in owners if re.search(r"\s", anchor)]
        self._across = [(anchor, tuple(owners.pop(anchor))) for anchor in across]
        for number, (anchor, _) in enumerate(self._across, start=len(self.lists)):
            owners.setdefault(anchor.split()[0], []).append(number)
        self._inside = {anchor: tuple(numbers) for anchor, numbers in owners.items()}
        self._any = re.compile("|".join(sorted(map(re.escape, self._inside))))
        self._known: dict[str, tuple[int, ...]] = {}
        self._plain: set[str] = set()

    def units(self, page: Text) -> Mapping[Anchors, list[Unit]]:
        """The sentences with an anchor of each list, in the order of the text."""
        found: list[set[int]] = [set() for _ in range(len(self.lists) + len(self._across))]
        for n, unit in enumerate(page.units):
            for word in set(page.low[unit.start : unit.end].split()) - self._plain:
                for number in self._known.get(word) or self._look(word):
                    found[number].add(n)
        for (anchor, owners), near in zip(self._across, found[len(self.lists) :], strict=True):
            for n in _with(page, anchor) if near else ():
                for number in owners:
                    found[number].add(n)
        return {
            anchors: [page.units[n] for n in sorted(numbers)]
            for anchors, numbers in zip(self.lists, found, strict=False)
        }

    def _look(self, word: str) -> tuple[int, ...]:
        """The lists that this word has an anchor of; it is kept while there is room."""
        made: tuple[int, ...] = ()
        if self._any.search(word):
            made = tuple({n for a, at in self._inside.items() if a in word for n in at})
        if len(self._known) + len(self._plain) < MOST_KEPT and len(word) < LONGEST_KEPT:
            if made:
                self._known[word] = made
            else:
                self._plain.add(word)
        return made


def _with(page: Text, anchor: str) -> Iterator[int]:
    """The numbers of the sentences in which an anchor of several words begins."""
    at = page.low.find(anchor)
    while at >= 0:
        n = page.unit_at(at)
        yield n
        at = page.low.find(anchor, max(at + 1, page.units[n].end))
