"""Writes GGUF files of version 3: the metadata and tensors that a caller hands over.

Layout, little-endian: `GGUF`, version, number of tensors, number of keys, the keys, one entry
per tensor (name, shape with the fastest dimension first, type, offset), then the data, each
tensor at a multiple of 32 bytes.
"""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from msgspec import Struct

ALIGNMENT = 32
PIECE = 2**20
"""Bytes that are written at once."""

Scalar = str | bool | int | float


class Layout(NamedTuple):
    """How one type of tensor is stored: ggml's number for it, values and bytes of one block."""

    number: int
    values: int
    bytes: int


LAYOUTS = {
    "F32": Layout(0, 1, 4),
    "F16": Layout(1, 1, 2),
    "Q4_0": Layout(2, 32, 18),
    "Q8_0": Layout(8, 32, 34),
    "Q4_K": Layout(12, 256, 144),
}


class Sheet(Struct, frozen=True):
    """One tensor to write: rows x columns, or a vector; `pattern` is repeated to fill it."""

    name: str
    kind: str
    shape: tuple[int, ...]
    pattern: bytes

    @property
    def size(self) -> int:
        """Bytes in the file, without the padding after it."""
        values = 1
        for length in self.shape:
            values *= length
        layout = LAYOUTS[self.kind]
        return values // layout.values * layout.bytes


def write_gguf(
    path: Path, metadata: Mapping[str, Scalar | Sequence[Scalar]], sheets: Sequence[Sheet]
) -> int:
    """Write a whole file; its size in bytes. Whole numbers are unsigned, in lists signed."""
    with path.open("wb") as file:
        file.write(b"GGUF" + struct.pack("<IQQ", 3, len(sheets), len(metadata)))
        for key, value in metadata.items():
            file.write(_text(key) + _value(value))
        offset = 0
        for sheet in sheets:
            file.write(_entry(sheet, offset))
            offset += _padded(sheet.size)
        file.write(bytes(_padded(file.tell()) - file.tell()))
        for sheet in sheets:
            _fill(file, sheet)
        return file.tell()


def _padded(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _entry(sheet: Sheet, offset: int) -> bytes:
    shape = sheet.shape[::-1]
    form = f"<I{len(shape)}QIQ"
    number = LAYOUTS[sheet.kind].number
    return _text(sheet.name) + struct.pack(form, len(shape), *shape, number, offset)


def _value(value: Scalar | Sequence[Scalar]) -> bytes:
    """The number of a type, then the value as that type."""
    if isinstance(value, str | bool | int | float):
        kind, data = _scalar(value)
        return struct.pack("<I", kind) + data
    items = [_scalar(item, 5) for item in value]
    return struct.pack("<IIQ", 9, items[0][0], len(items)) + b"".join(data for _, data in items)


def _scalar(value: Scalar, whole: int = 4) -> tuple[int, bytes]:
    """The number of the type and the bytes; `whole` is 4 for unsigned numbers, 5 for signed."""
    if isinstance(value, bool):
        return 7, struct.pack("<?", value)
    if isinstance(value, int):
        return whole, struct.pack("<I" if whole == 4 else "<i", value)
    if isinstance(value, float):
        return 6, struct.pack("<f", value)
    return 8, _text(value)


def _fill(file: BinaryIO, sheet: Sheet) -> None:
    """The pattern over and over, up to the size of the tensor, then the padding."""
    left = sheet.size
    piece = sheet.pattern * max(1, min(PIECE, left) // len(sheet.pattern))
    for _ in range(left // len(piece)):
        file.write(piece)
    left %= len(piece)
    file.write((sheet.pattern * (left // len(sheet.pattern) + 1))[:left])
    file.write(bytes(_padded(sheet.size) - sheet.size))
