"""What a machine gets done with a model: as earlier runs measured it, else as a plan expects."""

from statistics import median

from freehold.actions.history import Past, history
from freehold.actions.plan import predict
from freehold.core.errors import FreeholdError
from freehold.judge.costing.work import Capacity, Rate
from freehold.judge.speed.rates import Speed
from freehold.knowledge.base import KnowledgeBase

LATEST = 20
"""The latest runs of a model that count."""


def capacity(base: KnowledgeBase, model: str, on: str | None = None) -> Capacity:
    """The speeds of one request at a time on this machine, or on the one named by `on`.

    Nothing is known where the model or the machine is not, or where it does not fit.
    """
    seen = None if on else _measured(history().runs, model)
    return seen or _expected(base, model, on)


def _measured(runs: tuple[Past, ...], model: str) -> Capacity | None:
    """The middle and the ends of what the latest runs of the model reached."""
    latest = [run for run in runs if run.model.casefold() == model.casefold()][-LATEST:]
    reads = [run.prefill for run in latest if run.prefill]
    writes = [run.decode for run in latest if run.decode]
    if not (reads and writes):
        return None
    since = min(run.time for run in latest)[:10]
    return Capacity(
        prefill=Rate(median(reads), min(reads), max(reads)),
        decode=Rate(median(writes), min(writes), max(writes)),
        measured=True,
        source=f"measured here in {len(latest)} runs since {since}, one request at a time",
    )


def _expected(base: KnowledgeBase, model: str, on: str | None) -> Capacity:
    try:
        found = predict(model, on=on, base=base)
    except FreeholdError:
        return Capacity()
    if found.speed is None or not found.fitted.fits:
        return Capacity()
    return Capacity(
        prefill=_rate(found.speed.prefill),
        decode=_rate(found.speed.decode),
        source=f"predicted for {found.place.name} in {found.precision}, not measured, "
        "one request at a time",
    )


def _rate(speed: Speed) -> Rate:
    return Rate(speed.value, speed.low, speed.high)
