"""Shows pictures, masks, distances, sounds and forecasts in a terminal that has colors.

A cell of a terminal is about twice as high as wide, so that the sign ▀ in one color on another
shows two pixels. What goes into a pipe gets none of this.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from freehold.cli._chart import BLOCKS
from freehold.cli._out import width
from freehold.core.errors import BrokenInput

if TYPE_CHECKING:
    from freehold.actions.answer import Answer
    from freehold.formats.png import Color, Picture

MOST_COLUMNS, MOST_ROWS, MOST_SHOWN = 80, 30, 4
LOOKS = 3
"""Pixels in each direction whose mean is the color of one that is shown."""
HALF, END = "▀", "\x1b[0m"


def shown(answer: "Answer") -> Iterator[str]:
    """The lines that show what was made; none outside of a terminal with colors."""
    depth = colors()
    if not depth:
        return
    for series in getattr(answer.result, "series", ())[:MOST_SHOWN]:
        yield forecast(series.name, answer.result.past.get(series.name, ()), series.values)
    for path in answer.files[:MOST_SHOWN]:
        yield from _file(path, depth)


def colors() -> int:
    """How many bits of color the terminal shows: 24, 8, or 0 where nothing should be colored."""
    if not sys.stdout.isatty() or "NO_COLOR" in os.environ:
        return 0
    if os.environ.get("TERM", "dumb") == "dumb":
        return 0
    if os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return 24
    return 8 if "256" in os.environ["TERM"] else 0


def _file(path: Path, depth: int) -> Iterator[str]:
    """A picture as it is, of a sound its spectrum; nothing for what cannot be shown."""
    from freehold.cli._spectrum import spectrum
    from freehold.formats.png import read_png

    try:
        if path.suffix == ".png":
            yield from drawn(read_png(path, path.name), depth)
        elif path.suffix == ".wav":
            yield from drawn(spectrum(path, min(width(), MOST_COLUMNS)), depth)
    except (BrokenInput, OSError):
        return


def drawn(picture: "Picture", depth: int) -> Iterator[str]:
    """The lines that show a picture, as large as fits and never larger than it is."""
    wide, high = _size(picture)
    for y in range(0, high, 2):
        cells = []
        for x in range(wide):
            upper = _mean(picture, x, y, wide, high)
            lower = _mean(picture, x, y + 1, wide, high) if y + 1 < high else None
            cells.append(_cell(upper, lower, depth))
        yield "".join(cells) + END


def _size(picture: "Picture") -> tuple[int, int]:
    """Pixels across and down in the terminal."""
    scale = min(min(width(), MOST_COLUMNS) / picture.width, MOST_ROWS * 2 / picture.height, 1.0)
    return max(1, round(picture.width * scale)), max(1, round(picture.height * scale))


def _mean(picture: "Picture", x: int, y: int, wide: int, high: int) -> "Color":
    """The mean color of what one pixel of the terminal covers."""
    columns = _places(x, wide, picture.width)
    rows = _places(y, high, picture.height)
    found = [picture.color(column, row) for row in rows for column in columns]
    red, green, blue = (round(sum(c[n] for c in found) / len(found)) for n in range(3))
    return red, green, blue


def _places(at: int, of: int, size: int) -> list[int]:
    """A few pixels spread evenly over the part `at` of a side cut into `of` parts."""
    start, end = at * size // of, max((at + 1) * size // of, at * size // of + 1)
    step = max(1, (end - start + LOOKS - 1) // LOOKS)
    return list(range(start, end, step))


def _cell(upper: "Color", lower: "Color | None", depth: int) -> str:
    below = "" if lower is None else f"\x1b[48;{_code(lower, depth)}m"
    return f"\x1b[38;{_code(upper, depth)}m{below}{HALF}" + (END if lower is None else "")


def _code(color: "Color", depth: int) -> str:
    """A color as terminals take it: as it is, or the nearest of a cube of 216."""
    if depth == 24:
        return "2;{};{};{}".format(*color)
    red, green, blue = (round(value / 255 * 5) for value in color)
    return f"5;{16 + 36 * red + 6 * green + blue}"


def forecast(name: str, past: Any, values: Any) -> str:
    """One line of blocks: what was, and behind a bar what comes."""
    before = list(past)[-max(8, MOST_COLUMNS - len(values) - len(name) - 4) :]
    coming = list(values)[: MOST_COLUMNS - len(name)]
    least, most = min(before + coming, default=0.0), max(before + coming, default=0.0)
    span = (most - least) or 1.0

    def blocks(numbers: list[float]) -> str:
        steps = (1 + round((number - least) / span * (len(BLOCKS) - 2)) for number in numbers)
        return "".join(BLOCKS[step] for step in steps)

    return f"{name} {blocks(before)}│{blocks(coming)}"
