"""Reads tables of series: a row for each time, a column for each series; needs no library.

CSV and TSV with a header, JSON (columns, or a list of rows) and JSON Lines. A first column that
holds no numbers holds the times. Everything is bounded, and what is wrong is named by its line.
"""

import csv
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from freehold.core.errors import BrokenInput, UsageError

MOST_CELLS = 20_000_000
MOST_BYTES = 2**30
GAPS = frozenset({"", "nan", "na", "null", "none"})


class Table(Struct, frozen=True):
    """Series of equal length by their names, and the times of the rows where there are any."""

    columns: dict[str, tuple[float, ...]]
    times: tuple[str, ...] = ()
    filled: int = 0


def read_table(path: Path, only: Sequence[str] = (), fill: bool = False) -> Table:
    """The table in a file; `only` names the columns to take, `fill` lets gaps be filled.

    Raises BrokenInput for what is no such table, UsageError for a column that is not there.
    """
    if path.stat().st_size > MOST_BYTES:
        raise UsageError(f"the table is larger than {MOST_BYTES // 2**20} MiB")
    try:
        header, rows = _rows(path)
    except (csv.Error, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise BrokenInput(f"the table cannot be read: {error}") from error
    if not header or not rows:
        raise BrokenInput("the table has no rows below its header")
    _same_width(header, rows)
    times: tuple[str, ...] = ()
    if _number(rows[0][0]) is None and rows[0][0].strip().lower() not in GAPS:
        times = tuple(row[0] for row in rows)
    names = header[1:] if times else header
    unknown = [name for name in only if name not in names]
    if unknown:
        raise UsageError(f"the table has no column {unknown[0]!r}", hint=", ".join(names[:40]))
    taken = [name for name in names if not only or name in only]
    if not taken:
        raise BrokenInput("the table has no column of numbers")
    columns, filled = {}, 0
    for name in taken:
        at = header.index(name)
        columns[name], more = _series([row[at] for row in rows], name, fill)
        filled += more
    return Table(columns, times, filled)


def _rows(path: Path) -> tuple[list[str], list[list[str]]]:
    """The header and the cells of all rows, as texts."""
    ending = path.suffix.lower()
    with path.open(encoding="utf-8-sig", newline="") as file:
        if ending in (".json", ".jsonl"):
            return _from_json(file, lines=ending == ".jsonl")
        reader = csv.reader(file, delimiter="\t" if ending == ".tsv" else ",", strict=True)
        header = [name.strip() for name in next(reader, [])]
        return header, list(_bounded(row for row in reader if row))


def _from_json(file: Any, lines: bool) -> tuple[list[str], list[list[str]]]:
    """The same from JSON: columns as lists, or rows as objects."""
    found = [json.loads(line) for line in file if line.strip()] if lines else json.load(file)
    if isinstance(found, dict):
        if not found or not all(isinstance(column, list) for column in found.values()):
            raise ValueError("an object must give a list for each column")
        if len({len(column) for column in found.values()}) > 1:
            raise ValueError("its columns have different lengths")
        return list(found), [[_text(x) for x in row] for row in zip(*found.values(), strict=True)]
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise ValueError("it must be an object of columns or a list of rows")
    header = list(found[0]) if found else []
    odd = next((n for n, row in enumerate(found) if list(row) != header), None)
    if odd is not None:
        raise ValueError(f"row {odd + 1} has other columns than the first")
    return header, list(_bounded([_text(x) for x in row.values()] for row in found))


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _bounded(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    """The rows, as long as they hold no more cells than are taken."""
    cells = 0
    for row in rows:
        cells += len(row)
        if cells > MOST_CELLS:
            raise UsageError(f"the table has more than {MOST_CELLS:,} cells")
        yield row


def _same_width(header: list[str], rows: list[list[str]]) -> None:
    """Refuse a table with unequal rows or with two columns of one name."""
    twice = (
        next((name for name in header if header.count(name) > 1), None)
        if (len(set(header)) < len(header))
        else None
    )
    if twice is not None:
        raise BrokenInput(f"two columns are called {twice!r}")
    for number, row in enumerate(rows):
        if len(row) != len(header):
            raise BrokenInput(
                f"row {number + 1} has {len(row)} cells and the header has {len(header)}"
            )


def _series(cells: list[str], name: str, fill: bool) -> tuple[tuple[float, ...], int]:
    """One column as numbers, and how many gaps in it were filled with the value before."""
    values: list[float] = []
    filled = 0
    for at, cell in enumerate(cells):
        value = _number(cell)
        if value is None and cell.strip().lower() not in GAPS:
            raise BrokenInput(f"column {name!r}, row {at + 1}: {cell[:40]!r} is not a number")
        if value is None:
            if not fill or not values:
                why = "" if not fill else ", and there is no value before it"
                raise BrokenInput(
                    f"column {name!r} has a gap in row {at + 1}{why}",
                    hint=None if fill else "fill gaps with the value before (--fill)",
                )
            value, filled = values[-1], filled + 1
        values.append(value)
    return tuple(values), filled


def _number(cell: str) -> float | None:
    """A cell as a number; None for a gap, infinity and anything else."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
