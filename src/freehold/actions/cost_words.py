"""Volumes, machines and break-even points in words."""

from typing import TYPE_CHECKING

from freehold.actions.cost_options import KINDS, Meeting, Option
from freehold.judge.costing.work import Span, Volume

if TYPE_CHECKING:
    from freehold.actions.cost import Cost


def short(count: float) -> str:
    """A count short enough for a line: 50M, 1.5B, 800."""
    for power, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if count >= power * 0.99995:
            return f"{count / power:.3g}{unit}"
    return f"{count:.3g}"


def volume_words(volume: Volume, times: float = 1.0) -> str:
    """Everything that is asked for."""
    rows = (
        (volume.tokens_in, "tokens in"),
        (volume.tokens_out, "tokens out"),
        (volume.images, "images"),
        (volume.audio_minutes, "minutes of sound"),
    )
    return ", ".join(f"{short(count * times)} {name}" for count, name in rows if count)


def amount(volume: Volume, times: float) -> str:
    """A multiple of the volume for an axis: its one kind of unit, or the multiple."""
    kinds = [count for count in (volume.tokens, volume.images, volume.audio_minutes) if count]
    return short(kinds[0] * times) if len(kinds) == 1 else f"{times:.3g}x"


def axis_title(volume: Volume) -> str:
    """What the axis counts."""
    names = ("tokens in and out", "images", "minutes of sound")
    counts = (volume.tokens, volume.images, volume.audio_minutes)
    kinds = [name for name, count in zip(names, counts, strict=True) if count]
    return f"{kinds[0]} a month" if len(kinds) == 1 else "times the stated volume, a month"


def machines_words(option: Option) -> str:
    """How many machines, and how busy."""
    if option.machines is None or option.busy is None:
        return ""
    count = _count(option.machines)
    energy = f", {option.energy:,.0f} kWh" if option.energy is not None else ""
    return f"{count}, at work {option.busy:.1%} of the time{energy}"


def how_words(option: Option) -> str:
    """What kind of way to pay it is, and how old its prices are."""
    seen = f"prices of {option.checked}" if option.checked else ""
    parts = (machines_words(option) or KINDS[option.kind], seen, "old" if option.old else "")
    return ", ".join(filter(None, parts))


def _count(machines: Span) -> str:
    between = (
        f" ({machines.low:,.0f} to {machines.high:,.0f})" if machines.low < machines.high else ""
    )
    noun = "machine" if machines.value == 1 else "machines"
    return f"{machines.value:,.0f} {noun}{between}"


def meeting_words(meeting: Meeting, volume: Volume) -> str:
    """From which volume on the machine is cheaper, how sure that is, and whether it stays so."""
    even = meeting.even
    if even is None:
        return "never: each machine, fully used, costs more than the same bought by the unit"
    times = f"from {even.times:.3g} times your volume{_between(meeting)}"
    said = f"{times}: {volume_words(volume, even.times)}"
    if even.machines > 1:
        said += f", with {even.machines} machines"
    if even.steady == float("inf"):
        return f"{said}; dearer again right behind each new machine"
    if even.steady > even.times * 1.01:
        said += f"; for good from {even.steady:.3g} times"
    return said


def _between(meeting: Meeting) -> str:
    """How far the break-even may lie off, where the speed is an interval."""
    if meeting.low and meeting.high is None:
        return " (at the low end of the speed: never)"
    ends = [f"{end.times:.3g}" for end in (meeting.low, meeting.high) if end]
    return f" (between {ends[0]} and {ends[1]})" if ends[0] != ends[1] else ""


def cheapest_words(found: "Cost") -> str:
    """The cheapest way in a sentence without its full stop."""
    best = found.cheapest
    if best is None or best.month is None:
        return "What any way costs is not known yet"
    return f"The cheapest at this volume is {best.name} at ${best.month.value:,.2f} a month"
