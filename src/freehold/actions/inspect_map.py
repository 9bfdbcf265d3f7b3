"""What the map of a difference shows: fields by layer and role, and their scale; pure."""

import math
from collections.abc import Sequence

from msgspec import Struct

from freehold.actions.inspect_against import Pair, Shift, summed
from freehold.actions.inspect_names import KINDS

CLASSES = 8
"""Colors of the scale."""
MOST_ROLES, MOST_STACKS, MOST_OUTSIDE = 20, 6, 10
"""More roles of a stack, or tensors outside of all, are drawn as their kinds."""

Row = tuple[str, str, dict[int, Shift | None]]
"""Kind, role, and the field of each layer."""


class Panel(Struct, frozen=True):
    """One stack of layers: its rows (kind, role, field by layer) and the sum of each layer."""

    stack: str
    layers: tuple[int, ...]
    rows: tuple[Row, ...]
    whole: dict[int, Shift]


class Scale(Struct, frozen=True):
    """The upper bounds of the classes, of which the last is at least the largest value."""

    bounds: tuple[float, ...]

    def class_of(self, value: float) -> int:
        """The class of a value above zero."""
        return next((n for n, bound in enumerate(self.bounds) if value <= bound), CLASSES - 1)


def panels(pairs: Sequence[Pair]) -> list[Panel]:
    """The stacks of layers in which something moved (or all), the one with most numbers first."""
    stacks: dict[str, list[Pair]] = {}
    for pair in pairs:
        if pair.place.layer is not None:
            stacks.setdefault(pair.place.stack, []).append(pair)
    moved = {n: s for n, s in stacks.items() if any(p.moved or not p.shift for p in s)} or stacks
    largest = sorted(moved, key=lambda name: -sum(math.prod(p.shape) for p in moved[name]))
    return [_stack(name, moved[name]) for name in largest[:MOST_STACKS]]


def _stack(name: str, pairs: list[Pair]) -> Panel:
    """The rows of a stack: its roles, weights with their biases; its kinds where roles are many."""
    roles = {(pair.place.kind, pair.place.role.removesuffix(".bias")) for pair in pairs}
    few = len(roles) <= MOST_ROLES
    rows: dict[tuple[str, str], dict[int, list[Pair]]] = {}
    layers: dict[int, list[Pair]] = {}
    for pair in pairs:
        at = pair.place
        row = (at.kind, at.role.removesuffix(".bias")) if few else ("", at.kind)
        rows.setdefault(row, {}).setdefault(at.layer or 0, []).append(pair)
        layers.setdefault(at.layer or 0, []).append(pair)
    ordered = sorted(rows, key=lambda row: KINDS.index(row[0] or row[1]))
    drawn = [(k, r, {n: _sum(some) for n, some in rows[k, r].items()}) for k, r in ordered]
    whole = {n: shift for n, some in layers.items() if (shift := _sum(some))}
    return Panel(name, tuple(sorted(layers)), tuple(drawn), whole)


def _sum(pairs: Sequence[Pair]) -> Shift | None:
    """Several tensors as one; None where none of them could be read."""
    known = [pair.shift for pair in pairs if pair.shift]
    return summed(known) if known else None


def values(shown: Sequence[Panel], loose: Sequence[Row]) -> list[float]:
    """The values above zero of all fields that are drawn."""
    fields = [f for panel in shown for _, _, row in panel.rows for f in row.values()]
    fields += [f for panel in shown for f in panel.whole.values()]
    fields += [f for _, _, row in loose for f in row.values()]
    every = [field.relative for field in fields if field]
    return [value for value in every if value and math.isfinite(value)]


def scale_of(values: Sequence[float]) -> Scale:
    """Steps of equal length where values are near each other, else by round numbers."""
    if not values:
        return Scale(tuple(10.0**n for n in range(-CLASSES, 0)))
    low, high = min(values), max(values)
    if high < 12 * low:
        return Scale((*(high * n / CLASSES for n in range(1, CLASSES)), high))
    ladders = [_ladder(digits, high) for digits in ((1, 2, 5), (1, 3), (1,))]
    return Scale(next((steps for steps in ladders if steps[0] <= low * 3), ladders[-1]))


def _ladder(digits: Sequence[int], high: float) -> tuple[float, ...]:
    """As many round numbers as there are classes, the last of them not below the highest value."""
    power = math.floor(math.log10(high))
    steps = [digit * 10.0**n for n in range(power - CLASSES, power + 2) for digit in digits]
    top = next(n for n, step in enumerate(steps) if step >= high * (1 - 1e-9))
    return tuple(steps[top - CLASSES + 1 : top + 1])


def outside_rows(pairs: Sequence[Pair]) -> list[Row]:
    """The rows of what lies outside of all layers; one for each kind where they are many."""
    there = [pair for pair in pairs if pair.place.layer is None]
    few = len(there) <= MOST_OUTSIDE
    rows: dict[tuple[str, str], list[Pair]] = {}
    for pair in there:
        at = pair.place
        rows.setdefault((at.kind, at.role) if few else ("", at.kind), []).append(pair)
    ordered = sorted(rows, key=lambda row: KINDS.index(row[0] or row[1]))
    return [(kind, role, {0: _sum(rows[kind, role])}) for kind, role in ordered]
