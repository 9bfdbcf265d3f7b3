"""`freehold license`."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from freehold.cli._out import as_json, base, rows, say, title
from freehold.core.errors import BrokenInput

if TYPE_CHECKING:
    from freehold.actions.license_text import Identification

DEEPEST = 20_000
"""Files of one call."""


@click.group(short_help="Recognize license texts and names.")
def command() -> None:
    """Say which license a text is, or which one a name means.

    \b
    Examples:
      freehold license identify LICENSE
      freehold license name "apache license v2" "llama 3.1 community"
    """


@command.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--jsonl", "as_lines", is_flag=True, help="Print one line of JSON per file.")
@as_json
@click.pass_context
def identify(ctx: click.Context, files: tuple[Path, ...], as_lines: bool, as_json: bool) -> None:
    """Recognize the license texts in FILES; - reads from the input.

    A text is a known license only when every word of it is explained. Exit code 3
    when a file cannot be read; the others are still done.
    """
    failed = False
    for found in _each(files[:DEEPEST]):
        failed = failed or isinstance(found, dict)
        if as_lines or as_json:
            click.echo(_line(found))
        elif isinstance(found, dict):
            click.echo(f"error: {found['error']}", err=True)
        else:
            _show(found)
    ctx.exit(3 if failed else 0)


@command.command()
@click.argument("names", nargs=-1, required=True)
@click.option("--jsonl", "as_lines", is_flag=True, help="Print one line of JSON per name.")
@as_json
@click.pass_context
def name(ctx: click.Context, names: tuple[str, ...], as_lines: bool, as_json: bool) -> None:
    """Say which license each of NAMES means. Exit code 1 when one means none."""
    from freehold.actions.license_text import name as meant

    found = [meant(one, base=base()) for one in names]
    if as_lines or as_json:
        for row in found:
            click.echo(json.dumps(row, ensure_ascii=False))
    else:
        rows(
            [
                (
                    row["name"],
                    row["id"] or "unknown",
                    "" if row["id"] else ", ".join(row["nearest"]),
                )
                for row in found
            ]
        )
    ctx.exit(0 if all(row["id"] for row in found) else 1)


def _each(files: tuple[Path, ...]) -> "Iterator[Identification | dict[str, str]]":
    from freehold.actions.license_text import identify, identify_file

    for path in files:
        try:
            if str(path) == "-":
                yield identify(sys.stdin.read(), base=base())
            else:
                yield identify_file(path, base=base())
        except BrokenInput as error:
            yield {"path": str(path), "error": str(error)}


def _line(found: "Identification | dict[str, str]") -> str:
    from msgspec import to_builtins

    return json.dumps(to_builtins(found), ensure_ascii=False)


def _show(found: "Identification") -> None:
    title(found.path)
    words = {
        "exact": "exactly",
        "changed": "a changed",
        "several": "several:",
        "reference": "only points to",
        "unknown": "unknown",
    }[found.relation]
    permissive = "permissive" if found.permissive else "not permissive, as far as can be said"
    if found.beginning is not None:
        words = f"only the beginning ({found.beginning:.0%}) of"
    say(f"{words} {', '.join(found.ids)}; {permissive}")
    if not found.ids and found.nearest:
        say(f"nearest: {found.nearest['id']} ({found.nearest['similarity']:.0%} alike)")
    rows([(d.kind, f"{d.words} words", d.text or "") for d in found.differences], color=None)
