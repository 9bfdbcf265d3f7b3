"""Cost over volume as lines to draw; how they are drawn is for others.

`x` is a multiple of the stated volume, `y` US dollars a month.
"""

from collections.abc import Sequence
from math import floor, log10

from msgspec import Struct

from freehold.judge.costing.machines import Site

Point = tuple[float, float]
WIDEST, MOST_STEPS, TALLEST = 200.0, 300, 3.0


class Line(Struct, frozen=True):
    """One option; `low` and `high` enclose it where its speed is an interval. `steps` tells a
    staircase from a straight line."""

    letter: str
    name: str
    points: tuple[Point, ...]
    low: tuple[Point, ...] = ()
    high: tuple[Point, ...] = ()
    steps: bool = False

    def at(self, x: float) -> float:
        """The cost at a volume; on a step's edge, that before it."""
        before = [p for p in self.points if p[0] <= x]
        after = [p for p in self.points if p[0] >= x]
        if not before or not after:
            return (before or after)[-1 if before else 0][1]
        (x0, y0), (x1, y1) = before[-1], after[0]
        if x1 == x0:
            return after[0][1]
        return y0 + (y1 - y0) * (x - x0) / (x1 - x0)


class Chart(Struct, frozen=True):
    """The lines, how far the axes go, and the volumes at which lines meet."""

    lines: tuple[Line, ...]
    right: float
    top: float
    meets: tuple[tuple[float, str], ...] = ()


def straight(letter: str, name: str, dollars: float, right: float) -> Line:
    """An option that costs in proportion to the volume."""
    return Line(letter, name, ((0.0, 0.0), (right, dollars * right)))


def staircase(letter: str, site: Site, seconds: tuple[float, float, float], right: float) -> Line:
    """Whole machines; `seconds` of work at the stated volume, likely, low and high."""
    likely, low, high = (stairs(site, s, right) for s in seconds)
    same = low == high
    return Line(letter, site.name, likely, () if same else low, () if same else high, steps=True)


def stairs(site: Site, seconds: float, right: float) -> tuple[Point, ...]:
    """The corners of a staircase from volume 0 to `right`; a plain slope where steps are tiny."""
    room = site.capacity / seconds if seconds else float("inf")
    slope = seconds * site.per_second
    count = site.machines(seconds * right)
    if count > MOST_STEPS:
        return ((0.0, site.month(0)), (right, site.month(seconds * right)))
    points: list[Point] = []
    for n in range(1, count + 1):
        fixed = site.shared + n * site.each
        start, end = (n - 1) * room if n > 1 else 0.0, min(n * room, right)
        points += [(start, fixed + start * slope), (end, fixed + end * slope)]
    return tuple(points)


def reach(meets: Sequence[float]) -> float:
    """How far the axis goes: twice the stated volume, or past where the lines first meet."""
    near = [m for m in meets if m * 1.6 <= WIDEST]
    return tidy(max(2.0, 1.6 * min(near, default=0.0)))


def top(lines: Sequence[Line], right: float) -> float:
    """How high the axis goes: all lines, unless one would press the others flat."""
    ends = sorted(max(line.at(right), line.points[0][1]) for line in lines)
    machines = [max(p[1] for p in (*line.points, *line.high)) for line in lines if line.steps]
    measure = max(machines) if machines else (ends[1] if len(ends) > 1 else ends[0])
    return tidy(min(max(ends[-1], *machines, 0.0), TALLEST * measure) * 1.05)


def tidy(value: float) -> float:
    """The next number above with at most two digits that count: 1, 1.2, 1.5, 2, 2.5, 3, ..."""
    if value <= 0:
        return 1.0
    power = 10.0 ** floor(log10(value))
    steps = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
    return next(s for s in steps if s * power >= value * (1 - 1e-9)) * power
