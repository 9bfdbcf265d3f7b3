"""Draws parts of a whole as one bar of characters, readable without color."""

from collections.abc import Sequence

import click

FILLS = "█▓▒░"
COLORS = ("blue", "cyan", "magenta", "yellow")
EMPTY, EDGE = "·", "▲"


def bar(parts: Sequence[int], room: int, width: int) -> str:
    """The parts in the order given, then what is left of the room.

    A part that is there gets at least one character. Where the parts take more than the room,
    they fill the bar, and `edge` draws where the room ends.
    """
    whole = max(sum(parts), room, 1)
    cells = [max(round(part / whole * width), 1) if part > 0 else 0 for part in parts]
    while sum(cells) > width:  # very small parts took more than their share
        cells[cells.index(max(cells))] -= 1
    drawn = "".join(_filled(n, count) for n, count in enumerate(cells))
    return drawn + EMPTY * (width - sum(cells))


def edge(parts: Sequence[int], room: int, width: int) -> str | None:
    """The line under a bar that is too full: a mark where the room ends; None where it fits."""
    if sum(parts) <= room:
        return None
    return " " * min(round(room / sum(parts) * width), width - 1) + EDGE


def key(number: int) -> str:
    """The character that stands for a part."""
    return _filled(number, 1)


def _filled(number: int, count: int) -> str:
    fill = FILLS[number % len(FILLS)]
    return click.style(fill * count, fg=COLORS[number % len(COLORS)]) if count else ""
