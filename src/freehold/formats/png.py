"""Reads small PNG pictures without any library, to show them in a terminal.

Gray, gray with transparency, color, color with transparency and palettes, of 8 or 16 bits (of 16
the upper 8), not interlaced. Format: W3C, Portable Network Graphics, third edition.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from freehold.core.errors import BrokenInput

MAGIC = b"\x89PNG\r\n\x1a\n"
MOST_BYTES = 64 * 2**20
MOST_SAMPLES = 4 * 2**20
"""Numbers in one picture: 1,024 x 1,024 pixels with transparency, about a second of work."""
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Numbers for each pixel: gray, color, palette, gray and color with transparency."""
PALETTE = 3

Color = tuple[int, int, int]


class Picture(Struct, frozen=True):
    """Rows of numbers from 0 to 255; `channels` of them make a pixel, `palette` names colors."""

    width: int
    height: int
    channels: int
    rows: tuple[bytes, ...]
    palette: bytes = b""

    def color(self, x: int, y: int) -> Color:
        """Red, green and blue of a pixel; what is transparent is as bright as it is solid."""
        at = x * self.channels
        pixel = self.rows[y][at : at + self.channels]
        if self.palette:
            red, green, blue = self.palette[pixel[0] * 3 : pixel[0] * 3 + 3]
            return red, green, blue
        if self.channels < 3:
            return pixel[0], pixel[0], pixel[0]
        return pixel[0], pixel[1], pixel[2]


def read_png(source: Path | bytes, name: str = "the picture") -> Picture:
    """The pixels of a picture; BrokenInput for anything else, and for one that is too large."""
    if isinstance(source, Path):
        if source.stat().st_size > MOST_BYTES:
            raise BrokenInput(f"{name}: more than {MOST_BYTES:,} bytes")
        source = source.read_bytes()
    try:
        return _picture(source, name)
    except (struct.error, IndexError, ValueError) as error:
        raise BrokenInput(f"{name}: not a whole PNG file: {error}") from error


def _picture(data: bytes, name: str) -> Picture:
    if not data.startswith(MAGIC):
        raise BrokenInput(f"{name}: not a PNG file")
    head, palette, squeezed = b"", b"", list[bytes]()
    for kind, chunk in _chunks(data):
        if kind == b"IHDR":
            head = chunk
        elif kind == b"PLTE":
            palette = chunk[:768].ljust(768, b"\0")
        elif kind == b"IDAT":
            squeezed.append(chunk)
    width, height, depth, kind_of, _, _, interlaced = struct.unpack(">IIBBBBB", head)
    channels = CHANNELS.get(kind_of, 0)
    if depth not in (8, 16) or interlaced or not channels or width * height == 0:
        raise BrokenInput(f"{name}: this kind of PNG is not read (depth {depth}, kind {kind_of})")
    if width * height * channels > MOST_SAMPLES:
        raise BrokenInput(f"{name}: {width:,} x {height:,} pixels are too many to be shown")
    size = channels * depth // 8
    raw = _inflated(b"".join(squeezed), height * (1 + width * size), name)
    rows = tuple(row[:: depth // 8] for row in _unfiltered(raw, width * size, size))
    return Picture(width, height, channels, rows, palette if kind_of == PALETTE else b"")


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(MAGIC)
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + 8 : at + 8 + length]
        at += 12 + length


def _inflated(squeezed: bytes, wanted: int, name: str) -> bytes:
    """Exactly the bytes that the size of the picture asks for, however many there would be."""
    try:
        raw = zlib.decompressobj().decompress(squeezed, wanted)
    except zlib.error as error:
        raise BrokenInput(f"{name}: its pixels cannot be unpacked: {error}") from error
    if len(raw) < wanted:
        raise BrokenInput(f"{name}: its pixels end in the middle")
    return raw


def _unfiltered(raw: bytes, stride: int, size: int) -> Iterator[bytes]:
    """The rows with their filters undone; `size` bytes lie between a byte and its left one."""
    above = bytes(stride)
    for at in range(0, len(raw), stride + 1):
        row = _row(raw[at], bytearray(raw[at + 1 : at + 1 + stride]), above, size)
        yield row
        above = row


def _row(kind: int, row: bytearray, above: bytes, size: int) -> bytes:
    if kind == 1:
        for n in range(size, len(row)):
            row[n] = (row[n] + row[n - size]) & 255
    elif kind == 2:
        return bytes([(a + b) & 255 for a, b in zip(row, above, strict=True)])
    elif kind == 3:
        for n in range(len(row)):
            left = row[n - size] if n >= size else 0
            row[n] = (row[n] + (left + above[n]) // 2) & 255
    elif kind == 4:
        for n in range(len(row)):
            left, corner = (row[n - size], above[n - size]) if n >= size else (0, 0)
            row[n] = (row[n] + _paeth(left, above[n], corner)) & 255
    elif kind > 4:
        raise ValueError(f"filter {kind}")
    return bytes(row)


def _paeth(left: int, up: int, corner: int) -> int:
    """Of the three neighbors the one that is nearest to left + up - corner."""
    guess = left + up - corner
    far_left, far_up, far_corner = abs(guess - left), abs(guess - up), abs(guess - corner)
    if far_left <= far_up and far_left <= far_corner:
        return left
    return up if far_up <= far_corner else corner
