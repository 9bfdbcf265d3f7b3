"""Prints statistics of weights, and how two models differ, as tables."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from freehold.cli._out import rows, say, title
from freehold.core.counts import spoken

if TYPE_CHECKING:
    from freehold.actions.inspect_against import Difference, Shift
    from freehold.actions.inspect_stats import Moments, Statistics

MOST = 12
"""Names that are listed of what may be long."""


def moment_heads() -> list[str]:
    """The heads of the columns of statistics."""
    return ["norm", "mean", "std", "min", "max", "zeros", "near", "outliers", "NaN/inf"]


def moment_cells(found: "Moments | None") -> list[str]:
    """The cells of one line of statistics; dashes where the numbers were not read."""
    if found is None:
        return ["-"] * 9
    strange = found.nans + found.infinities
    return [
        short(found.norm), short(found.mean), short(found.std), short(found.lowest),
        short(found.highest), share(found.zeros, found.count), share(found.near, found.count),
        spoken(found.outliers), f"{found.nans:,}/{found.infinities:,}" if strange else "0",
    ]  # fmt: skip


def shift_heads() -> list[str]:
    """The heads of the columns of a difference."""
    return ["relative", "max", "cosine", "changed"]


def shift_cells(found: "Shift | None") -> list[str]:
    """The cells of one line of a difference."""
    if found is None:
        return ["-"] * 4
    if not found.changed:
        return ["0", "0", "1", "0%"]
    cosine = "-" if found.cosine is None else f"{found.cosine:.6f}"
    changed = share(found.changed, found.count)
    return [short(found.relative), short(found.largest), cosine, changed]


def print_statistics(found: "Statistics") -> None:
    """Print statistics by layer and by kind, and what is odd."""
    for name, groups in (("Matrices by layer", found.by_layer()), ("By kind", found.by_kind())):
        title(name)
        lines = [[key, *moment_cells(moments)] for key, moments in groups.items()]
        rows([["", *moment_heads()], *lines], color=None)
    click.echo()
    say("near: within a hundredth of a tensor's standard deviation from zero; outliers: more "
        "than six of them from its mean.")  # fmt: skip
    if found.broken:
        say(f"NaN or infinite numbers in {len(found.broken):,} tensors: "
            f"{_listed(row.name for row in found.broken)}")  # fmt: skip
    if found.whole:
        say(f"{found.whole:,} tensors of whole numbers (packed weights, positions) are in no sum.")
    for dtype, count in found.unread.items():
        say(f"{count:,} tensors of the type {dtype} were not read: it is not decoded here.")


def print_difference(found: "Difference") -> None:
    """Print what moved: in sum, by kind, by layer, tensor by tensor; what is only in one."""
    whole, moved = found.whole, found.moved
    title(f"{found.tuned} against {found.base}")
    say(f"{len(moved):,} of {len(found.pairs):,} tensors moved, "
        f"{share(whole.changed, whole.count)} of their numbers; relative L2 distance "
        f"{short(whole.relative)}")  # fmt: skip
    for name, groups in (("By kind", found.by_kind()), ("By layer", found.by_layer())):
        title(name)
        lines = [[key, *shift_cells(shift)] for key, shift in groups.items()]
        rows([["", *shift_heads()], *lines], color=None)
    if moved:
        title("Moved furthest")
        lines = [[p.name, "→".join(dict.fromkeys(p.types)), *shift_cells(p.shift)]
                 for p in moved[:MOST]]  # fmt: skip
        rows([["", "", *shift_heads()], *lines], color=None)
    _only_in_one(found)


def _only_in_one(found: "Difference") -> None:
    """What cannot be compared, and warnings."""
    reshaped = [
        f"{name} {'×'.join(map(str, a))} → {'×'.join(map(str, b))}"
        for name, (a, b) in found.reshaped.items()
    ]
    for word, names in (("added", found.added), ("removed", found.removed), ("reshaped", reshaped)):
        if names:
            say(f"{len(names):,} tensors {word}: {_listed(names)}")
    if found.unread:
        names = [pair.name for pair in found.unread]
        say(
            f"{len(names):,} tensors differ, but not in numbers that can be compared: "
            f"{_listed(names)}"
        )
    strange = found.whole.strange
    if strange:
        say(f"{strange:,} numbers are NaN or infinite in either model; sums are of the others.")
    for note in found.notes:
        say(f"note: {note}")


def short(value: float | None) -> str:
    """A number in three digits."""
    return "-" if value is None else f"{value:.3g}"


def share(part: int, whole: int) -> str:
    """A part of a whole in percent; a part that is there is never 0 %, one that lacks never 100."""
    if part in (0, whole):
        return "0%" if part == 0 else "100%"
    percent = 100 * part / whole
    if percent < 0.01:
        return "<0.01%"
    return ">99.9%" if percent > 99.9 else f"{percent:.2g}%" if percent < 10 else f"{percent:.0f}%"


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - MOST:,} more" if len(every) > MOST else ""
    return ", ".join(every[:MOST]) + more
