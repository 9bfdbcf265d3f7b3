"""From which volume on a machine is cheaper than paying for each unit.

Volumes are multiples of the stated one. On step k of the staircase (k machines, up to k times
what one can do) the machines cost shared + k * each + x * marginal, the API costs x * price. They
meet at x = (shared + k * each) / (price - marginal), if that lies on the step. The cost jumps at
every new machine, so the API may win again for a while behind each jump: `steady` is where that
ends.
"""

from math import ceil, floor, inf

from msgspec import Struct

from freehold.judge.costing.machines import Site


class BreakEven(Struct, frozen=True):
    """The first volume at which the machines cost no more, and the one from which they never do.

    Both are multiples of the stated volume. `machines` is how many that first volume takes.
    """

    times: float
    steady: float
    machines: int


def break_even(site: Site, seconds: float, price: float) -> BreakEven | None:
    """Hold a site against an API that takes `price` for what takes the site `seconds`.

    None when the machines stay dearer at every volume.
    """
    if seconds <= 0:
        return None
    margin = price - seconds * site.per_second
    room = site.capacity / seconds
    gain = room * margin - site.each
    if margin <= 0 or gain < 0 or (gain == 0 and site.shared):
        return None
    step = max(1, ceil(site.shared / gain - 1e-9)) if gain else 1
    times = (site.shared + step * site.each) / margin
    return BreakEven(times, _steady(site, room, margin), step)


def _steady(site: Site, room: float, margin: float) -> float:
    """Behind the last step on which the API wins for a while."""
    needed = site.each / margin
    if needed >= room:
        return inf
    last = floor((site.shared / margin + room) / (room - needed))
    return (site.shared + max(1, last) * site.each) / margin
