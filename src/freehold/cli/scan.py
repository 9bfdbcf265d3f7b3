"""`freehold scan`."""

from typing import TYPE_CHECKING

import click

from freehold.cli._out import as_json, print_json, rows, say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from freehold.actions.scan import Safety

MOST_SHOWN = 40


@click.command(short_help="Tell whether loading files would run code; nothing of them is run.")
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@click.option(
    "--second-opinion", is_flag=True, help="Ask picklescan and modelaudit-picklescan, too."
)
@as_json
def command(paths: tuple[str, ...], second_opinion: bool, as_json: bool) -> int:
    """Look at files and folders: what are they really, and would loading them run code?

    Every file gets one of three verdicts: loads no code, contains code, could not be checked.
    The exit code is 1 unless every file is known to load no code.

    \b
    Examples:
      freehold scan model.gguf
      freehold scan LICENSE form.json --json
    """
    from freehold.actions.scan import scan

    found = scan(*paths, second_opinion=second_opinion)
    if as_json:
        print_json(found.form())
    else:
        show(found.files)
        if found.cut:
            say("There are more files; only the first 5,000 were looked at.")
        say(f"{len(found.files)} files: {found.verdict}")
    return 0 if found.safe else 1


def show(files: "Iterable[Safety]") -> None:
    """One line for each file with its verdict and why, the worst first; remarks below."""
    from freehold.scanners.base import SAFE, WORST

    ordered = sorted(files, key=lambda file: (WORST.index(file.verdict), file.path))
    rows(
        (printable(file.path), file.verdict, printable(said(file))) for file in ordered[:MOST_SHOWN]
    )
    if len(ordered) > MOST_SHOWN:
        rest = ordered[MOST_SHOWN:]
        unsafe = sum(file.verdict != SAFE for file in rest)
        say(f"  and {len(rest):,} more files, {unsafe:,} of them not known to be safe")


def printable(text: str) -> str:
    """A text without signs that turn the writing or cannot be seen."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)


def said(file: "Safety") -> str:
    """Why, and what else is to be known."""
    notes = [r.text for r in file.remarks if r.verdict is None]
    return "; ".join([file.because, *notes])
