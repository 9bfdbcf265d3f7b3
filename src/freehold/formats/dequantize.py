"""Turns the stored bytes of tensors into numbers: plain types, FP8 and the blocks of GGUF.

Every function is pure and takes whole blocks; layouts of GGUF's blocks are those of llama.cpp
(ggml-common.h), those of FP8 are of the OCP specification "8-bit Floating Point" (2023).
Needs numpy, which is no dependency of Freehold: the extra `inspect` brings it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from freehold.formats import dequantize_k as k

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.floating[Any]]
"""32 bits each; 64 where the stored type holds more than 32 can."""

FOURS = (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)
"""The values of E2M1, doubled, of which the first of four bits is the sign."""
NOT_EVEN = (-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113)
"""The sixteen values of IQ4_NL and IQ4_XS."""


class Coding(NamedTuple):
    """How a type is stored: numbers and bytes of one block, and what decodes rows of blocks."""

    block: int
    size: int
    decode: Callable[[Bytes], Numbers]


def coding(dtype: str) -> Coding | None:
    """The coding of a type in the words of safetensors or GGUF; None for one that is not read."""
    return CODINGS.get(dtype)


def numbers(dtype: str, data: bytes | bytearray | memoryview) -> Numbers:
    """The numbers in whole blocks of bytes, in their order; KeyError for a type not read."""
    found = CODINGS[dtype]
    rows = np.frombuffer(data, np.uint8).reshape(-1, found.size)
    return found.decode(rows).reshape(-1)


def _plain(stored: str, wanted: type[np.floating[Any]] = np.float32) -> Callable[[Bytes], Numbers]:
    """A decoder of a type that numpy knows; little-endian."""

    def decode(rows: Bytes) -> Numbers:
        found: Numbers = rows.reshape(-1).view(stored).astype(wanted, copy=False)
        return found

    return decode


def _bf16(rows: Bytes) -> Floats:
    wide = rows.reshape(-1).view("<u2").astype(np.uint32)
    wide <<= 16
    return wide.view(np.float32)


def _e5m2(rows: Bytes) -> Floats:
    """FP8 with five bits of exponent is the upper half of a number of 16 bits."""
    wide = rows.reshape(-1).astype(np.uint16) << 8
    return wide.view(np.float16).astype(np.float32)


def _looked_up(values: list[float]) -> Callable[[Bytes], Floats]:
    """A decoder of one byte by a table of 256 numbers."""
    table = np.array(values, np.float32)

    def decode(rows: Bytes) -> Floats:
        return table[rows.reshape(-1)]

    return decode


def _fp8(code: int, mantissa: int, bias: int, *, signed_zero: bool) -> float:
    """One number of 8 bits; without a signed zero its code is the only NaN, else all ones is."""
    rest = code & 0x7F
    if (code == 0x80 and not signed_zero) or (rest == 0x7F and signed_zero):
        return float("nan")
    exponent, part = rest >> mantissa, rest & ((1 << mantissa) - 1)
    step = 2.0 ** (1 - bias - mantissa)
    size = part * step if exponent == 0 else ((1 << mantissa) + part) * step * 2.0 ** (exponent - 1)
    return -size if code & 0x80 else size


def half(rows: Bytes, at: int) -> Floats:
    """The numbers of 16 bits at one place of every block, as a column."""
    found: Floats = rows[:, at : at + 2].copy().view("<f2").astype(np.float32)
    return found


def _nibbles(packed: Bytes) -> Bytes:
    """Four bits each: the low halves of all bytes, then the high ones."""
    return np.concatenate((packed & 15, packed >> 4), axis=1)


def _fifth(rows: Bytes, at: int) -> Bytes:
    """The fifth bits of 32 numbers, from four bytes."""
    bits = np.unpackbits(rows[:, at : at + 4], axis=1, bitorder="little")
    return bits << np.uint8(4)


def _q8_0(rows: Bytes) -> Floats:
    return rows[:, 2:].view(np.int8).astype(np.float32) * half(rows, 0)


def _q4_0(rows: Bytes) -> Floats:
    return (_nibbles(rows[:, 2:]).astype(np.float32) - 8) * half(rows, 0)


def _q4_1(rows: Bytes) -> Floats:
    return _nibbles(rows[:, 4:]).astype(np.float32) * half(rows, 0) + half(rows, 2)


def _q5_0(rows: Bytes) -> Floats:
    found = (_nibbles(rows[:, 6:]) | _fifth(rows, 2)).astype(np.float32)
    return (found - 16) * half(rows, 0)


def _q5_1(rows: Bytes) -> Floats:
    found = (_nibbles(rows[:, 8:]) | _fifth(rows, 4)).astype(np.float32)
    return found * half(rows, 0) + half(rows, 2)


def _iq4_nl(rows: Bytes) -> Floats:
    table = np.array(NOT_EVEN, np.float32)
    return table[_nibbles(rows[:, 2:])] * half(rows, 0)


def _mxfp4(rows: Bytes) -> Floats:
    """32 numbers of E2M1 and one exponent; the table is doubled, so the scale is halved."""
    table = np.array([*FOURS, *(-value for value in FOURS)], np.float32)
    scale = np.ldexp(np.float32(0.5), rows[:, :1].astype(np.int32) - 127)
    return table[_nibbles(rows[:, 1:])] * scale.astype(np.float32)


CODINGS: dict[str, Coding] = {
    "F64": Coding(1, 8, _plain("<f8", np.float64)),
    "F32": Coding(1, 4, _plain("<f4")),
    "F16": Coding(1, 2, _plain("<f2")),
    "BF16": Coding(1, 2, _bf16),
    "F8_E4M3": Coding(1, 1, _looked_up([_fp8(c, 3, 7, signed_zero=True) for c in range(256)])),
    "F8_E4M3FNUZ": Coding(1, 1, _looked_up([_fp8(c, 3, 8, signed_zero=False) for c in range(256)])),
    "F8_E5M2": Coding(1, 1, _e5m2),
    "F8_E5M2FNUZ": Coding(
        1, 1, _looked_up([_fp8(c, 2, 16, signed_zero=False) for c in range(256)])
    ),
    "F8_E8M0": Coding(1, 1, _looked_up([*(2.0 ** (c - 127) for c in range(255)), float("nan")])),
    "I64": Coding(1, 8, _plain("<i8", np.float64)),
    "U64": Coding(1, 8, _plain("<u8", np.float64)),
    "I32": Coding(1, 4, _plain("<i4", np.float64)),
    "U32": Coding(1, 4, _plain("<u4", np.float64)),
    "I16": Coding(1, 2, _plain("<i2")),
    "U16": Coding(1, 2, _plain("<u2")),
    "I8": Coding(1, 1, _plain("i1")),
    "U8": Coding(1, 1, _plain("u1")),
    "BOOL": Coding(1, 1, _plain("u1")),
    "Q8_0": Coding(32, 34, _q8_0),
    "Q4_0": Coding(32, 18, _q4_0),
    "Q4_1": Coding(32, 20, _q4_1),
    "Q5_0": Coding(32, 22, _q5_0),
    "Q5_1": Coding(32, 24, _q5_1),
    "IQ4_NL": Coding(32, 18, _iq4_nl),
    "MXFP4": Coding(32, 17, _mxfp4),
    "Q2_K": Coding(256, 84, k.q2_k),
    "Q3_K": Coding(256, 110, k.q3_k),
    "Q4_K": Coding(256, 144, k.q4_k),
    "Q5_K": Coding(256, 176, k.q5_k),
    "Q6_K": Coding(256, 210, k.q6_k),
}
"""Type in the words of the formats -> how it is stored."""
