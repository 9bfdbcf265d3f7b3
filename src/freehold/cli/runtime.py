"""`freehold runtime`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from freehold.cli._out import as_json, print_json, rows
from freehold.core.errors import UsageError

if TYPE_CHECKING:
    from freehold.actions.native import Build
    from freehold.cli._steps import Steps

NATIVE = {
    "built": "built",
    "old": "built from older sources",
    "elsewhere": "built for another processor",
    "missing": "not there",
}
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
    from freehold.actions.native import builds
    from freehold.actions.runtimes import runtimes

    found, native = runtimes(), {one.engine: one for one in builds()}
    if as_json:
        forms = {name: one.form() for name, one in native.items()}
        print_json([{**one.form(), "native": forms.get(one.engine)} for one in found])
        return
    for one in found:
        next_ = (
            f"; freehold runtime install {one.engine}" if one.state in ("old", "missing") else ""
        )
        rows([(one.engine, STATES[one.state], one.words() + next_)], indent=0, color=None)
    for build in native.values():
        rows([_native(build)], indent=0, color=None)


@command.command()
@click.argument("name")
@click.option("--again", is_flag=True, help="Build it anew, also when it is there.")
@click.option("--wheels", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="A folder with all it needs; nobody is asked.")  # fmt: skip
@click.option("--build", "compiled", is_flag=True,
              help="Compile it for exactly this machine; takes minutes.")  # fmt: skip
@click.option("--sources", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="With --build: a folder with the sources; nobody is asked.")  # fmt: skip
@as_json
def install(
    name: str, again: bool, wheels: Path | None, compiled: bool, sources: Path | None, as_json: bool
) -> None:
    """Build the runtime of the engine NAME from the list that ships with it.

    With --build the engine is compiled here from sources that are pinned by their SHA-256, for
    exactly this processor, and for NVIDIA cards where their compiler is: it then computes
    faster, and runs nowhere else. This needs a C++ compiler; CMake and Ninja are brought where
    they are missing. It is taken before the wheel.

    \b
    Examples:
      freehold runtime install llama.cpp
      freehold runtime install llama.cpp --build
    """
    from freehold.cli._steps import Steps

    steps = Steps()
    if compiled:
        _compile(name, again, sources or wheels, steps, as_json)
        return
    if sources:
        raise UsageError("--sources are for --build", hint="add --build, or name --wheels")
    from freehold.actions.runtimes import install as build

    done = build(name, again=again, wheels=wheels, say=steps.says)
    if as_json:
        print_json(done.form())
    else:
        rows([(done.engine, STATES[done.state], str(done.folder))], indent=0, color=None)


def _compile(name: str, again: bool, given: Path | None, steps: "Steps", as_json: bool) -> None:
    """Compile an engine, and say where it is."""
    from freehold.actions.native import build

    done = build(name, again=again, sources=given, say=steps.says, count=steps)
    if as_json:
        print_json({"engine": done.engine, **done.form()})
    else:
        rows([_native(done)], indent=0, color=None)


def _native(build: "Build") -> tuple[str, str, str]:
    """One native build as columns."""
    made = build.made
    if made is None:
        says = f"{build.version}; freehold runtime install {build.engine} --build"
    else:
        took = f"compiled in {made.seconds:.0f} s on {made.built}"
        says = f"{made.version}, {took} with {made.compiler}; {build.folder}"
    return f"{build.engine} for this machine", NATIVE[build.state], says
