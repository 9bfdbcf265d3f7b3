"""What all commands share: the knowledge base they read, how they print, how they fail."""

import json
import shutil
from collections.abc import Iterable, Sequence
from functools import cache
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import click

from freehold.core.errors import FreeholdError

if TYPE_CHECKING:
    from freehold.knowledge.base import KnowledgeBase

COLORS = {
    **dict.fromkeys(("yes", "holds", "meets", "fully open", "allowed", "loads no code"), "green"),
    **dict.fromkeys(("open weights",), "cyan"),
    **dict.fromkeys(("conditional", "partial", "restricted weights", "advised against"), "yellow"),
    **dict.fromkeys(("unknown", "not verifiable", "could not be checked"), "magenta"),
    **dict.fromkeys(
        ("no", "fails", "contradicted", "refused", "proprietary", "open API", "contains code"),
        "red",
    ),
}
NARROWEST, WIDEST, INTO_A_PIPE = 60, 120, 100
GAP = 2

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")


@cache
def base() -> "KnowledgeBase":
    """The knowledge base that this command reads, opened once."""
    from freehold.knowledge.base import open_base

    return open_base()


def width() -> int:
    """The columns to fill: those of the terminal within reason, or a fixed number into a pipe."""
    return min(max(shutil.get_terminal_size((INTO_A_PIPE, 40)).columns, NARROWEST), WIDEST)


def say(text: str = "") -> None:
    """Print a paragraph, wrapped."""
    for line in text.split("\n"):
        click.echo("\n".join(wrap(line, width(), break_on_hyphens=False)))


def title(text: str) -> None:
    """Print a heading."""
    click.echo("\n" + click.style(text, bold=True))


def rows(lines: Iterable[Sequence[str]], indent: int = 2, color: int | None = 1) -> None:
    """Print aligned columns; the last one wraps. `color` is the column that holds a verdict."""
    table = [list(line) for line in lines]
    if not table:
        return
    sizes = [max(len(row[n]) for row in table) for n in range(len(table[0]) - 1)]
    left = indent + sum(size + GAP for size in sizes)
    room = max(width() - left, NARROWEST // 2)
    for row in table:
        cells = [_cell(text, sizes[n], n == color) for n, text in enumerate(row[:-1])]
        paragraphs = [wrap(part, room, break_on_hyphens=False) for part in row[-1].split("\n")]
        last = [line for paragraph in paragraphs for line in paragraph] or [""]
        click.echo((" " * indent + "".join(cells) + last[0]).rstrip())
        for line in last[1:]:
            click.echo(" " * left + line)


def _cell(text: str, size: int, colored: bool) -> str:
    shown = click.style(text, fg=COLORS[text]) if colored and text in COLORS else text
    return shown + " " * (size - len(text) + GAP)


def figure(value: float) -> str:
    """A number in as many digits as make sense: 1,540, 36, 6.9, 0.36."""
    return f"{value:,.0f}" if value >= 20 else f"{value:.2g}"


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
