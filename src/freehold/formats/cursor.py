"""Reads binary files piece by piece: every length is held against what is there before reading."""

import io
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Protocol

from freehold.core.errors import BrokenInput
from freehold.formats.text import opened, shown

LARGEST = 2**20
"""Bytes that are taken into memory at once."""
LARGEST_FILE = 2**60
"""Taken for the size of what tells none."""
WINDOW = 2**18
"""Bytes that are read ahead where many short pieces follow each other."""

USUAL, TOGETHER = 48, 64
"""Texts of at most 48 bytes are passed over 64 at a time."""

POINTER = b"version https://git-lfs.github.com/spec/"


class File(Protocol):
    """What a cursor reads from: an open file, or one that lies on a server."""

    def read(self, count: int, /) -> bytes:
        """The next bytes, at most so many."""

    def seek(self, to: int, /) -> int:
        """Go to a place counted from the start."""

    def tell(self) -> int:
        """The place of the next byte."""


class Remote(File, Protocol):
    """A file elsewhere, which brings its name with it, and its size where that is known."""

    name: str
    size: int | None


Source = bytes | Path | Remote
"""What the readers of headers take; of bytes in memory only the beginning needs to be there."""


class Cursor:
    """A place in a file of known size; nothing can be taken from beyond its end.

    `is_part` says that more may follow what is there, so that the end proves nothing.
    """

    def __init__(self, file: File, size: int, name: str, *, is_part: bool = False) -> None:
        self.file, self.size, self.name, self.at = file, size, name, file.tell()
        self.is_part = is_part

    @property
    def left(self) -> int:
        """The bytes from here to the end."""
        return self.size - self.at

    def take(self, count: int, what: str, most: int = LARGEST) -> bytes:
        """The next bytes; `what` they are goes into the message when they are not there."""
        if not 0 <= count <= self.size - self.at:
            self._check(count, what)
        if count > most:
            raise self.broken(f"{what} has {count:,} bytes; more than {most:,} are not read")
        data = self.file.read(count)
        if len(data) < count:
            raise self.broken(f"ends in the middle of {what}")
        self.at += count
        return data

    def skip(self, count: int, what: str) -> None:
        """Go on without reading; short pieces are read, which is faster than seeking."""
        self._check(count, what)
        if count <= 1024:
            self.file.read(count)
        else:
            self.file.seek(self.at + count)
        self.at += count

    def skip_texts(self, form: str, count: int, what: str) -> None:
        """Pass over many texts, each after its length of 8 bytes, in a few reads."""
        unpack = struct.Struct(form).unpack_from
        usual = _usual_texts() if form == "<Q" else None
        start, place, window = self.at, 0, b""
        while count > 0:
            many = usual.match(window, place) if usual and count >= TOGETHER else None
            if many:
                place, count = many.end(), count - TOGETHER
                continue
            for _ in range(min(count, TOGETHER)):
                if place + 8 > len(window):
                    self.go(start + place, what)
                    start, place, window = self.at, 0, self.file.read(min(WINDOW, self.left))
                    if len(window) < 8:
                        raise self.broken(f"ends in the middle of {what}")
                place += 8 + unpack(window, place)[0]
            count -= TOGETHER
        self.go(start + place, what)

    def go(self, to: int, what: str) -> None:
        """Go to a place counted from the start."""
        if not 0 <= to <= self.size:
            raise self.broken(f"{what} lies outside the file")
        self.file.seek(to)
        self.at = to

    def number(self, form: str, what: str) -> int:
        """The next number, in a form of the module struct."""
        found: int = struct.unpack(form, self.take(struct.calcsize(form), what))[0]
        return found

    def broken(self, why: str) -> BrokenInput:
        """The error to raise: names the file and says why."""
        return BrokenInput(f"{self.name}: {why}")

    def _check(self, count: int, what: str) -> None:
        if not 0 <= count <= self.left:
            raise self.broken(f"{what} should have {count:,} bytes, but {self.left:,} are left")


@contextmanager
def looking(source: Source, name: str) -> Iterator[Cursor]:
    """A cursor at the start of a file, of bytes in memory, or of a file elsewhere."""
    if isinstance(source, bytes):
        yield Cursor(io.BytesIO(source), len(source), name, is_part=True)
    elif isinstance(source, Path):
        with opened(source) as (file, size):
            yield Cursor(file, size, shown(source))
    else:
        size = LARGEST_FILE if source.size is None else source.size
        yield Cursor(source, size, source.name, is_part=source.size is None)


@cache
def _usual_texts() -> re.Pattern[bytes]:
    """Matches many short texts in a row, each after its length: a loop in C."""
    lengths = sorted(range(USUAL + 1), key=lambda n: abs(n - 6))
    one = b"|".join(re.escape(n.to_bytes(8, "little")) + b".{%d}" % n for n in lengths)
    return re.compile(b"(?s:(?:" + one + b"){%d}+)" % TOGETHER)


def expect(cursor: Cursor, magic: bytes, kind: str) -> None:
    """Refuse a file that does not begin as its kind does; a pointer of Git LFS is named so."""
    head = cursor.take(min(len(POINTER), cursor.left), "its beginning")
    if not head and magic:
        raise cursor.broken(f"is empty, not a {kind} file")
    if head == POINTER:
        raise cursor.broken(f"is a pointer of Git LFS, not the {kind} file itself")
    if not head.startswith(magic):
        raise cursor.broken(f"is not a {kind} file: it begins with {head[: len(magic)].hex()}")
    cursor.go(len(magic), "its beginning")
