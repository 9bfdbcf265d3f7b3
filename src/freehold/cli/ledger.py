"""`freehold ledger`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from freehold.cli._out import as_json, print_json, rows, say

if TYPE_CHECKING:
    from freehold.actions.ledger import Verdict


@click.group(short_help="Show, verify and export what was done and agreed to.")
def command() -> None:
    """Look into the ledger: one row for each acceptance, fetch, run and change of the policy.

    It is only appended to, each row vouches for all rows above it, and it holds no prompt and
    no output.

    \b
    Examples:
      freehold ledger show
      freehold ledger show --kind run --last 5
      freehold ledger verify
    """


@command.command()
@click.option("--kind", help="Only rows of this kind, such as run or acceptance.")
@click.option("--last", default=20, type=click.IntRange(1, 1_000_000), help="How many rows.")
@as_json
def show(kind: str | None, last: int, as_json: bool) -> None:
    """Show the last rows, the newest at the end."""
    from freehold.actions.ledger import show

    found = show(kind, last)
    if as_json:
        print_json([_form(row) for row in found])
    elif found:
        rows(
            [(str(r.number), r.time[:19] + "Z", r.kind, _facts(r.facts)) for r in found], color=None
        )
    else:
        say("Nothing is written down yet" + (f" of the kind {kind}." if kind else "."))


@command.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--anchor", help="A head noted earlier, NUMBER:DIGEST; it must still be there.")
@as_json
@click.pass_context
def verify(ctx: click.Context, file: Path | None, anchor: str | None, as_json: bool) -> None:
    """Look whether every row is as it was written. Exit code 3 when one is not.

    FILE is an export or another ledger; without it, this machine's own.
    """
    from freehold.actions.ledger import verify

    found = verify(file, anchor)
    if as_json:
        print_json(found.form())
    else:
        _print(found)
    ctx.exit(0 if found.ok else 3)


@command.command()
@click.option("--output", type=click.Path(path_type=Path), help="Write into this new file.")
@as_json
def export(output: Path | None, as_json: bool) -> None:
    """Write every row as one line of JSON; `freehold ledger verify FILE` checks such a file."""
    from freehold.actions.ledger import export
    from freehold.core.errors import EnvironmentProblem

    if output is None:
        export(sys.stdout)
        return
    try:
        with output.open("x", encoding="utf-8", newline="\n") as stream:
            head = export(stream)
    except OSError as error:
        raise EnvironmentProblem(f"{output} cannot be written: {error.strerror}") from error
    if as_json:
        print_json({"file": str(output), "rows": head.number, "head": str(head)})
    else:
        say(f"{head.number} rows are in {output}. The head is {head}")


def _print(found: "Verdict") -> None:
    if not found.rows and found.ok:
        say(f"Nothing is written down yet; the ledger would be {found.place}")
        return
    for problem in found.problems:
        say(str(problem))
    count = (
        f"{len(found.problems)} problems" if found.problems else "every row is as it was written"
    )
    say(f"{found.place}: {found.rows} rows; {count}.")
    say(f"head {found.head}")


def _form(row: Any) -> dict[str, Any]:
    names = ("number", "time", "kind", "facts", "digest", "previous")
    return {name: getattr(row, name) for name in names}


def _facts(facts: dict[str, Any]) -> str:
    return ", ".join(f"{key} {_short(value)}" for key, value in facts.items()) or "no facts"


def _short(value: Any) -> str:
    import json

    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:79] + "…"
