"""Heads of NIfTI-1 files: read as they were written, and never believed blindly."""

import math
import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.core.errors import BrokenInput
from freehold.formats.nifti import HEAD, read_nifti, write_head

PLACES = ((-1.5, 0.0, 0.0, 90.0), (0.0, 1.5, 0.0, -120.0), (0.0, 0.0, 3.0, -70.0))
WHOLE = write_head((4, 5, 6), PLACES)


def changed(*pieces: tuple[int, str, float]) -> bytes:
    """The head with numbers put at places of it."""
    data = bytearray(WHOLE)
    for at, form, value in pieces:
        struct.pack_into("<" + form, data, at, value)
    return bytes(data)


def test_a_head_comes_back_as_it_was_written() -> None:
    volume = read_nifti(WHOLE)
    assert (volume.shape, volume.kind, volume.start) == ((4, 5, 6), "<u1", HEAD + 4)
    assert (volume.slope, volume.inter, volume.size) == (1, 0, 120)
    assert volume.places == PLACES


def test_the_other_byte_order_is_read() -> None:
    data = bytearray(HEAD + 4)
    struct.pack_into(">i", data, 0, HEAD)
    struct.pack_into(">8h", data, 40, 3, 7, 8, 9, 1, 1, 1, 1)
    struct.pack_into(">h", data, 70, 4)
    struct.pack_into(">3f", data, 108, HEAD + 4, 2.0, -1024.0)
    struct.pack_into(">4f", data, 76, 1.0, 0.5, 0.75, 2.0)
    data[344:348] = b"n+1\0"
    volume = read_nifti(bytes(data))
    assert (volume.shape, volume.kind, volume.slope, volume.inter) == ((7, 8, 9), ">i2", 2, -1024)
    assert [row[n] for n, row in enumerate(volume.places)] == [0.5, 0.75, 2.0]


def test_a_rotation_by_a_quarter_turns_the_axes() -> None:
    half = math.sqrt(0.5)  # a quarter turn around the third axis: a = d = half
    data = changed((252, "h", 1), (254, "h", 0), (264, "f", half), (268, "f", 7.0))
    first, second, third = read_nifti(data).places
    assert first == pytest.approx((0, -1.5, 0, 7), abs=1e-5)
    assert second == pytest.approx((1.5, 0, 0, 0), abs=1e-5)
    assert third == pytest.approx((0, 0, 3, 0), abs=1e-5)
    flipped = changed((252, "h", 1), (254, "h", 0), (76, "f", -1.0))
    assert read_nifti(flipped).places[2][2] == pytest.approx(-3)


@pytest.mark.parametrize(
    ("pieces", "says"),
    [
        (((42, "h", -1),), "its dimensions make no sense"),
        (((40, "h", 2),), "its dimensions make no sense"),
        (((40, "h", 4), (48, "h", 3)), "more than three dimensions"),
        (((70, "h", 128),), "number type 128 is not read"),
        (((108, "f", 0.0),), "begin at 0.0"),
        (((108, "f", math.nan),), "begin at nan"),
        (((280, "f", math.inf),), "where its voxels are"),
        (((280, "f", 0.0),), "where its voxels are"),
        (((0, "i", 540),), "another length than 348"),
        (((42, "h", 32767), (44, "h", 32767), (46, "h", 32767)), "at most 2,147,483,648"),
    ],
)
def test_what_makes_no_sense_is_refused(pieces: tuple[tuple[int, str, float]], says: str) -> None:
    with pytest.raises(BrokenInput, match=says):
        read_nifti(changed(*pieces))


def test_a_slope_of_zero_or_no_number_counts_as_none() -> None:
    for slope in (0.0, math.nan):
        assert read_nifti(changed((112, "f", slope), (116, "f", 3.0))).inter == 0


@given(st.binary(max_size=400))
def test_any_bytes_are_an_error(data: bytes) -> None:
    with pytest.raises(BrokenInput):
        read_nifti(data)


@given(st.lists(st.tuples(st.integers(0, HEAD - 1), st.integers(0, 255)), max_size=12))
def test_a_damaged_head_is_a_volume_within_limits_or_an_error(put: list[tuple[int, int]]) -> None:
    data = bytearray(WHOLE)
    for at, value in put:
        data[at] = value
    with suppress(BrokenInput):
        volume = read_nifti(bytes(data))
        assert 0 < volume.size <= 2**31
        assert all(math.isfinite(number) for row in volume.places for number in row)
