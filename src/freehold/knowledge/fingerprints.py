"""The fingerprints of known license texts: words as 16-bit prints, and samples to find them by.

Written by scripts/build_fingerprints.py; all numbers are little-endian.
"""

import json
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path

from msgspec import Struct

from freehold.core import paths
from freehold.core.errors import BrokenInput

FILE = "fingerprints/licenses.prints"
MAGIC = b"FHLF1\n"
WIDTH = 5
"""Words in one sample."""


class Reference(Struct, frozen=True, dict=True):
    """One known text: its words, the prints of its names, and where its optional part begins."""

    key: str
    id: str
    category: str
    title: frozenset[int]
    optional: int
    prints: array  # type: ignore[type-arg]

    @cached_property
    def places(self) -> dict[int, list[int]]:
        """Four words in a row -> where they stand, in order."""
        found: dict[int, list[int]] = {}
        for n, four in enumerate(fours(self.prints)):
            found.setdefault(four, []).append(n)
        return found


class Fingerprints:
    """All known texts; references are made when they are first asked for."""

    def __init__(self, path: Path = paths.DATA / FILE) -> None:
        raw = path.read_bytes()
        if not raw.startswith(MAGIC):
            raise BrokenInput(f"{path} holds no license fingerprints", hint="reinstall freehold")
        body = zlib.decompress(raw[len(MAGIC) :])
        size = int.from_bytes(body[:4], "little")
        header = json.loads(body[4 : 4 + size])
        self.entries = header["entries"]
        read = _Parts(body, 4 + size)
        self.offsets = read.take("I", len(self.entries) + 1)
        self.keys = read.take("I", header["keys"])
        self.starts = read.take("I", header["keys"] + 1)
        self.prints = read.take("H", header["words"])
        self.members = read.take("H", header["members"])
        self._references: dict[int, Reference] = {}

    def __len__(self) -> int:
        return len(self.entries)

    def reference(self, n: int) -> Reference:
        """The text with this number."""
        if n not in self._references:
            entry = self.entries[n]
            prints = self.prints[self.offsets[n] : self.offsets[n + 1]]
            self._references[n] = Reference(
                entry["key"], entry["id"], entry["category"], frozenset(entry["title"]),
                entry["optional"], prints,
            )  # fmt: skip
        return self._references[n]

    @cached_property
    def exact(self) -> dict[bytes, list[int]]:
        """The words of a whole text, as bytes -> the texts that have exactly these."""
        found: dict[bytes, list[int]] = {}
        for n in range(len(self)):
            words = self.prints[self.offsets[n] : self.offsets[n + 1]].tobytes()
            found.setdefault(words, []).append(n)
        return found

    @cached_property
    def categories(self) -> dict[str, frozenset[str]]:
        """License id -> the categories of its texts."""
        found: dict[str, set[str]] = {}
        for entry in self.entries:
            if entry["category"]:
                found.setdefault(entry["id"], set()).add(entry["category"])
        return {id: frozenset(names) for id, names in found.items()}

    def same(self, prints: Sequence[int]) -> list[int]:
        """The texts that have exactly these words."""
        return self.exact.get(array("H", prints).tobytes(), [])

    def alike(self, prints: Sequence[int], most: int) -> list[int]:
        """The texts that share the rarest samples with these words, best first.

        Of equals the one with more names leads: it is the better known.
        """
        scores: dict[int, float] = {}
        for shingle in set(shingles(prints)):
            at = bisect_left(self.keys, shingle)
            if at < len(self.keys) and self.keys[at] == shingle:
                found = self.members[self.starts[at] : self.starts[at + 1]]
                for n in found:
                    scores[n] = scores.get(n, 0.0) + 1 / len(found)
        return sorted(scores, key=lambda n: (-round(scores[n], 1), -len(self.entries[n]["title"])))[
            :most
        ]


class _Parts:
    """Reads arrays one after the other."""

    def __init__(self, body: bytes, at: int) -> None:
        self.body, self.at = body, at

    def take(self, code: str, count: int) -> array:  # type: ignore[type-arg]
        """The next `count` numbers of this type code."""
        made = array(code)
        size = count * made.itemsize
        made.frombytes(self.body[self.at : self.at + size])
        self.at += size
        return made


def shingles(prints: Sequence[int]) -> Iterator[int]:
    """A 32-bit number for every five words in a row."""
    if len(prints) < WIDTH:
        return
    a, b, c, d = prints[0], prints[1], prints[2], prints[3]
    for e in prints[4:]:
        yield ((((a * 31 + b) * 65599 + c) * 131 + d) * 65521 + e) & 0xFFFFFFFF
        a, b, c, d = b, c, d, e


def fours(prints: Sequence[int]) -> Iterator[int]:
    """A 64-bit number for every four words in a row."""
    for a, b, c, d in zip(prints, prints[1:], prints[2:], prints[3:], strict=False):
        yield a << 48 | b << 32 | c << 16 | d


@cache
def fingerprints() -> Fingerprints:
    """The shipped fingerprints, read once."""
    return Fingerprints()
