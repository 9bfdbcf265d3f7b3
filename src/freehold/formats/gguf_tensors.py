"""Reads the list of tensors of a GGUF file; each place is held against the file and the others."""

import math
import struct
from operator import itemgetter

from freehold.core.errors import BrokenInput
from freehold.core.tensors import Tensor
from freehold.formats.cursor import Cursor
from freehold.formats.gguf_types import REMOVED, TYPES
from freehold.formats.text import plain

Listed = tuple[tuple[Tensor, ...], tuple[int, ...], int]
"""Tensors, where each begins after the start of the data, and that start."""

MOST_TENSORS = 16_384
"""Tensors in one file; the largest models have two or three thousand."""
LONGEST_NAME = 255
MOST_DIMENSIONS = 4
LARGEST = 2**60

Place = tuple[int, int, str]
"""Where a tensor begins after the start of the data, where it ends, and its name."""


def read_tensors(
    cursor: Cursor, order: str, count: int, alignment: object, size: int | None
) -> Listed:
    """The tensors that follow the metadata, their places, and where their data starts.

    `size` is that of the file, or None where only its beginning is there.
    """
    step = _alignment(cursor, alignment)
    if count * 24 > cursor.left:  # a name's length, a count, a type and a place
        raise cursor.broken(f"says that it has {count:,} tensors, more than it has room for")
    found: dict[str, Tensor] = {}
    places: list[Place] = []
    for _ in range(count):
        tensor, offset = _tensor(cursor, order)
        if tensor.name in found:
            raise cursor.broken(f"has the tensor {tensor.name!r} twice")
        if offset % step:
            raise cursor.broken(f"the tensor {tensor.name!r} lies off the steps of {step} bytes")
        found[tensor.name] = tensor
        places.append((offset, offset + tensor.size, tensor.name))
    start = -(-cursor.at // step) * step
    offsets = tuple(place[0] for place in places)
    _check_places(cursor, places, None if size is None else size - start)
    return tuple(found.values()), offsets, start


def _alignment(cursor: Cursor, given: object) -> int:
    right = isinstance(given, int) and 0 < given <= 2**20 and given & (given - 1) == 0
    if not isinstance(given, int) or not right:
        raise cursor.broken(f"general.alignment is {given!r:.50}, not a power of two")
    return given


def _tensor(cursor: Cursor, order: str) -> tuple[Tensor, int]:
    """One entry of the list: the tensor, and where it lies."""
    length = cursor.number(order + "Q", "the length of the name of a tensor")
    data = cursor.take(length, "the name of a tensor", LONGEST_NAME)
    name = data.decode("utf-8", "replace")
    name = name if name.isprintable() else plain(name)
    dimensions = cursor.number(order + "I", "the number of dimensions of a tensor")
    if dimensions > MOST_DIMENSIONS:
        raise cursor.broken(f"the tensor {name!r} has {dimensions:,} dimensions, not up to 4")
    form = f"{order}{dimensions}QIQ"
    rest = cursor.take(8 * dimensions + 12, "the shape, type and place of a tensor")
    *lengths, kind, offset = struct.unpack(form, rest)
    if kind not in TYPES:
        raise _unknown(cursor, name, kind)
    dtype, block, bytes_of_block = TYPES[kind]
    count = math.prod(lengths)
    if count > LARGEST or offset > LARGEST:
        raise cursor.broken(f"the shape or place of the tensor {name!r} is larger than any file")
    if lengths and lengths[0] % block:
        raise cursor.broken(
            f"the tensor {name!r} has rows of {lengths[0]:,}, not of whole blocks of {block}"
        )
    return Tensor(name, dtype, tuple(lengths[::-1]), count * bytes_of_block // block), offset


def _unknown(cursor: Cursor, name: str, kind: int) -> BrokenInput:
    if kind in REMOVED:
        why = f"the type {REMOVED[kind]}, which no engine loads any more"
    else:
        why = f"the unknown type {kind}"
    return cursor.broken(f"the tensor {name!r} has {why}")


def _check_places(cursor: Cursor, places: list[Place], room: int | None) -> None:
    """Refuse tensors that share bytes, and those that end beyond the file."""
    places.sort(key=itemgetter(0, 1))
    before, last = 0, ""
    for start, end, name in places:
        if start < before:
            raise cursor.broken(f"the tensors {last!r} and {name!r} overlap")
        if end > start:
            before, last = end, name
    if room is not None and before > max(0, room):
        raise cursor.broken(
            f"is cut off: the tensor {last!r} ends {before - room:,} bytes after the end"
        )
