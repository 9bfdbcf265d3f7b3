"""Cuts long recordings into parts that a model can hear at once."""

from collections.abc import Iterator
from typing import Any

QUIET = 0.1
"""Seconds over which the loudness is taken where a quiet place is looked for."""


def overlapping(count: int, part: int, around: int) -> Iterator[tuple[int, int, int, int]]:
    """Parts of `part` samples with `around` more on both sides, where there are some.

    Each as (from, to, first that is its own, end of what is its own); together the own samples
    are all of them once.
    """
    for first in range(0, count, part):
        last = min(first + part, count)
        if count - last < around:
            last = count
        yield max(first - around, 0), min(last + around, count), first, last
        if last == count:
            return


def at_quiet_places(samples: Any, rate: int, longest: float) -> list[tuple[int, int]]:
    """Parts of at most `longest` seconds, cut where it is quietest in the last fifth of each."""
    parts, begin, most = [], 0, int(longest * rate)
    while len(samples) - begin > most:
        early = begin + most * 4 // 5
        cut = early + _quietest(samples[early : begin + most], int(QUIET * rate))
        parts.append((begin, cut))
        begin = cut
    return [*parts, (begin, len(samples))]


def _quietest(samples: Any, width: int) -> int:
    """The middle of the `width` samples that hold the least energy."""
    import numpy

    energy = numpy.cumsum(numpy.concatenate([[0.0], numpy.square(samples, dtype="float64")]))
    if len(samples) <= width:
        return max(len(samples) // 2, 1)
    return int(numpy.argmin(energy[width:] - energy[:-width])) + width // 2
