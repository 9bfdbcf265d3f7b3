"""What a machine with one engine achieves: the rates that turn work into seconds.

Rates are what is reached, not what a data sheet promises. `defaults.py` expects them for a
machine never measured; `calibrating.py` corrects them by what was measured.
"""

import math
from typing import Literal

from msgspec import Struct

Grade = Literal["16-bit", "8-bit"]
"""What a processor multiplies in: 16-bit floats, or the 8-bit integers of quantized weights."""

DEVIATES = 1.2816
"""Standard deviations to each side that hold 80 % of a normal distribution."""

Covariance = tuple[tuple[float, ...], ...]


class Doubt(Struct, frozen=True):
    """How unsure rates are, in natural logarithms.

    `covariance` is of bandwidth, layer, 16-bit and 8-bit matrix rate, in this order. `model` is
    the standard deviation between models on one machine, which stays when the machine is known.
    """

    covariance: Covariance
    model: float


class Rates(Struct, frozen=True, kw_only=True):
    """What one processor reaches with one engine.

    `bandwidth` is bytes of weights per second; `layer` is seconds for each layer of each pass,
    however small it is; `token` is seconds for each pass beside. `matrix` is operations per
    second where many tokens are computed together (a multiplication and an addition are two);
    those of attention reach `looks` of the 16-bit rate. `measured` is how many measurements
    corrected them.
    """

    bandwidth: float
    layer: float
    matrix: dict[Grade, float]
    doubt: Doubt
    token: float = 0.0
    looks: float = 1.0
    measured: int = 0


class Measurement(Struct, frozen=True, kw_only=True):
    """What one pass through a model took: `tokens` computed together in `seconds`.

    A pass reads `bytes_read`, does `operations` and runs through `layers`, weighted as in Work.
    `looking` are the operations of attention, which no matrix of weights takes part in.
    One token at a time measures bandwidth and layers; a prompt of hundreds measures the matrix
    rate of `grade`. `decoding` and `reading` in work.py make measurements of what was seen.
    """

    bytes_read: float
    operations: float
    layers: float
    seconds: float
    tokens: int = 1
    grade: Grade = "8-bit"
    looking: float = 0.0


class Speed(Struct, frozen=True):
    """A predicted figure and the interval that is to hold 80 % of outcomes."""

    value: float
    low: float
    high: float


class Spent(Struct, frozen=True):
    """Where the seconds of one pass go: reading, layers, sums, attention, the rest."""

    reading: float
    layers: float
    sums: float
    looking: float
    rest: float
    grade: Grade

    @property
    def total(self) -> float:
        """All seconds of the pass."""
        return self.reading + self.layers + self.sums + self.looking + self.rest

    @property
    def shares(self) -> tuple[float, float, float, float]:
        """By how much the logarithm of the total falls when that of a rate rises, in order.

        The constant of a layer is a time, not a rate: with it the total rises.
        """
        total = self.total
        floats, integers = (self.sums, 0.0) if self.grade == "16-bit" else (0.0, self.sums)
        both = -(floats + self.looking) / total, -integers / total
        return -self.reading / total, self.layers / total, *both


def spend(rates: Rates, seen: Measurement) -> Spent:
    """Predict where the time of a pass goes; the seconds of `seen` are not looked at.

    The first token of a pass is bounded by reading, each further one by arithmetic: operations
    are those of all tokens, and the first one's are hidden behind the reading.
    """
    further = (seen.tokens - 1) / max(seen.tokens, 1)
    return Spent(
        seen.bytes_read / rates.bandwidth,
        seen.layers * rates.layer,
        seen.operations * further / rates.matrix[seen.grade],
        seen.looking * further / (rates.matrix["16-bit"] * rates.looks),
        rates.token,
        seen.grade,
    )


def deviation(spent: Spent, doubt: Doubt, more: float = 0.0) -> float:
    """The standard deviation of the logarithm of the predicted time; `more` is added doubt."""
    shares = spent.shares
    rows = zip(shares, doubt.covariance, strict=True)
    of_rates = sum(a * b * cell for a, row in rows for b, cell in zip(shares, row, strict=True))
    return math.sqrt(max(of_rates, 0.0) + doubt.model**2 + more**2)


def around(value: float, deviation: float) -> Speed:
    """The figure with its interval, from the standard deviation of its logarithm."""
    factor = math.exp(DEVIATES * deviation)
    return Speed(value, value / factor, value * factor)


def independent(bandwidth: float, layer: float, matrix: float, model: float) -> Doubt:
    """Doubt about rates that say nothing of each other, each as a standard deviation."""
    each = (bandwidth, layer, matrix, matrix)
    rows = (tuple(d * d * (i == j) for j in range(4)) for i, d in enumerate(each))
    return Doubt(tuple(rows), model)
