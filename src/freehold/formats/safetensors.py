"""Reads the header of a safetensors file: metadata, and every tensor with its type and size."""

import math

import msgspec
from msgspec import Struct, field

from freehold.core.tensors import Tensor
from freehold.formats.cursor import Cursor, Source, expect, looking
from freehold.formats.structured import MOST_LISTED, check_values, refuse_doubles
from freehold.formats.text import plain

MOST_HEADER = 100_000_000
"""Bytes that the format allows a header to have."""
MOST_READ = 32 * 2**20
"""Bytes of header that are read: some 180,000 tensors, and memory stays bounded."""
MOST_VALUES = 2_500_000
MOST_DIMENSIONS, LONGEST_NAME = 32, 1_000

BITS = {
    "F64": 64, "I64": 64, "U64": 64, "C64": 64, "F32": 32, "I32": 32, "U32": 32, "F16": 16,
    "BF16": 16, "I16": 16, "U16": 16, "I8": 8, "U8": 8, "BOOL": 8, "F8_E4M3": 8, "F8_E5M2": 8,
    "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4,
}  # fmt: skip
_SAME = {dtype: dtype for dtype in BITS}
"""One text for each type, however many tensors have it."""

Place = tuple[int, int, str, Tensor]
"""Where a tensor begins after the header, where it ends, its name, and itself."""


class Safetensors(Struct, frozen=True):
    """The header of a safetensors file; `dtypes` counts the parameters of each number type.

    `tensors` is how many there are, `tensor_list` holds them in the order of the file.
    """

    metadata: dict[str, str]
    tensors: int
    dtypes: dict[str, int]
    tensor_list: tuple[Tensor, ...] = ()

    @property
    def parameters(self) -> int:
        """All numbers in all tensors; several are packed into one where weights are quantized."""
        return sum(self.dtypes.values())


class _Tensor(Struct, frozen=True, gc=False):
    """One entry of the header; texts only because `__metadata__` may have keys like these."""

    dtype: str | None = None
    shape: tuple[int, ...] | str | None = None
    data_offsets: tuple[int, int] | str | None = None


class _Metadata(Struct, frozen=True):
    metadata: dict[str, str] | None = field(default=None, name="__metadata__")


def read_safetensors(source: Source, name: str = "model.safetensors") -> Safetensors:
    """The header of a safetensors file; bytes may be only the beginning of one, with all of it."""
    with looking(source, name) as cursor:
        expect(cursor, b"", "safetensors")
        length = cursor.number("<Q", "the length of the header")
        if not 2 <= length <= MOST_HEADER:
            raise cursor.broken(f"is not a safetensors file: its header has {length:,} bytes")
        header = cursor.take(length, "the header", MOST_READ)
        whole = None if cursor.is_part else cursor.left
        return _parsed(header, whole, cursor)


def _parsed(header: bytes, whole: int | None, cursor: Cursor) -> Safetensors:
    values = sum(header.count(sign) for sign in (b",", b":", b"[", b"{"))
    check_values(values, cursor.name, MOST_VALUES)
    try:
        metadata = msgspec.json.decode(header, type=_Metadata).metadata or {}
        entries = msgspec.json.decode(header, type=dict[str, _Tensor])
    except RecursionError as error:
        raise cursor.broken("its header is nested too deeply") from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise cursor.broken(f"its header is not what it should be: {_why(error)}") from error
    told = entries.pop("__metadata__", None) is not None
    _check_doubles(header, len(entries), metadata if told else None, cursor)
    places = _places(entries, cursor)
    _check_places(places, whole, cursor)
    tensors = tuple(tensor for _, _, _, tensor in places)
    dtypes: dict[str, int] = {}
    for tensor in tensors:
        dtypes[tensor.dtype] = dtypes.get(tensor.dtype, 0) + tensor.count
    kept = {plain(key): plain(value) for key, value in list(metadata.items())[:MOST_LISTED]}
    return Safetensors(kept, len(tensors), dtypes, tensors)


def _check_doubles(
    header: bytes, tensors: int, metadata: dict[str, str] | None, cursor: Cursor
) -> None:
    """Refuse a name that is there twice, of which each reader would keep another one.

    Each entry has four colons. Where there are no more, nothing can be hidden behind a name.
    """
    plain_colons = 4 * tensors + (0 if metadata is None else 1 + len(metadata))
    if header.count(b":") != plain_colons:
        refuse_doubles(header, cursor.name)


def _places(entries: dict[str, _Tensor], cursor: Cursor) -> list[Place]:
    """Every tensor with its place, in the order of the file; the entries are used up."""
    found: list[Place] = []
    changed = False
    while entries:
        key, entry = entries.popitem()
        place, shape, bits = entry.data_offsets, entry.shape, BITS.get(entry.dtype or "")
        if type(place) is not tuple or type(shape) is not tuple or entry.dtype is None:
            raise cursor.broken(f"{_called(key)} has no type, no shape or no place")
        start, end = place
        size, dtype, count = end - start, entry.dtype, math.prod(shape)
        if start < 0 or size < 0 or len(shape) > MOST_DIMENSIONS or min(shape, default=0) < 0:
            raise cursor.broken(f"{_called(key)} has an impossible shape or place")
        if bits is None:
            dtype = plain(dtype)[:20]
            if count > size * 8:
                raise cursor.broken(f"{_called(key)} has more numbers than bits")
        elif count * bits != size * 8:
            raise cursor.broken(f"{_called(key)} does not fit into the bytes that it names")
        name = key if len(key) <= LONGEST_NAME and key.isprintable() else plain(key)
        changed = changed or name is not key
        found.append((start, end, name, Tensor(name, _SAME.get(dtype, dtype), shape, size)))
    if changed and len({name for _, _, name, _ in found}) < len(found):
        raise cursor.broken("has two tensors of one name")
    found.sort()
    return found


def _check_places(places: list[Place], whole: int | None, cursor: Cursor) -> None:
    """Refuse tensors that share bytes, bytes of no tensor, and what ends beyond the file."""
    before, last = 0, ""
    for start, end, name, _ in places:
        if start < before:
            raise cursor.broken(f"{_called(name)} overlaps {_called(last)}")
        if start > before:
            raise cursor.broken(f"{start - before:,} bytes before {_called(name)} are of no tensor")
        before, last = end, name
    if whole is None or before == whole:
        return
    if before > whole:
        why = f"is cut off: {_called(last)} ends {before - whole:,} bytes after the end"
        raise cursor.broken(why)
    raise cursor.broken(f"its last {whole - before:,} bytes are of no tensor")


def _called(name: str) -> str:
    return f"the tensor {plain(name)[:100]!r}"


def _why(error: Exception) -> str:
    return plain(str(error))[:200]
