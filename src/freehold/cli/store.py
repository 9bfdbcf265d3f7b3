"""`freehold store`."""

import sys
from pathlib import Path

import click

from freehold.cli._out import as_json, print_json, rows, say
from freehold.cli._progress import Progress, amount


@click.group(short_help="List, verify, repair, link and remove the models that are here.")
def command() -> None:
    """Look after the models that `freehold get` brought here.

    Models of the Hub are in its own cache, where every other tool finds them; all others are in
    folders by their names.

    \b
    Examples:
      freehold store size
      freehold store list --json
    """


@command.command("list")
@as_json
def listed(as_json: bool) -> None:
    """List the models in the store."""
    from freehold.store.catalog import manifests, used

    found = manifests()
    if as_json:
        print_json([{"name": m.name, "source": m.source, "commit": m.commit, "size": m.size,
                     "license": m.license, "folder": m.folder, "fetched": m.fetched,
                     "used": f"{used(m):%Y-%m-%d}"} for m in found])  # fmt: skip
    elif found:
        rows(
            [
                (m.name, amount(m.size), f"{used(m):%Y-%m-%d}", m.source, m.license or "unknown")
                for m in found
            ],
            color=None,
        )
    else:
        say("The store is empty. To fill it: freehold get MODEL")


@command.command()
@click.argument("model")
@as_json
def show(model: str, as_json: bool) -> None:
    """Show one model: where it came from, its files and their digests."""
    from msgspec import to_builtins

    from freehold.core.http import shown
    from freehold.store.catalog import get

    m = get(model)
    if as_json:
        print_json(to_builtins(m))
        return
    say(f"{m.name} from {shown(m.origin)}, fetched {m.fetched}")
    say(f"license: {m.license or 'unknown'}; commit: {m.commit or 'none'}")
    say(m.folder)
    rows([(f.path, amount(f.size), f.sha256) for f in m.files], color=None)


@command.command()
@as_json
def size(as_json: bool) -> None:
    """Say how much the store holds, and what was not used for longest."""
    from freehold.actions.store import size

    found = size()
    if as_json:
        print_json(found.form())
        return
    most = f" of at most {amount(found.quota)}" if found.quota is not None else ""
    say(f"{found.models} models, {amount(found.size)}{most}; {amount(found.free)} free")
    for place in found.places:
        say(place)
    if found.longest_unused:
        say(f"longest not used: {', '.join(found.longest_unused)}")


@command.command()
@click.argument("model")
@click.option("--dry-run", is_flag=True, help="Say what would go; remove nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def remove(model: str, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Remove a model; files that another model shares stay."""
    from freehold.actions.store import remove
    from freehold.core.errors import UsageError

    manifest, gone, freed = remove(model, dry_run=True)
    if not dry_run and not yes:
        if as_json or not sys.stdin.isatty():
            raise UsageError(f"{manifest.name} stays: nobody said yes", hint="add --yes")
        click.confirm(f"Remove {manifest.name} ({amount(freed)})?", abort=True)
    if not dry_run:
        remove(model)
    if as_json:
        print_json({"name": manifest.name, "removed": not dry_run, "freed": freed,
                    "files": [str(path) for path in gone]})  # fmt: skip
        return
    if dry_run:
        rows([(str(path),) for path in gone], color=None)
    say(f"{manifest.name}: {amount(freed)} {'would be' if dry_run else 'are'} free")


@command.command()
@click.argument("model", required=False)
@click.option("--repair", is_flag=True, help="Fetch what is wrong, and only that.")
@as_json
@click.pass_context
def verify(ctx: click.Context, model: str | None, repair: bool, as_json: bool) -> None:
    """Hold every byte against its digest. Exit code 3 when one is wrong."""
    from freehold.actions.get import watching
    from freehold.actions.store import verify

    with Progress() as progress:
        watch = watching(bytes=progress.bytes, says=progress.says)
        found = verify(model, repair=repair, watch=watch)
    if as_json:
        print_json([one.form() for one in found])
    else:
        for one in found:
            mended = f"; {amount(one.repaired)} fetched to repair it" if one.repaired else ""
            say(f"{one.manifest.name}: {'every byte is right' if one.good else 'damaged'}{mended}")
            for file in one.checked:
                if file.problem:
                    say(f"  {file.file.path}: {file.problem}")
        if not found:
            say("The store is empty.")
    ctx.exit(0 if all(one.good for one in found) else 3)


@command.command()
@click.argument("model")
@click.argument("folder", type=click.Path(path_type=Path))
@as_json
def link(model: str, folder: Path, as_json: bool) -> None:
    """Show a model's files as links in a folder of yours."""
    from freehold.actions.store import link

    made = link(model, folder)
    if as_json:
        print_json([str(path) for path in made])
    else:
        say(f"{len(made)} links in {folder}")
