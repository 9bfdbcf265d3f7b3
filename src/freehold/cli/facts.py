"""`freehold facts`."""

import click

from freehold.cli._out import as_json, base, print_json, rows, say


@click.group(short_help="List, validate and date the facts of the knowledge base.")
def command() -> None:
    """Look into the knowledge base itself, and into your own facts laid over it.

    \b
    Examples:
      freehold facts list
      freehold facts validate
      freehold facts stale
      freehold facts words permissions
    """


@command.command("list")
@as_json
def list_(as_json: bool) -> None:
    """Count the files of each folder, shipped and your own."""
    from freehold.actions.facts import contents

    found = contents(base())
    if as_json:
        print_json({"shipped": found.shipped, "own": found.own, "overlay": str(found.overlay)})
        return
    rows(
        [
            (name, f"{n} shipped", f"{found.own[name]} of your own")
            for name, n in found.shipped.items()
        ],
        color=None,
    )
    say(f"Your own facts go into {found.overlay}")


@command.command()
@as_json
@click.pass_context
def validate(ctx: click.Context, as_json: bool) -> None:
    """Check every file: words, references, dates, sources. Exit code 3 when something is wrong."""
    from freehold.actions.facts import problems

    found = problems(base())
    if as_json:
        print_json([{"file": p.file, "field": p.field, "message": p.message} for p in found])
    else:
        for problem in found:
            say(str(problem))
        say(f"{len(found)} problems" if found else "Every file is in order.")
    base.cache_clear()
    ctx.exit(3 if found else 0)


@command.command()
@as_json
def stale(as_json: bool) -> None:
    """List the facts that nobody has looked at for more than a year."""
    from freehold.actions.facts import old

    found = old(base())
    if as_json:
        print_json(
            [{"file": s.file, "field": s.field, "checked": s.checked.isoformat()} for s in found]
        )
        return
    rows([(s.checked.isoformat(), s.file, s.field) for s in found], color=None)
    say(f"{len(found)} facts are older than a year" if found else "No fact is older than a year.")


@command.command()
@click.argument("vocabulary", required=False)
@as_json
def words(vocabulary: str | None, as_json: bool) -> None:
    """List the closed lists, or the words of one with what each means."""
    from freehold.actions.facts import vocabulary as read

    lists = [read(vocabulary, base())] if vocabulary else list(base().vocabularies.values())
    if as_json:
        print_json({v.id: v.words for v in lists})
    elif vocabulary:
        rows(list(lists[0].words.items()), color=None)
    else:
        rows([(v.id, v.says) for v in lists], color=None)


@command.command()
@click.argument("id")
@as_json
def where(id: str, as_json: bool) -> None:
    """Show the files in which the facts about a family, license or list stand."""
    from freehold.actions.facts import file_of

    found = file_of(id, base())
    if as_json:
        print_json(found)
        return
    rows([(folder, path) for folder, paths in found.items() for path in paths], color=None)
