"""`freehold runtime`."""

from pathlib import Path

import click

from freehold.cli._out import as_json, print_json, rows

STATES = {
    "here": "this Python has it",
    "built": "built",
    "old": "built from an older list",
    "missing": "not there",
}


@click.group(short_help="Build the environments that engines need.")
def command() -> None:
    """Build and list runtimes: what an engine needs, kept apart from everything else.

    \b
    Examples:
      freehold runtime list
    """


@command.command(name="list")
@as_json
def list_(as_json: bool) -> None:
    """List the runtime of each engine, and whether it is there."""
    from freehold.actions.runtimes import runtimes

    found = runtimes()
    if as_json:
        print_json([one.form() for one in found])
        return
    for one in found:
        next_ = (
            f"; freehold runtime install {one.engine}" if one.state in ("old", "missing") else ""
        )
        rows([(one.engine, STATES[one.state], one.words() + next_)], indent=0, color=None)


@command.command()
@click.argument("name")
@click.option("--again", is_flag=True, help="Build it anew, also when it is there.")
@click.option("--wheels", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="A folder with all it needs; nobody is asked.")  # fmt: skip
@as_json
def install(name: str, again: bool, wheels: Path | None, as_json: bool) -> None:
    """Build the runtime of the engine NAME from the list that ships with it."""
    from freehold.actions.runtimes import install as build

    def say(text: str) -> None:
        click.echo(text, err=True)

    done = build(name, again=again, wheels=wheels, say=say)
    if as_json:
        print_json(done.form())
    else:
        rows([(done.engine, STATES[done.state], str(done.folder))], indent=0, color=None)
