"""Reads what a TFLite file says of itself: its description, and the metadata of its publisher."""

import struct
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from freehold.formats.cursor import Cursor, expect, looking
from freehold.formats.text import plain

LONGEST_TEXT = 2**20
LONGEST_NAME = 1_000
MOST_ENTRIES = 1_000

VERSION, DESCRIPTION, BUFFERS, METADATA = 0, 3, 4, 6
NAME, ABOUT, MADE, AUTHOR, LICENSE = 0, 1, 2, 4, 5
"""Fields of the metadata, in the order of its published schema."""


class Tflite(Struct, frozen=True):
    """The outermost table of a TFLite file, and what its publisher wrote into the metadata."""

    version: int
    description: str | None
    metadata: tuple[str, ...]
    name: str | None = None
    about: str | None = None
    made: str | None = None
    author: str | None = None
    license: str | None = None


class _Table:
    """A table of a flat file: fields are found over a list of offsets."""

    def __init__(self, cursor: Cursor, at: int, start: int = 0) -> None:
        self.cursor, self.at, self.start = cursor, at, start
        self.offsets = at - _number(cursor, at, "<i")
        self.length = _number(cursor, self.offsets, "<H")

    def place(self, field: int) -> int | None:
        """Where the field lies; None where it is left out."""
        entry = 4 + 2 * field
        if entry + 2 > self.length:
            return None
        offset = _number(self.cursor, self.offsets + entry, "<H")
        return self.at + offset if offset else None

    def target(self, field: int) -> int | None:
        """Where the field points to."""
        place = self.place(field)
        return None if place is None else place + _number(self.cursor, place, "<I")

    def text(self, field: int, most: int = LONGEST_TEXT) -> str | None:
        """The text of a field."""
        target = self.target(field)
        if target is None:
            return None
        length = _number(self.cursor, target, "<I")
        data = self.cursor.take(length, "a text", most)
        return plain(data.decode("utf-8", "replace")).strip() or None

    def tables(self, field: int, most: int) -> Iterator["_Table"]:
        """The tables of a list of tables."""
        target = self.target(field)
        count = 0 if target is None else _number(self.cursor, target, "<I")
        if count > most:
            raise self.cursor.broken(f"says that a list has {count:,} items")
        for n in range(count):
            yield self.item(field, n)

    def item(self, field: int, number: int) -> "_Table":
        """One table of a list of tables."""
        target = self.target(field)
        if target is None or number >= _number(self.cursor, target, "<I"):
            raise self.cursor.broken(f"has no item {number} where its metadata should be")
        place = target + 4 + 4 * number
        return _Table(self.cursor, place + _number(self.cursor, place, "<I"))


def read_tflite(source: bytes | Path, name: str = "model.tflite") -> Tflite:
    """What a TFLite file says of itself; tensors and operators are not read."""
    with looking(source, name) as cursor:
        expect(cursor, b"", "TFLite")
        head = cursor.take(8, "its beginning")
        if head[4:] != b"TFL3":
            raise cursor.broken("is not a TFLite file: it does not say TFL3")
        model = _Table(cursor, struct.unpack("<I", head[:4])[0])
        version = model.place(VERSION)
        entries = [
            (e.text(0, LONGEST_NAME), e.place(1)) for e in model.tables(METADATA, MOST_ENTRIES)
        ]
        told = next((place for name, place in entries if name == "TFLITE_METADATA"), None)
        return Tflite(
            0 if version is None else _number(cursor, version, "<I"),
            model.text(DESCRIPTION),
            tuple(name for name, _ in entries if name),
            *(_told(model, _number(cursor, told, "<I")) if told is not None else ()),
        )


def _told(model: _Table, number: int) -> Iterator[str | None]:
    """Name, description, version, author and license out of the buffer of this number."""
    target = model.item(BUFFERS, number).target(0)
    if target is None:
        return
    start = target + 4
    table = _Table(model.cursor, start + _number(model.cursor, start, "<I"))
    for field in (NAME, ABOUT, MADE, AUTHOR, LICENSE):
        yield table.text(field)


def _number(cursor: Cursor, at: int, form: str) -> int:
    cursor.go(at, "an offset")
    return cursor.number(form, "an offset")
