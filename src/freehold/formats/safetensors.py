"""Reads the header of a safetensors file: metadata, and every tensor with its type and size."""

import math
from operator import itemgetter

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
MOST_DIMENSIONS = 32

BITS = {
    "F64": 64, "I64": 64, "U64": 64, "C64": 64, "F32": 32, "I32": 32, "U32": 32, "F16": 16,
    "BF16": 16, "I16": 16, "U16": 16, "I8": 8, "U8": 8, "BOOL": 8, "F8_E4M3": 8, "F8_E5M2": 8,
    "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4,
}  # fmt: skip
_SAME = {dtype: dtype for dtype in BITS}
"""One text for each type, however many tensors have it."""

Place = tuple[int, int, str]
"""Where a tensor begins after the header, where it ends, and its name."""


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
    shape: tuple[int, ...] | str = ()
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
        whole = None if isinstance(source, bytes) else cursor.left
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
    tensors, places = _tensors(entries, cursor)
    _check_places(places, whole, cursor)
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


def _tensors(entries: dict[str, _Tensor], cursor: Cursor) -> tuple[tuple[Tensor, ...], list[Place]]:
    """Every tensor and its place, in the order of the file."""
    places: list[Place] = []
    found: dict[str, Tensor] = {}
    while entries:
        key, entry = entries.popitem()
        name = key if len(key) < 1_000 and key.isprintable() else plain(key)
        if name in found:
            raise cursor.broken(f"has the tensor {name[:100]!r} twice")
        tensor, start = _tensor(name, entry, cursor)
        found[name] = tensor
        places.append((start, start + tensor.size, name))
    places.sort(key=itemgetter(0, 1))
    return tuple(found[name] for _, _, name in places), places


def _tensor(name: str, entry: _Tensor, cursor: Cursor) -> tuple[Tensor, int]:
    """One tensor, its shape held against the bytes it takes, and where it begins."""
    dtype, shape, place = entry.dtype, entry.shape, entry.data_offsets
    if dtype is None or not isinstance(place, tuple):
        raise cursor.broken(f"{_called(name)} has no type or no place")
    start, end = place
    if not 0 <= start <= end or not isinstance(shape, tuple) or len(shape) > MOST_DIMENSIONS:
        raise cursor.broken(f"{_called(name)} has an impossible shape or place")
    if shape and min(shape) < 0:
        raise cursor.broken(f"{_called(name)} has an impossible shape or place")
    count, bits = math.prod(shape), BITS.get(dtype)
    if bits is None:
        dtype = plain(dtype)[:20]
        if count > (end - start) * 8:
            raise cursor.broken(f"{_called(name)} has more numbers than bits")
    elif count * bits != (end - start) * 8:
        raise cursor.broken(f"{_called(name)} does not fit into the bytes that it names")
    return Tensor(name, _SAME.get(dtype, dtype), shape, end - start), start


def _check_places(places: list[Place], whole: int | None, cursor: Cursor) -> None:
    """Refuse tensors that share bytes, bytes of no tensor, and what ends beyond the file."""
    before, last = 0, ""
    for start, end, name in places:
        if start != before:
            if start < before:
                other = _called(last)
                raise cursor.broken(f"{_called(name)} overlaps {other}")
            raise cursor.broken(f"{start - before:,} bytes before {_called(name)} are of no tensor")
        before, last = end, name
    if whole is not None and before > whole:
        raise cursor.broken(
            f"is cut off: {_called(last)} ends {before - whole:,} bytes after the end"
        )
    if whole is not None and before < whole:
        raise cursor.broken(f"its last {whole - before:,} bytes are of no tensor")


def _called(name: str) -> str:
    return f"the tensor {name[:100]!r}"


def _why(error: Exception) -> str:
    return plain(str(error))[:200]
