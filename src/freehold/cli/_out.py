"""What all commands share: the knowledge base they read, how they print, how they fail."""

import json
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

import click

from freehold.core.errors import FreeholdError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from freehold.knowledge.base import KnowledgeBase

COLORS = {
    "yes": "green", "holds": "green", "meets": "green", "fully open": "green", "I": "green",
    "open weights": "cyan", "II": "cyan", "III": "cyan",
    "conditional": "yellow", "partial": "yellow", "restricted weights": "yellow",
    "unknown": "magenta", "not verifiable": "magenta", "no": "red", "fails": "red",
    "contradicted": "red", "none": "red", "proprietary": "red", "open API": "red",
}  # fmt: skip

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")


@cache
def base() -> "KnowledgeBase":
    """The knowledge base that this command reads, opened once."""
    from freehold.knowledge.base import open_base

    return open_base()


@cache
def console() -> "Console":
    """The terminal; as wide as it is, or 100 columns into a pipe."""
    import shutil

    from rich.console import Console

    width = shutil.get_terminal_size((100, 40)).columns
    return Console(width=max(width, 60), highlight=False, soft_wrap=False, emoji=False)


def say(text: str = "") -> None:
    """Print one line or paragraph, as it is, without reading marks in it."""
    console().print(text, markup=False)


def title(text: str) -> None:
    """Print a heading."""
    from rich.text import Text

    console().print(Text(f"\n{text}", style="bold"))


def rows(lines: Iterable[tuple[str, ...]], indent: int = 2, color: int | None = 1) -> None:
    """Print aligned columns; the last one wraps. `color` is the column that holds a verdict."""
    from rich.padding import Padding
    from rich.text import Text

    table = _grid()
    for line in lines:
        cells = [
            Text(cell, style=COLORS.get(cell, "") if n == color else "")
            for n, cell in enumerate(line)
        ]
        if not table.columns:
            for n in range(len(line)):
                table.add_column(no_wrap=n < len(line) - 1, overflow="fold")
        table.add_row(*cells)
    if table.columns:
        console().print(Padding(table, (0, 0, 0, indent)))


def _grid() -> "Table":
    from rich.table import Table

    return Table.grid(padding=(0, 2))


def print_json(form: Any) -> None:
    """Print JSON, keys in the documented order."""
    click.echo(json.dumps(form, indent=2, ensure_ascii=False))


def fail(error: FreeholdError) -> int:
    """Print what happened and what to do next; the exit code."""
    click.echo(f"error: {error}", err=True)
    if error.hint:
        click.echo(f"hint:  {error.hint}", err=True)
    return error.exit_code


def warn() -> None:
    """Name every file of facts that was left out because it is broken."""
    if not base.cache_info().currsize:
        return
    opened = base()
    opened.read_overlay()
    for problem in opened.problems:
        click.echo(f"warning: {problem} (left out)", err=True)
