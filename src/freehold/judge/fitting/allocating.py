"""Plays ggml's allocator: how much room the intermediate results of one computation take.

An engine on ggml computes a graph in a fixed order and knows before it starts when each result
is read for the last time. It hands out places in one buffer: the smallest hole that fits, else
the end (`ggml-alloc.c`). The buffer is therefore larger than what is alive at once, by an amount
that follows from sizes and order alone, and that is why it can be computed here.
"""

from msgspec import Struct


class _Result(Struct):
    """One result: its bytes, what it reads, and how it may be kept."""

    size: int
    reads: tuple[int, ...]
    within: bool
    kept: bool


class Graph:
    """A computation as sizes: results in the order in which they are made."""

    def __init__(self, alignment: int) -> None:
        self.alignment = alignment
        self._results: list[_Result] = []
        self._leaves: list[int] = []

    def leaf(self, size: int, *, kept: bool = False) -> int:
        """An input of this many bytes; it takes its place before anything is computed."""
        self._leaves.append(len(self._results))
        return self._add(size, (), False, kept)

    def node(self, size: int, *reads: int, within: bool = False, kept: bool = False) -> int:
        """A result made from others. `within`: it may take the place of one that it alone reads."""
        return self._add(size, reads, within, kept)

    def _add(self, size: int, reads: tuple[int, ...], within: bool, kept: bool) -> int:
        room = -(-size // self.alignment) * self.alignment
        self._results.append(_Result(room, reads, within, kept))
        return len(self._results) - 1

    def room(self) -> int:
        """Bytes of the buffer in which the whole computation finds place."""
        return _Play(self._results).run(self._leaves)


class _Play:
    def __init__(self, results: list[_Result]) -> None:
        self.results = results
        self.readers = [0] * len(results)
        self.places: dict[int, int] = {}
        self.holes: list[tuple[int, int]] = []
        self.end = self.most = 0
        for result in results:
            for read in result.reads:
                self.readers[read] += 1

    def run(self, leaves: list[int]) -> int:
        for leaf in leaves:
            self._take(leaf)
        inputs = set(leaves)
        for number, result in enumerate(self.results):
            if number not in inputs:
                self._place(number, result)
                for read in result.reads:
                    self._read(read)
        return self.most

    def _place(self, number: int, result: _Result) -> None:
        if not result.size:
            return
        for read in result.reads if result.within else ():
            other = self.results[read]
            free = self.readers[read] == 1 and not other.kept and read in self.places
            if free and other.size == result.size:
                self.places[number] = self.places.pop(read)
                return
        self._take(number)

    def _read(self, number: int) -> None:
        self.readers[number] -= 1
        result = self.results[number]
        if not self.readers[number] and not result.kept and number in self.places:
            self._free(self.places.pop(number), result.size)

    def _take(self, number: int) -> None:
        """The smallest hole that fits, the last of equals; else the end."""
        size = self.results[number].size
        fitting = [(room, -at) for at, room in self.holes if room >= size]
        if not fitting:
            at, self.end = self.end, self.end + size
        else:
            room, at = min(fitting)
            at = -at
            self.holes.remove((at, room))
            if room > size:
                self.holes.append((at + size, room - size))
        self.places[number] = at
        self.most = max(self.most, self.end)

    def _free(self, at: int, size: int) -> None:
        """Give a place back and join it with the holes on either side."""
        for hole in list(self.holes):
            if hole[0] + hole[1] == at or at + size == hole[0]:
                self.holes.remove(hole)
                at, size = min(at, hole[0]), size + hole[1]
        if at + size == self.end:
            self.end = at
        else:
            self.holes.append((at, size))
