"""Looks up numbers, words and lists in a table that may hold anything; nothing here raises."""

from collections.abc import Mapping, Sequence
from typing import cast

MOST = 2**34
"""No width, count or length of a model is above this."""
MOST_LAYERS = 1024

Table = Mapping[str, object]


class Keys:
    """A configuration, with the one around it as a fallback; notes what it cannot use."""

    def __init__(self, table: Table, around: Table | None = None) -> None:
        self.table = table
        self.around: Table = around or {}
        self.doubts: list[str] = []
        self.asked: set[str] = set()
        self._numbers: dict[str, tuple[int | None, ...]] = {}
        self._words: dict[tuple[str, ...], tuple[str, ...]] = {}

    def get(self, name: str) -> object:
        """What stands under this name, here or in the configuration around it."""
        self.asked.add(name)
        found = self.table.get(name)
        return found if found is not None else self.around.get(name)

    def has(self, *names: str) -> bool:
        """Whether any of these is there and not null."""
        return any(self.get(name) is not None for name in names)

    def doubt(self, text: str) -> None:
        """Remember why the answer is not certain."""
        if text not in self.doubts:
            self.doubts.append(text)

    def number(self, *names: str) -> int | None:
        """The first of these that is a whole number above zero; what cannot be one is a doubt."""
        for name in names:
            if (found := self.whole(name)) is not None and found > 0:
                return found
        return None

    def whole(self, name: str) -> int | None:
        """A whole number from zero on under this name."""
        found = self.get(name)
        if found is None or isinstance(found, bool | list | tuple | str):
            return None
        number = as_whole(found)
        if number is None and not isinstance(found, Mapping):
            self.doubt(f"{name} is not a possible number")
        return number

    def at(self, name: str, index: int) -> int | None:
        """A number that is the same for all layers, or stands in a list of one for each."""
        found = self.get(name)
        if isinstance(found, list | tuple):
            if index < len(found):
                return as_whole(found[index])
            self.doubt(f"{name} has {len(found)} entries, fewer than there are layers")
            return None
        return self.whole(name)

    def text(self, name: str) -> str:
        """The word under this name, in small letters; empty when there is none."""
        found = self.get(name)
        return found.casefold() if isinstance(found, str) else ""

    def flag(self, name: str, default: bool = False) -> bool:
        """A yes or no."""
        found = self.get(name)
        return found if isinstance(found, bool) else default

    def inner(self, name: str) -> "Keys":
        """The table under this name; an empty one when there is none. Doubts are shared."""
        found = self.get(name)
        keys = Keys(cast(Table, found) if isinstance(found, Mapping) else {})
        keys.doubts = self.doubts
        return keys

    def layer(self, index: int) -> "Keys":
        """The same with what `per_layer_config` says of one layer, where it says something."""
        every = self.get("per_layer_config")
        if not isinstance(every, Mapping):
            return self
        own = next((every[key] for key in _spellings(index) if key in every), None)
        if not isinstance(own, Mapping):
            return self
        keys = Keys({**self.table, **cast(Table, own)}, self.around)
        keys.doubts, keys.asked = self.doubts, self.asked
        return keys

    def row(self, *names: str) -> Sequence[object]:
        """The first of these that is a list with something in it, cut at the most layers."""
        for name in names:
            found = self.get(name)
            if isinstance(found, list | tuple) and found:
                return found[:MOST_LAYERS]
        return ()

    def words(self, *names: str) -> tuple[str, ...]:
        """The first of these that is a list, as words in small letters."""
        if names not in self._words:
            row = self.row(*names)
            self._words[names] = tuple(i.casefold() if isinstance(i, str) else "" for i in row)
        return self._words[names]

    def numbers(self, name: str) -> tuple[int | None, ...]:
        """A list of whole numbers; None where an item is none."""
        if name not in self._numbers:
            self._numbers[name] = tuple(as_whole(item) for item in self.row(name))
        return self._numbers[name]


def _spellings(index: int) -> Sequence[object]:
    return (index, str(index), *(f"{index:0{width}d}" for width in (2, 3, 4)))


def as_whole(found: object) -> int | None:
    """A whole number that can be a size; True and False are 1 and 0."""
    if isinstance(found, int) and 0 <= found <= MOST:
        return int(found)
    if isinstance(found, float) and 0 <= found <= MOST and found == int(found):
        return int(found)
    return None
