"""What `cost` refuses: volumes, prices and machines that cannot be."""

from math import isfinite

from msgspec.structs import asdict

from freehold.actions.cost_options import Own, Rent
from freehold.core.errors import Contradiction, UsageError
from freehold.judge.costing.offers import Terms
from freehold.judge.costing.work import Volume, parts

LARGEST = 1e15


def check(volume: Volume, own: Own | None, rent: Rent | None, terms: Terms) -> None:
    """Refuse what cannot be, and name it."""
    for name, value in asdict(volume).items():
        _between(name, value, 0, LARGEST)
    if volume.empty:
        says = "a month without tokens, images or sound costs nothing to compare"
        raise UsageError(says, hint="say how much: --tokens-in 50M --tokens-out 10M")
    if own:
        _check_own(own)
    if rent:
        _between("rent price", rent.price, 1e-6, 1e6)
        _shared_limits(rent)
    _between("cached part", terms.cached, 0, 1)
    if terms.prompt is not None:
        _between("tokens per request", terms.prompt, 1, 1e8)


def _check_own(own: Own) -> None:
    for name in ("purchase", "resale", "watts", "idle_watts", "kwh", "ops_hours", "ops_rate"):
        value = getattr(own, name)
        if value is not None:
            _between(name.replace("_", " "), value, 0, 1e9)
    _between("months", own.months, 1, 240)
    _between("PUE", own.pue, 1, 10)
    _shared_limits(own)
    if own.resale > (own.purchase or 0.0):
        raise Contradiction("the resale value is above the purchase price")
    if own.idle_watts is not None and own.idle_watts > (own.watts or 0.0):
        raise Contradiction("idle watts are above busy watts")


def _shared_limits(machine: Own | Rent) -> None:
    _between("hours per month", machine.hours, 1, 744)
    _between("utilization", machine.utilization, 0.001, 1)
    everything = Volume(tokens_in=1, tokens_out=1, images=1, audio_minutes=1)
    for name, _, rate in parts(everything, machine.capacity):
        if rate:
            _between(f"speed of {name}", rate.low, 1e-6, 1e9)
            _between(f"speed of {name}", rate.value, rate.low, 1e9)
            _between(f"speed of {name}", rate.high, rate.value, 1e9)


def _between(name: str, value: float, least: float, most: float) -> None:
    if not isfinite(value) or not least <= value <= most:
        shown = name.replace("_", " ")
        raise UsageError(f"{shown} should be between {least:g} and {most:g}, is {value:g}")
