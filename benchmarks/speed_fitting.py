"""Fits what is usual of each kind of processor to measured speeds, for the speed benchmark."""

import math
from collections.abc import Iterator, Sequence
from statistics import median

from msgspec import Struct
from msgspec.structs import replace
from speed_rows import Row

from freehold.judge.speed.defaults import DEFAULTS, MIDDLE, Defaults, Usual
from freehold.judge.speed.least_squares import solve
from freehold.judge.speed.work import EXTRA, Trait

KINDS = tuple(kind for kind in DEFAULTS.usual if kind != "hbm")
TRAITS = tuple(EXTRA)
NOISE = 0.06
SHARE, LAYER = 0, len(KINDS)
YEARLY = 2 * len(KINDS)
ENGINES = ("ollama", "llama.cpp of 2024")
"""Engines that take longer for each layer than llama.cpp does today."""
ENGINE = YEARLY + 1
TRAIT = ENGINE + len(ENGINES)
EXPECTED = [1.8, -1.5, 0, 0, -1] + [4.2, 0.7, 0, 0, 1] + [0.0] * 3 + [0.5] * len(TRAITS)
"""Before anything is measured: kinds as offsets from the first, times in microseconds.

Shares of the bandwidth as logits of the most that is possible; cards without units for matrices
and plain cores are expected to be bound by arithmetic rather than by reading.
"""
SPREAD = [0.7] + [0.8] * 4 + [0.7] + [0.7] * 4 + [0.5] * 3 + [0.5] * len(TRAITS)
OWN = (0.8, 0.5)
"""How much machines of one kind differ: in the logit of the share, in the logarithm of time."""
MOST = 0.95
"""The largest share of the bandwidth on paper that reading can reach."""


class Fitted(Struct, frozen=True):
    """Defaults, and what layers with a trait cost more, from one set of rows.

    `found` holds all unknowns, and those of each machine, to begin the next search at.
    """

    defaults: Defaults
    extra: dict[Trait, float]
    found: tuple[float, ...]
    own: dict[tuple[str, str], tuple[float, float]]


def fit(rows: Sequence[Row], like: Fitted | None = None) -> Fitted:
    """What explains these rows best, each machine with an offset of its own from its kind.

    `like` is the fit of similar rows, which only makes the search shorter.
    """
    groups = {key: n for n, key in enumerate(dict.fromkeys(r.place for r in rows))}
    expected = EXPECTED + [0.0] * (2 * len(groups))
    spread = SPREAD + [*OWN] * len(groups)
    size = len(spread)
    precision = [[spread[i] ** -2 if i == j else 0.0 for j in range(size)] for i in range(size)]

    def predict(unknowns: Sequence[float]) -> Iterator[tuple[float, dict[int, float]]]:
        for row in rows:
            place = len(SPREAD) + 2 * groups[row.place]
            yield _left(row, unknowns, place)

    start = [*like.found, *(o for place in groups for o in like.own[place])] if like else None
    found = solve(expected, precision, predict, NOISE, start).unknowns
    usual = DEFAULTS.usual | {kind: _usual(kind, found, rows) for kind in KINDS}
    slower = {name: math.exp(found[ENGINE + i]) for i, name in enumerate(ENGINES)}
    yearly, starting = math.exp(found[YEARLY] / 4), DEFAULTS.starting
    defaults = Defaults(usual=usual, yearly=yearly, slower=slower, starting=starting)
    extra = dict(zip(TRAITS, found[TRAIT : len(SPREAD)], strict=True))
    offsets = zip(found[len(SPREAD) :: 2], found[len(SPREAD) + 1 :: 2], strict=True)
    own = dict(zip(groups, offsets, strict=True))
    return Fitted(defaults, extra, found[: len(SPREAD)], own)


def _left(row: Row, unknowns: Sequence[float], place: int) -> tuple[float, dict[int, float]]:
    """What is not explained of a row's time, and how the prediction changes with each unknown.

    `place` is where the offsets of its machine are.
    """
    kind = KINDS.index(row.kind)
    change: dict[int, float] = {SHARE: 1.0, SHARE + kind: 1.0, place: 1.0}
    share, slope = _share(sum(unknowns[i] for i in change))
    slow: dict[int, float] = {LAYER: 1.0, LAYER + kind: 1.0, place + 1: 1.0}
    if row.kind == "apple":
        slow[YEARLY] = ((row.seen.processor.released or MIDDLE) - MIDDLE) / 4
    if row.seen.engine in ENGINES:
        slow[ENGINE + ENGINES.index(row.seen.engine)] = 1.0
    each = math.exp(sum(unknowns[i] * factor for i, factor in slow.items())) * 1e-6
    reading = row.work.read(row.seen.length) / row.seen.processor.bandwidth / share
    extra = {TRAIT + TRAITS.index(t): n for t, n in row.traits.items()}
    layers = row.layers + sum(unknowns[i] * n for i, n in extra.items())
    total = max(reading + layers * each, 1e-7)
    jacobian = dict.fromkeys(change, -slope * reading / total)
    jacobian |= {i: factor * layers * each / total for i, factor in slow.items()}
    jacobian |= {i: n * each / total for i, n in extra.items()}
    return math.log(1 / row.seen.decode / total), jacobian


def _share(logit: float) -> tuple[float, float]:
    """The share of the bandwidth, and how its logarithm changes with the logit."""
    part = 1 / (1 + math.exp(-logit))
    return MOST * part, 1 - part


def _usual(kind: str, found: Sequence[float], rows: Sequence[Row]) -> Usual:
    index = KINDS.index(kind)
    share, _ = _share(found[SHARE] + (found[SHARE + index] if index else 0.0))
    layer = math.exp(found[LAYER] + (found[LAYER + index] if index else 0.0)) * 1e-6
    return replace(DEFAULTS.usual[kind], share=share, layer=layer, sums=_sums(kind, rows))


def _sums(kind: str, rows: Sequence[Row]) -> float:
    """Operations per byte of bandwidth, by the middle of the rows that tell it."""
    rates = [
        row.work.sums(512, heads=1) / 512 * row.seen.prefill / row.seen.processor.bandwidth
        / (DEFAULTS.usual[kind].floats if row.work.grade == "16-bit" else 1.0)
        for row in rows
        if row.kind == kind and row.seen.prefill
    ]  # fmt: skip
    return median(rates) if rates else DEFAULTS.usual[kind].sums


def with_layers(row: Row, extra: dict[Trait, float]) -> Row:
    """The row with its layers weighted by these costs."""
    layers = row.layers + sum(extra[trait] * count for trait, count in row.traits.items())
    return replace(row, work=replace(row.work, layers=layers))
