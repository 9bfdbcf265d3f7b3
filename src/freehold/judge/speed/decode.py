"""How many tokens per second each text grows by.

seconds = bytes read / bandwidth + layers * constant + further texts' operations / matrix rate.
Where a model lies on several devices, each takes the time of its share, one after another.
"""

import math

from msgspec import Struct

from freehold.judge.speed.rates import Measurement, Rates, Speed, Spent, around, deviation, spend
from freehold.judge.speed.work import Work, decoding

TOGETHER = 0.35
"""Added doubt for several texts at once: kernels for a few tokens reach less than either rate."""


class Portion(Struct, frozen=True):
    """One device and the share of a model's weights, layers and state that lies on it."""

    share: float
    rates: Rates


def decode(work: Work, rates: Rates | tuple[Portion, ...], length: float, batch: int = 1) -> Speed:
    """Tokens per second of each of `batch` texts when they have this length."""
    return _inverse(seconds_of(decoding(work, 0, length, batch), rates, _doubt(work, batch)))


def seconds_of(seen: Measurement, rates: Rates | tuple[Portion, ...], more: float = 0.0) -> Speed:
    """The seconds of one pass; errors of several devices are taken to be independent."""
    portions = rates if isinstance(rates, tuple) else (Portion(1.0, rates),)
    parts = [(_spent(seen, portion), portion.rates.doubt) for portion in portions]
    total = sum(spent.total for spent, _ in parts)
    variance = sum((spent.total * deviation(spent, doubt)) ** 2 for spent, doubt in parts)
    return around(total, math.sqrt(variance / total**2 + more**2))


def _spent(seen: Measurement, portion: Portion) -> Spent:
    """Where the time goes on one device; sums are those of its share, too."""
    part = Measurement(
        bytes_read=seen.bytes_read * portion.share,
        operations=seen.operations * portion.share,
        looking=seen.looking * portion.share,
        layers=seen.layers * portion.share,
        seconds=0.0,
        tokens=seen.tokens,
        grade=seen.grade,
    )
    return spend(portion.rates, part)


def _doubt(work: Work, batch: int) -> float:
    return math.hypot(work.doubt, TOGETHER if batch > 1 else 0.0)


def _inverse(seconds: Speed) -> Speed:
    return Speed(1 / seconds.value, 1 / seconds.high, 1 / seconds.low)
