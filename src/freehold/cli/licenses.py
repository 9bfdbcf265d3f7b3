"""`freehold licenses`."""

from typing import TYPE_CHECKING, Any

import click

from freehold.cli._out import as_json, base, print_json, rows, say, title
from freehold.cli._size import who_asks

if TYPE_CHECKING:
    from freehold.actions.licenses import LicenseReport
    from freehold.knowledge.types import License


@click.command(short_help="List licenses, or show what one allows, asks and refuses.")
@click.argument("name", nargs=-1)
@who_asks
@as_json
def command(name: tuple[str, ...], as_json: bool, **who: Any) -> None:
    """Show one license in plain words, or list those whose names hold every word of NAME.

    \b
    Examples:
      freehold licenses
      freehold licenses llama
      freehold licenses apache-2.0
      freehold licenses "Llama 3.2 Community License" --users 900M
    """
    from freehold.actions.licenses import license, licenses
    from freehold.core.errors import NotFound

    asked = " ".join(name)
    found = licenses(asked, base=base())
    try:
        report = license(asked, **who, base=base())
    except NotFound:
        if not found:
            raise
        print_json([_row(li) for li in found]) if as_json else _list(found)
    else:
        print_json(report.form()) if as_json else show(report)


def _row(license: "License") -> dict[str, Any]:
    keys = ("id", "name", "kind", "osi")
    return {key: getattr(license, key) for key in keys} | {"text_read": license.text.read}


def _list(found: "list[License]") -> None:
    rows([(license.id, license.kind, license.name) for license in found], color=None)
    say(f"{len(found)} licenses")


def show(report: "LicenseReport") -> None:
    """Print one license in plain words."""
    from freehold.cli._rights import show_rights

    license = report.license
    title(f"{license.name} · {license.publisher} · {license.kind}")
    facts = [license.id, "open" if report.open else "not open"]
    facts.append("OSI-approved" if license.osi else "not OSI-approved")
    read = f"text read {license.text.checked}" if license.text.read else "its text was not read"
    say("; ".join([*facts, read]))
    show_rights(report.permits, report.obligations)
    if license.limits:
        title("Limits")
        rows([(word, base().words["limits"][word]) for word in license.limits], color=None)
    for note in license.notes:
        say(f"\n{note}")
