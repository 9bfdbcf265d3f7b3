"""`freehold policy`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from freehold.cli._out import as_json, base, print_json, rows, say, title

if TYPE_CHECKING:
    from freehold.actions.policy import Tried


@click.group(short_help="Say which models may be used here, and test what that means.")
def command() -> None:
    """Write, show and test the policies that hold here: the organization's, the project's, yours.

    \b
    Examples:
      freehold policy show
      freehold policy test
      freehold policy test llama-3.2-1b
    """


@command.command()
@click.option("--project", is_flag=True, help="For this folder and those below.")
@click.option("--file", type=click.Path(path_type=Path), help="Write it into this new file.")
@as_json
def init(project: bool, file: Path | None, as_json: bool) -> None:
    """Write a commented policy in which no rule holds yet; yours, or that of a project."""
    from freehold.actions.policy import new_policy
    from freehold.store.ledger import note

    place = new_policy(
        project=project,
        file=file,
        note=lambda kind, facts: note(kind, facts, required=False, warn=_warn),
    )
    if as_json:
        print_json({"file": str(place)})
    else:
        say(f"{place} is written. Take the # away from the rules that should hold.")


@command.command()
@as_json
def show(as_json: bool) -> None:
    """Show the policies that hold here and their rules. Exit code 3 when one is broken."""
    from freehold.actions.policy import policy
    from freehold.judge.policy import asked

    held = policy(base=base())
    if as_json:
        print_json(held.form())
        return
    for placed in held.policies:
        title(f"{placed.where}: {placed.policy.mode} ({placed.path})")
        sentences = base().words["policy-rules"]
        rows([(rule, sentences[rule]) for rule in asked(placed.policy)], color=None)
        rows(
            [
                (f"waiver of {w.rule}", f"{w.model} until {w.until}, {w.person}: {w.reason}")
                for w in placed.policy.waivers
            ],
            color=None,
        )
    if not held.policies:
        say("No policy holds here. One could be:")
        rows([(where, path) for where, path in held.places], color=None)


@command.command("test")
@click.argument("models", nargs=-1)
@click.option("--file", type=click.Path(path_type=Path), help="Try this policy instead.")
@as_json
@click.pass_context
def test_(ctx: click.Context, models: tuple[str, ...], file: Path | None, as_json: bool) -> None:
    """Say what the policies say of MODELS, or try their own examples.

    Exit code 1 when a model is refused, or an example does not come out as it should.
    """
    from freehold.actions.policy import try_policy

    tried = try_policy(models, file=file, base=base())
    if as_json:
        print_json([one.form() for one in tried])
    elif tried:
        rows([(one.model, one.decision.outcome, _says(one)) for one in tried])
    else:
        say("No policy that holds here has examples.")
    bad = any(one.decision.refused for one in tried) if models else not all(o.right for o in tried)
    ctx.exit(1 if bad else 0)


def _says(one: "Tried") -> str:
    """The objections, what cannot be judged by names alone, and the example's verdict."""
    lines = [str(objection) for objection in one.decision.objections]
    if one.decision.unjudged:
        lines.append(f"judged when there are files: {', '.join(one.decision.unjudged)}")
    if one.expected:
        wanted = f"{one.expected} by {one.rule}" if one.rule else one.expected
        lines.append(f"as expected: {wanted}" if one.right else f"NOT as expected: {wanted}")
    return "\n".join(lines)


def _warn(text: str) -> None:
    click.echo(f"warning: {text}", err=True)
