"""The ways to pay for a month that `cost` holds against each other, each worked out."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from freehold.judge.costing.breaking import BreakEven, break_even
from freehold.judge.costing.machines import Power, Site, per_month
from freehold.judge.costing.offers import Offer
from freehold.judge.costing.work import Capacity, Span, Volume, missing, seconds

KINDS: Mapping[str, str] = {
    "own": "your machine",
    "rented": "rented machine",
    "host": "the open model on a host",
    "api": "API",
}
SPEED_FLAGS: Mapping[str, str] = {
    "reading the input": "prefill-speed",
    "writing the output": "decode-speed",
    "making images": "image-speed",
    "hearing or making sound": "audio-speed",
}


class Own(Struct, frozen=True, kw_only=True):
    """A machine of one's own; money in US dollars, power in watts, ops hours per month."""

    purchase: float | None = None
    resale: float = 0.0
    months: float = 36.0
    watts: float | None = None
    idle_watts: float | None = None
    kwh: float | None = None
    pue: float = 1.0
    ops_hours: float = 0.0
    ops_rate: float = 0.0
    hours: float = 730.0
    utilization: float = 0.2
    capacity: Capacity = Capacity()


class Rent(Struct, frozen=True, kw_only=True):
    """A rented machine; `price` in US dollars per hour, `checked` when a price list said so."""

    name: str
    price: float
    hours: float = 730.0
    utilization: float = 0.2
    source: str = "stated"
    checked: date | None = None
    capacity: Capacity = Capacity()


class Option(Struct, frozen=True, kw_only=True):
    """One way to pay. `month` is None where it cannot be said, and `notes` say why."""

    letter: str
    name: str
    kind: str
    month: Span | None = None
    site: Site | None = None
    work: Span | None = None
    offer: Offer | None = None
    checked: date | None = None
    old: bool = False
    notes: tuple[str, ...] = ()

    @property
    def machines(self) -> Span | None:
        """How many whole machines it takes."""
        if self.site is None or self.work is None:
            return None
        count = (self.site.machines(s) for s in (self.work.value, self.work.low, self.work.high))
        return Span(*count)

    @property
    def busy(self) -> float | None:
        """The part of their hours that the machines work."""
        if self.site is None or self.work is None or self.machines is None:
            return None
        return self.work.value / (self.machines.value * self.site.hours * 3600)

    @property
    def energy(self) -> float | None:
        """kWh in a month."""
        if self.site is None or self.site.power is None or self.work is None:
            return None
        return self.site.energy(self.work.value, self.site.machines(self.work.value))

    def form(self, volume: Volume) -> dict[str, Any]:
        """The JSON form."""
        each = 1e6 / volume.tokens if volume.tokens else None
        return {
            "name": self.name,
            "kind": self.kind,
            "month": span_form(self.month),
            "per_million_tokens": span_form(
                self.month.times(each) if self.month and each else None
            ),
            "machines": span_form(self.machines),
            "machine_month": self.site.each if self.site else None,
            "busy": self.busy,
            "energy_kwh": self.energy,
            "joules_per_token": self.energy * 3.6 * each if self.energy and each else None,
            "provider": self.offer.provider if self.offer else None,
            "charges": [
                {"api_name": c.api_name, "unit": c.unit, "dollars": c.dollars}
                for c in (self.offer.charges if self.offer else ())
            ],
            "checked": self.checked.isoformat() if self.checked else None,
            "old": self.old,
            "notes": list(self.notes),
        }


class Meeting(Struct, frozen=True, kw_only=True):
    """From which volume on machines are cheaper than paying for each unit."""

    site: str
    against: str
    even: BreakEven | None
    low: BreakEven | None
    high: BreakEven | None

    def form(self) -> dict[str, Any]:
        """The JSON form; volumes as multiples of the stated one."""
        ends = (self.low, self.high)
        return {
            "site": self.site,
            "against": self.against,
            "times": self.even.times if self.even else None,
            "low": ends[0].times if ends[0] else None,
            "high": ends[1].times if ends[1] else None,
            "steady": _finite(self.even.steady) if self.even else None,
            "machines": self.even.machines if self.even else None,
        }


def span_form(span: Span | None) -> dict[str, float] | None:
    """The JSON form of a value with its interval."""
    return {"value": span.value, "low": span.low, "high": span.high} if span else None


def own_option(own: Own, volume: Volume) -> Option:
    """A machine of one's own."""
    notes = []
    if own.purchase is None:
        notes.append("the machine counts as paid for; --purchase says what it cost")
    power = None
    if own.watts is None or own.kwh is None:
        notes.append("power is not counted; say --watts and --kwh")
    else:
        idle = own.watts if own.idle_watts is None else own.idle_watts
        power = Power(own.watts, idle, own.kwh, own.pue)
        if own.idle_watts is None:
            notes.append("idle hours count with full power; say --idle-watts")
    site = Site(
        name="your machine",
        kind="own",
        per_machine=per_month(own.purchase or 0.0, own.resale, own.months),
        shared=own.ops_hours * own.ops_rate,
        hours=own.hours,
        utilization=own.utilization,
        power=power,
    )
    return _at(site, "A", own.capacity, volume, notes, prefix="--")


def rent_option(rent: Rent, volume: Volume, *, old: bool) -> Option:
    """A rented machine, paid for all of its hours."""
    site = Site(
        name=f"rented {rent.name}",
        kind="rented",
        per_machine=rent.price * rent.hours,
        hours=rent.hours,
        utilization=rent.utilization,
    )
    notes = [f"${rent.price:,.2f} an hour, {rent.source}"]
    made = _at(site, "B", rent.capacity, volume, notes, prefix="--rent-")
    return replace(made, checked=rent.checked, old=old)


def _at(
    site: Site, letter: str, capacity: Capacity, volume: Volume, notes: list[str], *, prefix: str
) -> Option:
    """A site at this volume, or what must be known first."""
    work = seconds(volume, capacity)
    if work is None:
        flags = ", ".join(prefix + SPEED_FLAGS[name] for name in missing(volume, capacity))
        first = f"how many machines it takes is not known: measure it, or say {flags}"
        notes = [first, f"each machine costs ${site.each:,.2f} a month, idle", *notes]
    elif capacity.source:
        notes = [f"speed {capacity.source}", *notes]
    return Option(
        letter=letter,
        name=site.name,
        kind=site.kind,
        month=site.span(work) if work else None,
        site=site,
        work=work,
        notes=tuple(notes),
    )


def meeting(machine: Option, paid: Option) -> Meeting | None:
    """Where the lines of a machine and of an API meet; None where one of them has no line."""
    if machine.site is None or machine.work is None or paid.month is None:
        return None
    price, site = paid.month.value, machine.site
    likely, low, high = (
        break_even(site, s, price)
        for s in (machine.work.value, machine.work.low, machine.work.high)
    )
    return Meeting(site=machine.name, against=paid.name, even=likely, low=low, high=high)


def _finite(value: float) -> float | None:
    return value if value < float("inf") else None
