"""`freehold doctor`."""

import click

from freehold.cli._out import as_json, base, print_json, rows


@click.command(short_help="Look whether everything is in order, and say what to do if not.")
@as_json
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Look at the installation, the facts, your own facts and the machine.

    Exit code 4 means that something needs doing.

    \b
    Examples:
      freehold doctor
      freehold doctor --json
    """
    from freehold.actions.doctor import doctor, form

    checks = doctor(base())
    if as_json:
        print_json(form(checks))
    else:
        rows(
            (c.name, "yes" if c.ok else "no", " — ".join(filter(None, (c.says, c.hint))))
            for c in checks
        )
    ctx.exit(0 if all(c.ok for c in checks) else 4)
