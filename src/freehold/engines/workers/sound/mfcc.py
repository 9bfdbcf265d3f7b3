"""Mel-frequency cepstral coefficients as TensorFlow's operations compute them.

A periodic Hann window, the power of the next power of two of bins, 40 triangles that are even on
the mel scale 1127 ln(1 + f / 700) from 20 Hz up and weigh magnitudes, logarithms not below
ln(1e-12), and a cosine transform scaled by sqrt(2 / 40).
"""

from typing import Any

import numpy
from numpy.lib.stride_tricks import sliding_window_view

LOWEST, BANDS, FLOOR = 20.0, 40, 1e-12


def mfcc(samples: Any, rate: int, window: int, step: int, count: int, highest: float) -> Any:
    """The first `count` coefficients of each window: frame x coefficient, 32-bit floats."""
    if len(samples) < window:
        return numpy.zeros((0, count), "float32")
    frames = sliding_window_view(numpy.asarray(samples, "float64"), window)[::step]
    hann = 0.5 - 0.5 * numpy.cos(2 * numpy.pi * numpy.arange(window) / window)
    size = 1 << (window - 1).bit_length()
    magnitudes = numpy.abs(numpy.fft.rfft(frames * hann, size))
    bands = numpy.log(numpy.maximum(magnitudes @ _triangles(size, rate, highest), FLOOR))
    turns = numpy.outer(numpy.arange(BANDS) + 0.5, numpy.arange(count)) * numpy.pi / BANDS
    return (bands @ (numpy.sqrt(2 / BANDS) * numpy.cos(turns))).astype("float32")


def _triangles(size: int, rate: int, highest: float) -> Any:
    """How much of each bin belongs to each band: bin x band."""
    low, high = _mel(LOWEST), _mel(highest)
    width = (high - low) / (BANDS + 1)
    bins = numpy.arange(size // 2 + 1)
    place = _mel(bins * rate / size) - low
    band = numpy.floor(place / width).astype(int) - 1
    share = 1 - (place / width - (band + 1))
    first, last = int(1.5 + LOWEST * size / rate), int(highest * size / rate)
    out = numpy.zeros((len(bins), BANDS))
    for at in range(first, min(last, len(bins) - 1) + 1):
        if 0 <= band[at] < BANDS:
            out[at, band[at]] += share[at]
        if 0 <= band[at] + 1 < BANDS:
            out[at, band[at] + 1] += 1 - share[at]
    return out


def _mel(frequency: Any) -> Any:
    return 1127.0 * numpy.log1p(numpy.asarray(frequency, "float64") / 700.0)
