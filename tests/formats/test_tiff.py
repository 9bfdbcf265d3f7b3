"""TIFF files of many bands: read as they were written, and never believed blindly."""

import struct
from contextlib import suppress
from random import Random
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.core.errors import BrokenInput
from freehold.engines.workers.pictures.stacks import decoded
from freehold.formats.tiff import read_tiff, unpacked_lzw
from tests.runtimes.tiff import written

KINDS = ("uint8", "int16", "uint16", "float32")


def picture(kind: str, shape: tuple[int, ...]) -> Any:
    return (numpy.arange(numpy.prod(shape)).reshape(shape) * 37 % 251 - 100).astype(kind)


@given(
    kind=st.sampled_from(KINDS),
    shape=st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9)),
    order=st.sampled_from("<>"),
    packed=st.booleans(),
    differences=st.booleans(),
    apart=st.booleans(),
    piece=st.sampled_from([None, (4, 4), (16, 2)]),
)
@settings(deadline=None, max_examples=150)
def test_a_picture_comes_back_as_it_was_written(
    kind: str, shape: tuple[int, ...], **ways: Any
) -> None:
    ways["differences"] &= kind != "float32"
    page = picture(kind, shape)
    data = written([page, page], **ways)
    for found in read_tiff(data):
        assert found.bands == shape[0]
        assert (decoded(found, data) == page.astype("float32")).all()


def packed_lzw(data: bytes) -> bytes:
    """What TIFF 6.0 says a packer does: a longer word for each code that is told."""
    words: dict[bytes, int] = {}
    bits, last = "", b""

    def begin() -> None:
        words.clear()
        words.update({bytes([n]): n for n in range(256)})

    def known() -> int:
        return 258 + len(words) - 256

    def put(code: int) -> None:
        nonlocal bits
        bits += f"{code:0{max(9, min(12, known().bit_length()))}b}"

    begin()
    put(256)
    for byte in data:
        longer = last + bytes([byte])
        if longer in words:
            last = longer
            continue
        put(words[last])
        words[longer] = known()
        last = bytes([byte])
        if known() == 4094:
            put(words[last])
            put(256)
            begin()
            last = b""
    if last:
        put(words[last])
    put(257)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


@given(data=st.binary(max_size=300) | st.integers(0, 2000).map(lambda n: b"ab" * n + b"c" * n))
@settings(deadline=None, max_examples=60)
def test_what_lzw_packed_is_unpacked(data: bytes) -> None:
    assert unpacked_lzw(packed_lzw(data), len(data)) == data


def test_lzw_begins_anew_where_all_codes_are_used() -> None:
    data = Random(0).randbytes(9_000)
    assert unpacked_lzw(packed_lzw(data), len(data)) == data
    with pytest.raises(BrokenInput, match="codes that were never told"):
        unpacked_lzw(bytes([0x80, 0x7F, 0xFF]), 10)


@pytest.mark.parametrize(
    ("at", "form", "value", "says"),
    [
        (0, "4s", b"GIF8", "no TIFF file"),
        (4, "I", 2**31, "ends in the middle of its head"),
    ],
)
def test_a_head_that_lies_is_refused(at: int, form: str, value: Any, says: str) -> None:
    data = bytearray(written([picture("int16", (2, 4, 4))]))
    struct.pack_into("<" + form, data, at, value)
    with pytest.raises(BrokenInput, match=says):
        read_tiff(bytes(data))


def test_pages_that_go_in_a_circle_are_refused() -> None:
    data = bytearray(written([picture("int16", (1, 4, 4))]))
    (first,) = struct.unpack_from("<I", data, 4)
    struct.pack_into("<I", data, len(data) - 4, first)
    with pytest.raises(BrokenInput, match="without end"):
        read_tiff(bytes(data))


@given(place=st.integers(0, 400), byte=st.integers(0, 255), keep=st.integers(0, 500))
@settings(deadline=None, max_examples=300)
def test_whatever_the_bytes_it_is_read_or_refused(place: int, byte: int, keep: int) -> None:
    data = bytearray(written([picture("int16", (2, 6, 5))], piece=(4, 4)))
    data[min(place, len(data) - 1)] = byte
    cut = bytes(data[:keep])
    for some in (bytes(data), cut):
        with suppress(BrokenInput):
            for page in read_tiff(some):
                decoded(page, some)
