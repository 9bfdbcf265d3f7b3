"""What a machine with one engine achieves: the rates that turn work into seconds.

Rates are what is reached, not what a data sheet promises. `defaults.py` guesses them for a
machine never measured; `calibrating.py` corrects the guess by what was measured.
"""

import math
from typing import Literal

from msgspec import Struct

Grade = Literal["16-bit", "8-bit"]
"""What a processor multiplies in: 16-bit floats, or the 8-bit integers of quantized weights."""

COVERAGE = 0.8
"""The share of outcomes that an interval is meant to hold."""
DEVIATES = 1.2816
"""Standard deviations to each side that hold this share of a normal distribution."""


class Doubt(Struct, frozen=True):
    """How unsure rates are, as standard deviations of natural logarithms.

    `bandwidth`, `layer` and `matrix` are of each rate; `model` is what differs between models
    on the same machine and stays when the machine is known.
    """

    bandwidth: float
    layer: float
    matrix: float
    model: float


class Rates(Struct, frozen=True, kw_only=True):
    """What one processor reaches with one engine.

    `bandwidth` is bytes of weights per second; `layer` is seconds for each layer of each pass,
    however small it is; `token` is seconds for each pass beside. `matrix` is operations per
    second when many tokens are computed together (a multiplication and an addition are two).
    `measured` is how many measurements made them.
    """

    bandwidth: float
    layer: float
    matrix: dict[Grade, float]
    doubt: Doubt
    token: float = 0.0
    measured: int = 0


class Measurement(Struct, frozen=True, kw_only=True):
    """What one pass through a model took: `tokens` computed together in `seconds`.

    A pass reads `bytes_read`, does `operations` and runs through `layers`. One token at a time
    measures bandwidth and layers; a prompt of hundreds measures the matrix rate of `grade`.
    """

    bytes_read: float
    operations: float
    layers: float
    seconds: float
    tokens: int = 1
    grade: Grade = "8-bit"


class Speed(Struct, frozen=True):
    """A predicted figure and the interval that should hold 80 % of outcomes."""

    value: float
    low: float
    high: float


def around(value: float, deviation: float) -> Speed:
    """The figure with its interval, from the standard deviation of its natural logarithm."""
    factor = math.exp(DEVIATES * deviation)
    return Speed(value, value / factor, value * factor)
