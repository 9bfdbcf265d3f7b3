"""Stored bytes become the numbers that they stand for: by hand, and beside gguf's own reader."""

import struct
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

np = pytest.importorskip("numpy")

from freehold.formats.dequantize import CODINGS, coding, numbers  # noqa: E402
from freehold.formats.gguf_types import TYPES  # noqa: E402
from freehold.formats.safetensors import BITS  # noqa: E402

BLOCKS = sorted(set(CODINGS) & {name for name, block, _ in TYPES.values() if block > 1})
HALF = struct.pack("<e", 0.5)
"""The factor of the blocks below."""


def of(dtype: str, data: bytes) -> list[float]:
    """The numbers that bytes stand for."""
    found: list[float] = numbers(dtype, data).tolist()
    return found


@pytest.mark.parametrize(
    ("dtype", "data", "wanted"),
    [
        ("F64", struct.pack("<dd", 1e300, -2.5), [1e300, -2.5]),
        ("F32", struct.pack("<ff", 1.5, -0.25), [1.5, -0.25]),
        ("F16", struct.pack("<ee", 1.5, -65504.0), [1.5, -65504.0]),
        ("BF16", bytes.fromhex("803f 00c0 0042"), [1.0, -2.0, 32.0]),
        ("F8_E4M3", bytes([0x38, 0xB8, 0x7E, 0x01, 0x08, 0x00]),
         [1.0, -1.0, 448.0, 2**-9, 2**-6, 0.0]),
        ("F8_E5M2", bytes([0x3C, 0xBC, 0x7B, 0x01]), [1.0, -1.0, 57344.0, 2**-16]),
        ("F8_E4M3FNUZ", bytes([0x40, 0x7F, 0x01]), [1.0, 240.0, 2**-10]),
        ("F8_E5M2FNUZ", bytes([0x40, 0x7F, 0x01]), [1.0, 57344.0, 2**-17]),
        ("F8_E8M0", bytes([127, 128, 0]), [1.0, 2.0, 2.0**-127]),
        ("I8", bytes([1, 255]), [1.0, -1.0]),
        ("I64", struct.pack("<q", 2**40), [2.0**40]),
        ("BOOL", bytes([0, 1]), [0.0, 1.0]),
    ],
)  # fmt: skip
def test_plain_types_by_hand(dtype: str, data: bytes, wanted: list[float]) -> None:
    assert of(dtype, data) == wanted


@pytest.mark.parametrize(
    ("dtype", "code"),
    [("F8_E4M3", 0x7F), ("F8_E4M3", 0xFF), ("F8_E5M2", 0x7E), ("F8_E4M3FNUZ", 0x80),
     ("F8_E5M2FNUZ", 0x80), ("F8_E8M0", 0xFF)],
)  # fmt: skip
def test_codes_that_are_no_number(dtype: str, code: int) -> None:
    assert np.isnan(numbers(dtype, bytes([code]))).all()


def test_blocks_of_32_by_hand() -> None:
    assert of("Q8_0", HALF + bytes(range(32))) == [n / 2 for n in range(32)]
    nibbles = bytes(0x21 for _ in range(16))  # low halves are 1, high ones 2
    assert of("Q4_0", HALF + nibbles) == [-3.5] * 16 + [-3.0] * 16
    assert of("Q4_1", HALF + struct.pack("<e", 10.0) + nibbles) == [10.5] * 16 + [11.0] * 16
    high = struct.pack("<I", 0xFFFF0000)  # the fifth bit of the last sixteen
    assert of("Q5_0", HALF + high + nibbles) == [-7.5] * 16 + [1.0] * 16
    assert of("Q5_1", HALF + struct.pack("<e", 1.0) + high + nibbles) == [1.5] * 16 + [10.0] * 16
    assert of("IQ4_NL", HALF + nibbles) == [-52.0] * 16 + [-41.5] * 16
    assert of("MXFP4", bytes([128]) + nibbles) == [1.0] * 16 + [2.0] * 16


def test_blocks_of_256_by_hand() -> None:
    """Two factors (1 and 1/2), and scales that differ between the first and the last sub-block."""
    one, half = struct.pack("<e", 1.0), HALF
    scales = bytes([3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x25])  # first: 3 less 1/2; last: 5 less 1
    found = of("Q4_K", one + half + scales + bytes([0x21]) * 128)
    assert (found[:32], found[-32:]) == ([2.5] * 32, [9.0] * 32)
    high = bytes([0b10000000]) * 32  # the fifth bit of the last sub-block alone
    found = of("Q5_K", one + half + scales + high + bytes([0x21]) * 128)
    assert (found[:32], found[-32:]) == ([2.5] * 32, [5 * 18 - 1.0] * 32)
    found = of("Q6_K", bytes([0x21]) * 128 + bytes([0xE4]) * 64 + bytes(range(16)) + one)
    assert found[16:32] == [(1 + 0 * 16 - 32) * 1.0] * 16
    assert found[-16:] == [(2 + 3 * 16 - 32) * 15.0] * 16
    found = of("Q2_K", bytes([0x12] * 16) + bytes([0b11100100]) * 64 + one + half)
    assert found[:128:32] == [-0.5, 1.5, 3.5, 5.5]
    scales = bytes([0x21] * 8 + [0b10101010] * 4)  # low halves 1 and 2, pairs 2: 33 and 34
    found = of("Q3_K", bytes(32) + bytes([0b11100100]) * 64 + scales + one)
    assert found[:128:32] == [-4.0, -3.0, -2.0, -1.0]
    assert found[128::32] == [-8.0, -6.0, -4.0, -2.0]


def test_sizes_are_those_of_the_formats() -> None:
    for name, block, size in TYPES.values():
        found = coding(name)
        assert found is None or (found.block, found.size) == (block, size)
    for name, bits in BITS.items():
        found = coding(name)
        assert found is None or (found.block, found.size * 8) == (1, bits)
    assert coding("IQ2_XXS") is None


@pytest.mark.parametrize("dtype", BLOCKS)
def test_any_blocks_are_what_ggufs_own_reader_makes_of_them(dtype: str) -> None:
    quants: Any = pytest.importorskip("gguf.quants", exc_type=ImportError)
    kind = getattr(import_module("gguf").GGMLQuantizationType, dtype)
    data = np.random.default_rng(1).integers(0, 256, (500, CODINGS[dtype].size), dtype=np.uint8)
    with np.errstate(all="ignore"):
        wanted = quants.dequantize(data.reshape(1, -1), kind).reshape(-1)
        assert np.array_equal(numbers(dtype, data.tobytes()), wanted, equal_nan=True)


@given(st.sampled_from(sorted(CODINGS)), st.integers(0, 4), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_whole_blocks_give_whole_blocks_of_numbers(dtype: str, blocks: int, drawn: Any) -> None:
    found = CODINGS[dtype]
    with np.errstate(all="ignore"):
        assert numbers(dtype, drawn.randbytes(blocks * found.size)).size == blocks * found.block
