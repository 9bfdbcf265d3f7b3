"""PNG pictures are read as they were written, and anything else is an error in words."""

import random
import struct
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.core.errors import BrokenInput
from freehold.formats.png import MAGIC, read_png


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    rows: list[bytes], width: int, *, kind: int = 0, depth: int = 8, palette: bytes = b""
) -> bytes:
    """A PNG file of rows that begin with the number of their filter."""
    head = struct.pack(">IIBBBBB", width, len(rows), depth, kind, 0, 0, 0)
    colors = chunk(b"PLTE", palette) if palette else b""
    body = chunk(b"IDAT", zlib.compress(b"".join(rows)))
    return MAGIC + chunk(b"IHDR", head) + colors + body + chunk(b"IEND", b"")


def filtered(rows: list[bytes], size: int, kinds: list[int]) -> list[bytes]:
    """Rows as an encoder filters them, straight from the words of the standard."""
    found, above = [], bytes(len(rows[0]))
    for row, kind in zip(rows, kinds, strict=True):
        out = bytearray([kind])
        for n, value in enumerate(row):
            a = row[n - size] if n >= size else 0
            b, c = above[n], above[n - size] if n >= size else 0
            near = sorted((abs(a + b - c - x), order, x) for order, x in enumerate((a, b, c)))
            out.append((value - (0, a, b, (a + b) // 2, near[0][2])[kind]) % 256)
        found.append(bytes(out))
        above = row
    return found


@given(st.integers(0, 2**32), st.sampled_from([(0, 1), (2, 3), (4, 2), (6, 4)]))
def test_every_filter_is_undone(seed: int, form: tuple[int, int]) -> None:
    (kind, size), dice = form, random.Random(seed)
    width, height = dice.randint(1, 9), dice.randint(1, 6)
    rows = [dice.randbytes(width * size) for _ in range(height)]
    kinds = [dice.randint(0, 4) for _ in range(height)]
    picture = read_png(png(filtered(rows, size, kinds), width, kind=kind))
    assert picture.rows == tuple(rows)
    assert (picture.width, picture.height, picture.channels) == (width, height, size)


def test_gray_color_palette_and_sixteen_bits_have_their_colors() -> None:
    assert read_png(png([b"\0\x07"], 1)).color(0, 0) == (7, 7, 7)
    assert read_png(png([b"\0\x07\x08\x09\xff"], 1, kind=6)).color(0, 0) == (7, 8, 9)
    assert read_png(png([b"\0\x01"], 1, kind=3, palette=b"abcxyz")).color(0, 0) == (120, 121, 122)
    assert read_png(png([b"\0\x07\x99\x08\x99"], 2, depth=16)).rows == (b"\x07\x08",)


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda data: MAGIC + data))
def test_any_bytes_are_a_picture_or_an_error(data: bytes) -> None:
    with pytest.raises(BrokenInput):
        read_png(data)


@given(st.integers(0, 300), st.binary(min_size=1, max_size=3))
def test_a_damaged_picture_is_one_or_an_error(at: int, put: bytes) -> None:
    whole = png([b"\0" + bytes(range(30))] * 4, 10, kind=2)
    with suppress(BrokenInput):
        picture = read_png(whole[:at] + put + whole[at + len(put) :])
        assert len(picture.color(picture.width - 1, picture.height - 1)) == 3


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    head = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    bomb = MAGIC + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(10**6)))
    with pytest.raises(BrokenInput, match="100,000 x 100,000 pixels are too many"):
        read_png(bomb)
