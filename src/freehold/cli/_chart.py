"""Draws cost over volume with letters and blocks, readable without color in 80 columns."""

from collections.abc import Callable, Iterator

from freehold.judge.costing.chart import Chart, Line

ROWS, LEFT = 16, 9
BLOCKS = " ▁▂▃▄▅▆▇█"


def draw(chart: Chart, columns: int, amount: Callable[[float], str]) -> Iterator[str]:
    """The lines of the picture; `amount` says a multiple of the volume in words.

    The first staircase is filled, every other option is a line of its letter. A line that leaves
    the picture at the top ends there.
    """
    wide = max(30, min(columns, 80) - LEFT - 2)
    grid = [[" "] * wide for _ in range(ROWS)]
    filled = next((line for line in chart.lines if line.steps), None)
    if filled:
        _fill(grid, filled, chart, wide)
    for line in reversed(chart.lines):
        if line is not filled:
            _trace(grid, line, chart, wide)
    yield f"{'$ a month':>{LEFT}}"
    for n, row in enumerate(grid):
        label = dollars(chart.top * (1 - n / ROWS)) if n % 4 == 0 else ""
        yield f"{label:>{LEFT}} {'┤' if label else '│'}{''.join(row)}".rstrip()
    yield from _axis(chart, wide, amount)


def _axis(chart: Chart, wide: int, amount: Callable[[float], str]) -> Iterator[str]:
    """The axis of volumes, with the stated one and the first meeting of lines marked."""
    ticks = [round(n * (wide - 1) / 4) for n in range(5)]
    line = "".join("┬" if n in ticks else "─" for n in range(wide))
    yield f"{'0':>{LEFT}} └{line}"
    below = [" "] * (wide + 10)
    for tick in ticks[1:]:
        text = amount(chart.right * tick / (wide - 1))
        start = max(0, min(tick - len(text) // 2, wide - len(text)))
        below[start : start + len(text)] = text
    yield (" " * (LEFT + 2) + "".join(below)).rstrip()
    now = round((wide - 1) / chart.right)
    text = "▲ your volume"
    yield " " * (LEFT + 2) + (" " * now + text if now + len(text) < wide else _left(now, text))


def _left(place: int, text: str) -> str:
    """The mark with its words before it."""
    words = text[2:] + " " + text[0]
    return words.rjust(place + 1)


def _fill(grid: list[list[str]], line: Line, chart: Chart, wide: int) -> None:
    """The area under a line, in eighths of a row."""
    for column in range(wide):
        eighths = round(8 * ROWS * line.at(chart.right * (column + 0.5) / wide) / chart.top)
        for row in range(ROWS):
            left = min(8, max(0, eighths - 8 * (ROWS - 1 - row)))
            grid[row][column] = BLOCKS[left]


def _trace(grid: list[list[str]], line: Line, chart: Chart, wide: int) -> None:
    """A line of letters."""
    for column in range(wide):
        height = line.at(chart.right * (column + 0.5) / wide) / chart.top
        row = ROWS - 1 - min(ROWS - 1, int(height * ROWS))
        if height <= 1:
            grid[row][column] = line.letter


def dollars(value: float) -> str:
    """Money short enough for an axis or a column."""
    for power, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= power:
            size = 1e3 if unit == "k" else power
            return f"${value / size:,.4g}{unit}"
    if value >= 100 or value == 0:
        return f"${value:,.0f}"
    return f"${value:,.2f}" if value >= 0.1 else f"${value:.2g}"
