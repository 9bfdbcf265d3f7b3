"""`freehold models`."""

import click

from freehold.cli._out import as_json, base, print_json, rows, say


@click.command(short_help="List or search the models of the knowledge base.")
@click.argument("query", nargs=-1)
@click.option("--task", metavar="TASK", help="Only for this task.")
@click.option("--kind", metavar="KIND", help="model, service, toolkit or method.")
@click.option("--level", metavar="LEVEL", help="Only on this level of openness.")
@as_json
@click.pass_context
def command(
    ctx: click.Context, query: tuple[str, ...], task: str | None, kind: str | None,
    level: str | None, as_json: bool,
) -> None:  # fmt: skip
    """List the families whose names, makers, tasks or summaries hold every word of QUERY.

    \b
    Examples:
      freehold models
      freehold models whisper
      freehold models --task chat --level fully-open
      freehold models --kind service
    """
    from freehold.actions.models import models

    found = models(" ".join(query), task=task, kind=kind, level=level, base=base())
    if as_json:
        print_json([row.form() for row in found])
    else:
        rows([
            (row.family.id, row.level, row.family.maker,
             str(row.family.released or ""), ", ".join(row.licenses) or row.family.kind)
            for row in found
        ])  # fmt: skip
        say(f"{len(found)} families" if found else "Nothing matches; freehold models lists all.")
    ctx.exit(0 if found else 1)
