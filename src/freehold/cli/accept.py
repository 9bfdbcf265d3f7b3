"""`freehold accept`."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from freehold.cli._out import as_json, base, print_json, rows, say, title

if TYPE_CHECKING:
    from freehold.actions.acceptance import Terms

YES = "yes"


@click.command(short_help="Read the terms of a model, agree to them, and have it written down.")
@click.argument("model", required=False)
@click.option("--digest", "digests", multiple=True, help="Accept the text with this SHA-256.")
@click.option("--list", "listed", is_flag=True, help="Only list what needs agreement, or has it.")
@as_json
def command(model: str | None, digests: tuple[str, ...], listed: bool, as_json: bool) -> None:
    """Agree to the terms of MODEL: its obligations are shown first, then the text.

    MODEL is a folder, hf:OWNER/NAME (needs network), or a name of the knowledge base. Terms that
    only ask to pass texts and names on need no agreement. What is accepted is one text, told by
    its digest; a changed text asks again. Without MODEL, everything accepted is listed. Exit
    code 1 when an agreement is missing and nobody gave it.

    \b
    Examples:
      freehold accept
      freehold accept olmo-2-1124-7b
      freehold accept llama-3.2-1b --list
    """
    if model is None:
        _accepted(as_json)
        return
    from freehold.actions.acceptance import require, terms_of

    terms = terms_of(model, base=base())
    if not listed:
        terms = require(terms, given=digests, ask=None if as_json else asking())
    if as_json:
        print_json([one.form() for one in terms])
    elif not terms:
        say(f"{model}: nothing needs agreement.")
    else:
        rows([(_state(one), _what(one)) for one in terms], color=None)


def asking() -> "Callable[[Terms], str] | None":
    """What asks the person at the terminal; None where nobody sits at one."""
    return ask if sys.stdin.isatty() and sys.stderr.isatty() else None


def ask(terms: "Terms") -> str:
    """Show terms, obligations first, and ask for a typed yes."""
    show(terms)
    said: str = click.prompt(f"Type {YES} to agree", default="", show_default=False, err=True)
    return said


def show(terms: "Terms") -> None:
    """Print why terms need agreement, what they oblige to, and then their text."""
    from freehold.judge.obligations import OCCASIONS

    a = terms.agreement
    title(f"{terms.model}: {a.name}")
    rows([("needs agreement because", why) for why in a.because], color=None)
    if a.obligations:
        title("What you must do")
        rows([(OCCASIONS[row.when], row.do) for row in a.obligations], color=None)
    where = a.path or "no text of it is here; this summary is what you agree to"
    title(f"The text ({where}; sha256 {a.digest})")
    click.echo("".join(s for s in terms.text if s.isprintable() or s in "\n\t"))
    if not a.path and a.url:
        say(f"The full text: {a.url}")


def _accepted(as_json: bool) -> None:
    """Everything that was agreed to on this machine by this user."""
    from freehold.actions.acceptance import accepted

    found = accepted()
    if as_json:
        print_json([{"time": r.time, "row": r.number, **r.facts} for r in found.values()])
    elif found:
        rows(
            [(r.time[:10], f"{r.facts['license']} of {r.facts['model']}\n{r.facts['digest']}")
             for r in found.values()],
            color=None,
        )  # fmt: skip
    else:
        say("Nothing was agreed to yet.")


def _what(one: "Terms") -> str:
    return f"{one.agreement.name} ({one.agreement.path or 'summary'})\n{one.agreement.digest}"


def _state(one: "Terms") -> str:
    return f"accepted {one.accepted.time[:10]}" if one.accepted else "not accepted"
