"""From rates that are expected and measurements to the rates of this machine.

One measurement already tells most; each further one narrows the intervals. A measurement that
does not fit the others counts little, so a run beside other work does no lasting harm.
"""

import math
from collections.abc import Iterable, Iterator, Sequence

from freehold.judge.speed.least_squares import Row, divide, identity, solve
from freehold.judge.speed.rates import Doubt, Measurement, Rates, spend


def calibrate(expected: Rates, measurements: Iterable[Measurement]) -> Rates:
    """The most probable rates, given what was expected before and what was measured.

    Rates that come from here can be given as `expected` again with further measurements.
    """
    seen = [m for m in measurements if m.seconds > 0]
    if not seen:
        return expected

    def predict(logarithms: Sequence[float]) -> Iterator[tuple[float, Row]]:
        rates = _with(expected, logarithms)
        for one in seen:
            spent = spend(rates, one)
            row = {i: share for i, share in enumerate(spent.shares) if share}
            yield math.log(one.seconds / spent.total), row

    precision = divide(expected.doubt.covariance, identity(4))
    found = solve(_logarithms(expected), precision, predict, expected.doubt.model)
    return Rates(
        bandwidth=math.exp(found.unknowns[0]),
        layer=math.exp(found.unknowns[1]),
        matrix={"16-bit": math.exp(found.unknowns[2]), "8-bit": math.exp(found.unknowns[3])},
        doubt=Doubt(found.covariance, expected.doubt.model),
        token=expected.token,
        looks=expected.looks,
        measured=expected.measured + len(seen),
    )


def _logarithms(rates: Rates) -> list[float]:
    both = rates.matrix["16-bit"], rates.matrix["8-bit"]
    return [math.log(value) for value in (rates.bandwidth, rates.layer, *both)]


def _with(rates: Rates, logarithms: Sequence[float]) -> Rates:
    bandwidth, layer, floats, integers = map(math.exp, logarithms)
    return Rates(
        bandwidth=bandwidth,
        layer=layer,
        matrix={"16-bit": floats, "8-bit": integers},
        doubt=rates.doubt,
        token=rates.token,
        looks=rates.looks,
        measured=rates.measured,
    )
