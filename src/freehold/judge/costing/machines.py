"""What whole machines cost in a month: a staircase, since nobody buys a third of one."""

from math import ceil

from msgspec import Struct

from freehold.judge.costing.work import Span

HOURS_PER_MONTH = 730.0
"""24 hours on 365 days, over 12."""


class Power(Struct, frozen=True):
    """What one machine draws, in watts, and what that costs.

    `pue` is what the building takes for one kWh of the machine (cooling, losses).
    """

    busy: float
    idle: float
    kwh: float
    pue: float = 1.0


class Site(Struct, frozen=True, kw_only=True):
    """Machines of one kind, in US dollars per month.

    `per_machine` is due for each machine, `shared` once for all; `hours` is how long they are on,
    `utilization` the part of it that they can be kept at work (the rest is nights and the room
    that peaks need).
    """

    name: str
    kind: str
    per_machine: float
    shared: float = 0.0
    hours: float = HOURS_PER_MONTH
    utilization: float = 1.0
    power: Power | None = None

    @property
    def capacity(self) -> float:
        """Seconds that one machine can work in a month."""
        return self.hours * 3600 * self.utilization

    @property
    def each(self) -> float:
        """What one more machine costs a month, idle."""
        return self.per_machine + (self.energy(0, 1) * self.power.kwh if self.power else 0)

    @property
    def per_second(self) -> float:
        """What one second of work costs beyond an idle one."""
        if self.power is None:
            return 0.0
        return (self.power.busy - self.power.idle) / 3.6e6 * self.power.pue * self.power.kwh

    def machines(self, seconds: float) -> int:
        """How many whole machines do that much work; one stands there in any case."""
        return max(1, ceil(seconds / self.capacity - 1e-9))

    def energy(self, seconds: float, machines: int) -> float:
        """kWh in a month, with what the building adds."""
        if self.power is None:
            return 0.0
        idle = machines * self.hours * 3600 - seconds
        return (self.power.busy * seconds + self.power.idle * idle) / 3.6e6 * self.power.pue

    def month(self, seconds: float) -> float:
        """What a month costs in which the machines work that long together."""
        return self.shared + self.machines(seconds) * self.each + seconds * self.per_second

    def span(self, seconds: Span) -> Span:
        """The same, over an interval of work."""
        return Span(*(self.month(s) for s in (seconds.value, seconds.low, seconds.high)))

    def full(self) -> float:
        """What a month of one machine costs that works as much as it can."""
        return self.each + self.capacity * self.per_second


def per_month(purchase: float, resale: float, months: float) -> float:
    """What a machine loses in value each month."""
    return (purchase - resale) / months
