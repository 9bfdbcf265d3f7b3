"""`freehold engines`."""

import click

from freehold.cli._out import as_json, print_json, rows, title


@click.command(short_help="List the programs that run models: installed or how to.")
@as_json
def command(as_json: bool) -> None:
    """List every engine: whether it is installed, what it does, reads and computes on.

    \b
    Examples:
      freehold engines
      freehold engines --json
    """
    from freehold.actions.engines import engines

    found = engines()
    if as_json:
        print_json([row.form() for row in found])
        return
    for row in found:
        form = row.form()
        title(form["name"])
        at = f"{form['how']}, {form['version'] or 'version told when it runs'}, {form['at']}"
        rows(
            [
                ("installed", at if row.found else f"no; {form['install']}"),
                *([("built", row.native)] if row.native else []),
                ("tasks", ", ".join(form["tasks"])),
                ("formats", ", ".join(form["formats"])),
                ("models", ", ".join(form["architectures"] or ["all that its version knows"])),
                ("devices", ", ".join(form["devices"])),
            ],
            color=None,
        )
