"""`freehold keys`: add, list, rotate, remove."""

import re
import time
from datetime import UTC, datetime
from typing import Any

import click

from freehold.cli._out import as_json, print_json, rows
from freehold.cli._size import Size
from freehold.core.errors import UsageError

PERIOD = re.compile(r"(\d{1,6})([smhdw])")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@click.group(short_help="Make and withdraw the keys that open a server.")
def command() -> None:
    """Make, list, renew and withdraw the keys that open `freehold serve`.

    \b
    Examples:
      freehold keys add team-a --models "llama*" --requests-per-minute 600 --expires 90d
      freehold keys list

    A key is shown once, when it is made; what is kept is its digest. A running server knows of
    a change within a second.
    """


@command.command()
@click.argument("name")
@click.option("--models", multiple=True, metavar="NAME", help="Only these; * is any letters.")
@click.option("--tasks", multiple=True, metavar="TASK", help="Only these tasks.")
@click.option("--role", type=click.Choice(["user", "operator", "admin"]), default="user")
@click.option("--requests-per-minute", type=click.IntRange(1), help="So many requests a minute.")
@click.option("--tokens-per-minute", type=Size("tokens", "100k"), help="So many tokens a minute.")
@click.option("--tokens-per-month", type=Size("tokens", "50M"), help="So many tokens a month.")
@click.option("--streams", type=click.IntRange(1), help="So many requests at once.")
@click.option("--expires", metavar="WHEN", help="A time such as 90d, or a date.")
@as_json
def add(name: str, as_json: bool, expires: str | None, **may: Any) -> None:
    """Make a key for a team, a person or a program."""
    from freehold.server.keys import KeyFile, described

    ends = until(expires) if expires else None
    key, words = KeyFile().add(name, expires=ends, **may)
    _noted("made", key)
    if as_json:
        print_json({**described(key), "key": words})
        return
    click.echo(words)
    click.echo(f"this is shown once; it is the key {key.id} of {key.name}", err=True)


@command.command(name="list")
@as_json
def list_keys(as_json: bool) -> None:
    """List the keys: for whom, what they may, and what they used this month."""
    from freehold.server.keys import KeyFile, described, month_of

    file = KeyFile()
    spent = file.spent(month_of(time.time()))
    found = [
        {**described(held.key), "expired": held.key.expired,
         "spent": dict(zip(("tokens", "requests"), spent.get(held.key.id, (0, 0)), strict=True))}
        for held in file.all()
    ]  # fmt: skip
    if as_json:
        print_json(found)
    elif not found:
        click.echo("there are no keys; freehold keys add NAME makes one")
    else:
        rows([_row(key) for key in found], indent=0, color=None)


@command.command()
@click.argument("name")
@click.option("--grace", metavar="TIME", help="The old words hold for so long, such as 1d.")
@as_json
def rotate(name: str, grace: str | None, as_json: bool) -> None:
    """Give a key, by name or id, new words."""
    from freehold.server.keys import KeyFile, described

    key, words = KeyFile().rotate(name, period(grace) if grace else 0.0)
    _noted("rotated", key)
    if as_json:
        print_json({**described(key), "key": words})
        return
    click.echo(words)


@command.command()
@click.argument("name")
@as_json
def remove(name: str, as_json: bool) -> None:
    """Withdraw a key, by name or id."""
    from freehold.server.keys import KeyFile, described

    key = KeyFile().remove(name)
    _noted("withdrawn", key)
    if as_json:
        print_json(described(key))
        return
    click.echo(f"{key.name} ({key.id}) opens nothing any more")


def until(said: str) -> float:
    """When something ends: after a time such as 90d, or at a date."""
    if PERIOD.fullmatch(said):
        return time.time() + period(said)
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        says = f"{said!r} is no time; write for example 90d or 2027-01-31"
        raise UsageError(says) from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def period(said: str) -> float:
    """Seconds of a time such as 12h."""
    found = PERIOD.fullmatch(said)
    if not found:
        raise UsageError(f"{said!r} is no time; write for example 12h or 90d")
    return float(int(found[1]) * SECONDS[found[2]])


def _noted(what: str, key: Any) -> None:
    """A row of the ledger: which key, never its words."""
    from freehold.store.ledger import note

    facts = {"id": key.id, "name": key.name, "role": key.role, "what": what}
    note("key", facts, required=False, warn=lambda says: click.echo(f"note: {says}", err=True))


def _row(key: dict[str, Any]) -> tuple[str, ...]:
    limits = [
        *(key["models"] and [f"models {', '.join(key['models'])}"]),
        *(key["tasks"] and [f"tasks {', '.join(key['tasks'])}"]),
        *(
            f"{key[name]:,} {name.replace('_', ' ')}"
            for name in ("requests_per_minute", "tokens_per_minute", "streams", "tokens_per_month")
            if key[name]
        ),
        *([f"until {key['expires'][:16]}"] if key["expires"] else []),
    ]
    used = f"{key['spent']['tokens']:,} tokens this month"
    ended = " (expired)" if key["expired"] else ""
    return (key["id"], key["name"], key["role"] + ended, "; ".join([*limits, used]))
