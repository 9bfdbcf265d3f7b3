"""Learns from what runs really took: how far predictions were off, and plans corrected by it."""

from collections.abc import Iterable, Sequence
from statistics import median

from msgspec import Struct
from msgspec.structs import replace

from freehold.judge.fitting.parts import Parts

TOLERANCE = 0.10
"""A prediction further off than this corrects the next plan."""
REMEMBERED = 10
"""The latest runs that count."""


class Outcome(Struct, frozen=True, kw_only=True):
    """One run: the memory that was predicted and that was measured, in bytes, at its peak."""

    engine: str
    architecture: str
    model: str
    predicted: int
    measured: int
    time: str = ""

    @property
    def ratio(self) -> float:
        """Measured over predicted: above 1 where too little was promised."""
        return self.measured / self.predicted

    @property
    def error(self) -> float:
        """How far the prediction was off: -0.05 is 5 % too little, 0.05 is 5 % too much."""
        return self.predicted / self.measured - 1


class Errors(Struct, frozen=True):
    """How far the predictions for one engine and architecture were off, over some runs."""

    engine: str
    architecture: str
    runs: int
    median: float
    worst: float


def errors(outcomes: Iterable[Outcome]) -> list[Errors]:
    """The errors by engine and architecture, the worst first."""
    groups: dict[tuple[str, str], list[float]] = {}
    for outcome in outcomes:
        key = outcome.engine, outcome.architecture
        groups.setdefault(key, []).append(outcome.error)
    found = [
        Errors(engine, architecture, len(all), median(all), max(all, key=abs))
        for (engine, architecture), all in groups.items()
    ]
    return sorted(found, key=lambda e: -abs(e.worst))


def correction(outcomes: Sequence[Outcome], engine: str, architecture: str) -> float | None:
    """The factor for plans of this engine and architecture; None where they held.

    The largest of the latest ratios of measured to predicted, so that a corrected plan would
    have held in each of these runs. `outcomes` are in order of time.
    """
    like = [o for o in outcomes if o.engine == engine and o.architecture == architecture]
    if not like:
        return None
    factor = max(outcome.ratio for outcome in like[-REMEMBERED:])
    return factor if abs(factor - 1) > TOLERANCE else None


def corrected(parts: Parts, factor: float) -> Parts:
    """The parts with the difference in what is least certain: buffers and overhead.

    What runs took beyond their plans is added to the whole. What they left is taken only from
    buffers and overhead, by the same factor: a small model's share says nothing of a large one.
    """
    sure = parts.weights + parts.state
    unsure = parts.compute + parts.overhead
    rest = round(parts.total * factor) - sure if factor > 1 else round(unsure * factor)
    compute = round(rest * parts.compute / max(unsure, 1))
    note = f"corrected by {factor - 1:+.0%}: that is how far earlier runs here were off"
    return replace(parts, compute=compute, overhead=rest - compute, notes=(*parts.notes, note))
