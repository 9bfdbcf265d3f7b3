"""`freehold bundle`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from freehold.cli._out import as_json, base, print_json, rows, say, title
from freehold.cli._progress import amount

if TYPE_CHECKING:
    from freehold.actions.bundle import Bundle

file_ = click.Path(path_type=Path)


@click.group(short_help="Carry models to a machine without a network, in one verifiable file.")
def command() -> None:
    """Write models of the store into one file, look into it, and install from it.

    A bundle holds weights, license texts, notices, bills of materials, the policies that hold
    here, and the wheels of an engine. The digest of its index vouches for every byte.

    \b
    Examples:
      here:   freehold bundle create MODEL -o models.tar
      there:  freehold bundle show models.tar --verify
      there:  freehold bundle install models.tar
    """


@command.command()
@click.argument("models", nargs=-1, required=True)
@click.option("-o", "--output", type=file_, required=True, help="The new file.")
@click.option("--wheels", type=file_, help="A folder with the wheels of an engine's runtime.")
@as_json
def create(models: tuple[str, ...], output: Path, wheels: Path | None, as_json: bool) -> None:
    """Write MODELS of the store into one file. Policies and agreements hold here too."""
    from freehold.actions.bundle import create as make

    made = make(models, output, wheels=wheels, base=base())
    print_json(made.form()) if as_json else _show(made)


@command.command()
@click.argument("file", type=file_)
@click.option("--verify", is_flag=True, help="Hold every byte against its digest.")
@as_json
def show(file: Path, verify: bool, as_json: bool) -> None:
    """Show what is in a bundle. Exit code 3 when it is not what it says."""
    from freehold.actions.bundle import show as look

    found = look(file, verify=verify)
    if as_json:
        print_json({**found.form(), "verified": verify})
        return
    _show(found)
    if verify:
        say("Every byte is as its index says.")


@command.command()
@click.argument("file", type=file_)
@click.option("--digest", help="What the digest of its index must be.")
@click.option("--accept", multiple=True, metavar="DIGEST", help="Accept the terms of this digest.")
@as_json
def install(file: Path, digest: str | None, accept: tuple[str, ...], as_json: bool) -> None:
    """Bring the models of a bundle into the store; no network is needed or used."""
    from freehold.actions.bundle_install import install as bring
    from freehold.cli.accept import asking

    os.environ["FREEHOLD_OFFLINE"] = "1"
    ask = None if as_json else asking()
    came = bring(file, digest=digest, accept=accept, ask=ask, base=base())
    if as_json:
        print_json(came.form())
        return
    for note in came.notes:
        click.echo(f"note: {note}", err=True)
    rows([(m.name, amount(m.size), m.folder) for m in came.models], indent=0, color=None)
    say(f"Notices, bills of materials and policies: {came.papers}")
    if came.wheels:
        say(f"Next, for the engine: freehold runtime install ENGINE --wheels {came.wheels}")


def _show(bundle: "Bundle") -> None:
    """Print what is in a bundle, and its digest."""
    for note in bundle.notes:
        click.echo(f"note: {note}", err=True)
    say(f"{bundle.file}: {amount(bundle.size)}, made {bundle.made} by Freehold {bundle.tool}")
    click.echo(f"sha256 of its index: {bundle.digest}")
    title("Models")
    rows(
        [
            (m.name, amount(m.size), f"{m.license or 'unknown license'}; files: {len(m.files)}")
            for m in bundle.contents.models
        ],
        color=None,
    )
    title("Beside them")
    rows([(p.kind, amount(p.size), p.name) for p in bundle.contents.papers], color=None)
