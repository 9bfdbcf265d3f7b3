"""Brings sound from one rate to another with a windowed sinc, phase by phase."""

from math import ceil, gcd
from typing import Any

import numpy
from numpy.lib.stride_tricks import sliding_window_view

CROSSINGS = 32
"""Zero crossings of the sinc on each side: more make a sharper edge and more work."""
ROLLOFF = 0.95
"""Where the passband ends, as a part of the lower rate's half."""
BETA = 10.0
"""The shape of the Kaiser window: what is beyond the edge is more than 90 dB down."""


def resampled(samples: Any, old: int, new: int) -> Any:
    """The same sound at `new` samples per second, 32-bit floats; its length rounds up.

    Output number n stands at n * old / new. Those of the same phase see the input through the
    same few taps, so each phase is one product of a matrix and a vector.
    """
    if old == new:
        return samples.astype("float32", copy=False)
    up, down = new // gcd(old, new), old // gcd(old, new)
    scale = ROLLOFF * min(1.0, new / old)
    reach = ceil(CROSSINGS / scale)
    padded = numpy.pad(samples.astype("float32"), (reach, reach + down))
    windows = sliding_window_view(padded, 2 * reach + 1)
    out = numpy.empty(ceil(len(samples) * up / down), "float32")
    for phase in range(min(up, len(out))):
        first, rest = divmod(phase * down, up)
        count = len(out[phase::up])
        seen = windows[first : first + (count - 1) * down + 1 : down]
        out[phase::up] = seen @ _taps(reach, rest / up, scale)
    return out


def _taps(reach: int, shift: float, scale: float) -> Any:
    """The weights of the inputs around a place that is `shift` of a step behind one of them."""
    away = numpy.arange(-reach, reach + 1) - shift
    inside = numpy.clip(1 - (away / (reach + 1)) ** 2, 0, None)
    window = numpy.i0(BETA * numpy.sqrt(inside)) / numpy.i0(BETA)
    return (scale * numpy.sinc(scale * away) * window).astype("float32")
