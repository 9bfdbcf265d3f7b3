"""Reads where the tensors of a checkpoint of TensorFlow lie; needs no library, runs nothing.

A checkpoint is `NAME.index`, a sorted table as LevelDB writes it with a small message for each
tensor, and `NAME.data-00000-of-00001`, the numbers themselves. Everything is bounded.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from freehold.core.errors import BrokenInput

MAGIC = struct.pack("<Q", 0xDB4775248B80FB57)
FOOTER, TRAILER = 48, 5
MOST_BYTES = 2**26
TYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8", 19: "<f2"}
"""The numbers of element types that hold numbers of ours."""
VARINT, LONG, BYTES, SHORT = 0, 1, 2, 5


class Place(Struct, frozen=True):
    """Where a tensor lies: in which part of the data, from which byte on, how many of them."""

    dtype: str
    shape: tuple[int, ...]
    part: int
    begin: int
    size: int


def read_index(path: Path) -> tuple[dict[str, Place], int]:
    """The tensors of a checkpoint by their names, and in how many parts the data are."""
    if path.stat().st_size > MOST_BYTES:
        raise BrokenInput(f"{path.name} is larger than {MOST_BYTES // 2**20} MiB")
    data = path.read_bytes()
    try:
        return _places(data)
    except (IndexError, ValueError, struct.error) as error:
        raise BrokenInput(f"{path.name} is no index of a checkpoint: {error}") from error


def _places(data: bytes) -> tuple[dict[str, Place], int]:
    if len(data) < FOOTER or data[-8:] != MAGIC:
        raise ValueError("it has another ending")
    footer = data[-FOOTER:]
    _, _, at = _handle(footer, 0)
    begin, size, _ = _handle(footer, at)
    found: dict[str, Place] = {}
    parts = 1
    for _, value in _entries(_block(data, begin, size)):
        first, length, _ = _handle(value, 0)
        for key, told in _entries(_block(data, first, length)):
            fields = _fields(told)
            if not key:
                if _one(fields, 2):
                    raise ValueError("its numbers are stored the other way round")
                parts = _one(fields, 1)
            elif (place := _place(fields)) is not None:
                found[key.decode("utf-8")] = place
    return found, parts


def _block(data: bytes, begin: int, size: int) -> bytes:
    """One block of the table; only those that are not compressed are written by TensorFlow."""
    if begin + size + TRAILER > len(data) - FOOTER:
        raise ValueError("a block lies beyond its end")
    if data[begin + size]:
        raise ValueError("a block is compressed")
    return data[begin : begin + size]


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys, each written as what differs from the one before, and values."""
    (restarts,) = struct.unpack("<I", block[-4:])
    end, at, key = len(block) - 4 * (restarts + 1), 0, b""
    if end < 0:
        raise ValueError("a block has no end")
    while at < end:
        shared, at = _varint(block, at)
        more, at = _varint(block, at)
        length, at = _varint(block, at)
        if shared > len(key) or at + more + length > end:
            raise ValueError("an entry lies beyond its block")
        key = key[:shared] + block[at : at + more]
        yield key, block[at + more : at + more + length]
        at += more + length


def _handle(data: bytes, at: int) -> tuple[int, int, int]:
    """Where a block begins, its size, and where the next thing stands."""
    begin, at = _varint(data, at)
    size, at = _varint(data, at)
    return begin, size, at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
    raise ValueError("a number does not end")


def _fields(message: bytes) -> dict[int, list[int | bytes]]:
    """The fields of a message in the encoding of protocol buffers."""
    fields: dict[int, list[int | bytes]] = {}
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        value: int | bytes
        if tag & 7 == VARINT:
            value, at = _varint(message, at)
        else:
            length = {LONG: 8, SHORT: 4}.get(tag & 7)
            if tag & 7 == BYTES:
                length, at = _varint(message, at)
            if length is None or at + length > len(message):
                raise ValueError("a message is broken")
            value, at = message[at : at + length], at + length
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def _one(fields: dict[int, list[int | bytes]], number: int) -> int:
    """A whole number that is 0 where it is not said."""
    value = fields.get(number, [0])[-1]
    if not isinstance(value, int):
        raise ValueError("a message holds something else than a number")
    return value


def _place(fields: dict[int, list[int | bytes]]) -> Place | None:
    """One tensor; None when it does not hold numbers or stands in slices."""
    dtype = TYPES.get(_one(fields, 1))
    if dtype is None or 7 in fields:
        return None
    shape = []
    for told in fields.get(2, []):
        for dimension in _fields(_as_bytes(told)).get(2, []):
            shape.append(_one(_fields(_as_bytes(dimension)), 1))
    return Place(dtype, tuple(shape), _one(fields, 3), _one(fields, 4), _one(fields, 5))


def _as_bytes(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("a message holds a number where a message should be")
    return value
