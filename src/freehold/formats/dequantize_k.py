"""Decodes the K-quants of GGUF: 256 numbers in sub-blocks that have scales of their own.

Each function takes rows of whole blocks (bytes) and gives a row of 256 numbers for each;
the layouts are those of llama.cpp (ggml-common.h).
"""

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


def q2_k(rows: Bytes) -> Floats:
    """2 bits: 16 bytes of scales and minima, 64 bytes of numbers, two factors."""
    count = len(rows)
    scales, factors = rows[:, :16], _halves(rows, 80, 84)
    packed = _spread(rows[:, 16:80].reshape(count, 2, 1, 32), (0, 2, 4, 6), 3)
    found = packed.reshape(count, 16, 16).astype(np.float32)
    found *= ((scales & 15) * factors[:, :1])[:, :, None]
    found -= ((scales >> 4) * factors[:, 1:])[:, :, None]
    return found.reshape(count, 256)


def q3_k(rows: Bytes) -> Floats:
    """3 bits: 32 bytes of high bits, 64 bytes of low pairs, 12 bytes of scales, one factor."""
    count = len(rows)
    low = _spread(rows[:, 32:96].reshape(count, 2, 1, 32), (0, 2, 4, 6), 3).reshape(count, 8, 32)
    high = _spread(rows[:, :32].reshape(count, 1, 32), tuple(range(8)), 1)
    found = (low | (high << 2)).reshape(count, 16, 16).astype(np.float32)
    found -= 4
    found *= (_scales_of_3(rows[:, 96:108]) * _halves(rows, 108, 110))[:, :, None]
    return found.reshape(count, 256)


def q4_k(rows: Bytes) -> Floats:
    """4 bits: two factors, 12 bytes of scales and minima, 128 bytes of numbers."""
    count = len(rows)
    packed = rows[:, 16:].reshape(count, 4, 1, 32)
    found = _spread(packed, (0, 4), 15).reshape(count, 8, 32).astype(np.float32)
    return _scaled(found, rows)


def q5_k(rows: Bytes) -> Floats:
    """5 bits: as with 4, and 32 bytes of fifth bits before the numbers."""
    count = len(rows)
    low = _spread(rows[:, 48:].reshape(count, 4, 1, 32), (0, 4), 15).reshape(count, 8, 32)
    high = _spread(rows[:, 16:48].reshape(count, 1, 32), tuple(range(8)), 1)
    return _scaled((low | (high << 4)).astype(np.float32), rows)


def q6_k(rows: Bytes) -> Floats:
    """6 bits: 128 bytes of low halves, 64 bytes of high pairs, 16 signed scales, one factor."""
    count = len(rows)
    low = _spread(rows[:, :128].reshape(count, 2, 1, 64), (0, 4), 15).reshape(count, 2, 4, 32)
    high = _spread(rows[:, 128:192].reshape(count, 2, 1, 32), (0, 2, 4, 6), 3)
    found = (low | (high << 4)).reshape(count, 16, 16).astype(np.float32)
    found -= 32
    scales = rows[:, 192:208].view(np.int8).astype(np.float32)
    found *= (scales * _halves(rows, 208, 210))[:, :, None]
    return found.reshape(count, 256)


def _spread(packed: Bytes, shifts: tuple[int, ...], mask: int) -> Bytes:
    """Each byte at several shifts, which fill the axis of length one before the last."""
    by = np.array(shifts, np.uint8)[:, None]
    return (packed >> by) & np.uint8(mask)


def _halves(rows: Bytes, start: int, end: int) -> Floats:
    """The numbers of 16 bits in these bytes of each block: factors of scales and of minima."""
    found: Floats = rows[:, start:end].copy().view("<f2").astype(np.float32)
    return found


def _scaled(found: Floats, rows: Bytes) -> Floats:
    """Eight sub-blocks of 32, each times its scale, less its minimum."""
    factors, (scales, minima) = _halves(rows, 0, 4), _scales_of_4(rows[:, 4:16])
    found *= (scales * factors[:, :1])[:, :, None]
    found -= (minima * factors[:, 1:])[:, :, None]
    return found.reshape(len(rows), 256)


def _scales_of_4(packed: Bytes) -> tuple[Bytes, Bytes]:
    """Eight scales and eight minima of 6 bits: four whole ones each, then halves and pairs."""
    first, second, third = packed[:, :4], packed[:, 4:8], packed[:, 8:]
    scales = (first & 63, (third & 15) | ((first >> 6) << 4))
    minima = (second & 63, (third >> 4) | ((second >> 6) << 4))
    return np.concatenate(scales, axis=1), np.concatenate(minima, axis=1)


def _scales_of_3(packed: Bytes) -> Floats:
    """Sixteen scales of 6 bits: halves in eight bytes, pairs in four; 32 stands for zero."""
    low = np.concatenate((packed[:, :8] & 15, packed[:, :8] >> 4), axis=1)
    pairs = packed[:, None, 8:] >> np.array((0, 2, 4, 6), np.uint8)[None, :, None]
    high = (pairs & 3).reshape(len(packed), 16)
    found: Floats = (low | (high << 4)).astype(np.float32) - 32
    return found
