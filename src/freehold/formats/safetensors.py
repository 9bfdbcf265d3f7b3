"""Reads the header of a safetensors file: metadata, number and kinds of tensors, parameters."""

import math
from pathlib import Path
from typing import TypeGuard

import msgspec
from msgspec import Struct, field

from freehold.formats.cursor import Cursor, expect, looking
from freehold.formats.structured import MOST_LISTED, check_values
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


class Safetensors(Struct, frozen=True):
    """The header of a safetensors file; `dtypes` counts the parameters of each number type."""

    metadata: dict[str, str]
    tensors: int
    dtypes: dict[str, int]

    @property
    def parameters(self) -> int:
        """All numbers in all tensors; several are packed into one where weights are quantized."""
        return sum(self.dtypes.values())


class _Tensor(Struct, frozen=True):
    """One entry of the header; texts only because `__metadata__` may have keys like these."""

    dtype: str | None = None
    shape: tuple[int, ...] | str = ()
    data_offsets: tuple[int, int] | str | None = None


class _Metadata(Struct, frozen=True):
    metadata: dict[str, str] | None = field(default=None, name="__metadata__")


def read_safetensors(source: bytes | Path, name: str = "model.safetensors") -> Safetensors:
    """The header of a safetensors file; bytes may be only the beginning of one, with all of it."""
    with looking(source, name) as cursor:
        expect(cursor, b"", "safetensors")
        length = cursor.number("<Q", "the length of the header")
        if not 2 <= length <= MOST_HEADER:
            raise cursor.broken(f"is not a safetensors file: its header has {length:,} bytes")
        header = cursor.take(length, "the header", MOST_READ)
        whole = cursor.left if isinstance(source, Path) else None
        return _parsed(header, whole, cursor)


def _parsed(header: bytes, whole: int | None, cursor: Cursor) -> Safetensors:
    values = sum(header.count(sign) for sign in (b",", b":", b"[", b"{"))
    check_values(values, cursor.name, MOST_VALUES)
    try:
        metadata = msgspec.json.decode(header, type=_Metadata).metadata or {}
        tensors = msgspec.json.decode(header, type=dict[str, _Tensor])
    except RecursionError as error:
        raise cursor.broken("its header is nested too deeply") from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise cursor.broken(f"its header is not what it should be: {_why(error)}") from error
    tensors.pop("__metadata__", None)
    dtypes: dict[str, int] = {}
    for key, tensor in tensors.items():
        dtype, count = _counted(key, tensor, whole, cursor)
        dtypes[dtype] = dtypes.get(dtype, 0) + count
    kept = {plain(key): plain(value) for key, value in list(metadata.items())[:MOST_LISTED]}
    return Safetensors(kept, len(tensors), dtypes)


def _is_shape(shape: tuple[int, ...] | str) -> TypeGuard[tuple[int, ...]]:
    right = isinstance(shape, tuple) and len(shape) <= MOST_DIMENSIONS
    return right and all(isinstance(n, int) and n >= 0 for n in shape)


def _counted(key: str, tensor: _Tensor, whole: int | None, cursor: Cursor) -> tuple[str, int]:
    """The type and the count of one tensor's numbers, held against the bytes it takes."""
    what = f"the tensor {plain(key)[:100]!r}"
    if tensor.dtype is None or not isinstance(tensor.data_offsets, tuple):
        raise cursor.broken(f"{what} has no type or no place")
    (start, end), shape = tensor.data_offsets, tensor.shape
    if not 0 <= start <= end or not _is_shape(shape):
        raise cursor.broken(f"{what} has an impossible shape or place")
    if whole is not None and end > whole:
        raise cursor.broken(f"is cut off: {what} ends {end - whole:,} bytes after the end")
    count = math.prod(shape)
    bits = BITS.get(tensor.dtype)
    if bits is not None and count * bits != (end - start) * 8:
        raise cursor.broken(f"{what} does not fit into the bytes that it names")
    if bits is None and count > (end - start) * 8:
        raise cursor.broken(f"{what} has more numbers than bits")
    return plain(tensor.dtype)[:20], count


def _why(error: Exception) -> str:
    return plain(str(error))[:200]
