"""`freehold get`."""

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from freehold.cli._out import as_json, base, print_json, rows, say, title
from freehold.cli._progress import Progress, amount
from freehold.core.errors import Contradiction

if TYPE_CHECKING:
    from freehold.actions.get import Brought, Plan
    from freehold.actions.get_terms import Agreement
    from freehold.actions.tuning import Tuned


@click.command(short_help="Bring a model here: verified, resumable, allowed, recorded.")
@click.argument("model")
@click.option("--format", "format", metavar="NAME", help="gguf, safetensors, onnx or tflite.")
@click.option("--precision", metavar="NAME", help="Which of several, such as q4_K_M.")
@click.option("--file", "files", multiple=True, metavar="NAME", help="This file; again for more.")
@click.option("--name", metavar="NAME", help="What it is called here, where it is not of the Hub.")
@click.option("--sha256", metavar="DIGEST", help="What the file of weights must be.")
@click.option("--accept", multiple=True, metavar="DIGEST", help="Accept the terms of this digest.")
@click.option("--dry-run", is_flag=True, help="Say what would come; fetch and store nothing.")
@click.option("--offline", is_flag=True, help="Ask nobody outside this machine.")
@click.option("--tune", is_flag=True, help="Then find what runs it fastest here (tune-engine).")
@as_json
def command(
    model: str,
    accept: tuple[str, ...],
    dry_run: bool,
    offline: bool,
    tune: bool,
    as_json: bool,
    **wishes: Any,
) -> None:
    """Bring a model here, with its license texts, and write it down.

    MODEL is hf:OWNER/NAME[@REVISION][/FILE], an https address, a folder or file, or a model
    of the knowledge base. Its card, licenses and headers are read first; a policy may refuse it.
    What breaks off goes on at the byte when the same is asked again.

    \b
    Examples:
      freehold get ./model.gguf --name mine
      freehold get ./model.gguf --dry-run
    """
    from freehold.actions.get import get, plan_get, watching

    if tune and dry_run:
        raise Contradiction("--tune needs the model here, and --dry-run brings nothing")
    if offline:
        os.environ["FREEHOLD_OFFLINE"] = "1"
    with Progress() as progress:
        watch = watching(bytes=progress.bytes, says=progress.says, begins=progress.begin)
        if dry_run:
            plan = plan_get(model, base=base(), watch=watch, **wishes)
        else:
            ask = None if as_json or not sys.stdin.isatty() else _ask
            came = get(model, accept=accept, ask=ask, base=base(), watch=watch, **wishes)
    tuned = _tuned(came.manifest.name) if tune else None
    if as_json:
        told = {"tuned": tuned.form()} if tuned else {}
        print_json({**(plan if dry_run else came).form(), **told})
    elif dry_run:
        _show(plan)
    else:
        _tell(came)
    if tuned and not as_json:
        say(f"tuned: {tuned.says}")


def _tuned(name: str) -> "Tuned":
    """Find what runs the model fastest here."""
    from freehold.actions.tune_engine import tune
    from freehold.cli._steps import Steps

    steps = Steps()
    return tune(name, say=steps.says, count=steps)


def _show(plan: "Plan") -> None:
    """Print what would be brought."""
    say(f"{plan.offer.name} from {plan.offer.source}; license: {plan.license or 'unknown'}")
    title("Files")
    rows(((f.path, amount(f.size or 0)) for f in plan.choice.files), color=None)
    how = "to share or copy" if plan.offer.source == "folder" else "to fetch"
    say(f"\n{amount(plan.size)} in all, {amount(plan.missing)} {how}; {amount(plan.room)} free")
    say(f"into {plan.folder}")
    if plan.decision:
        say(f"policy: {plan.decision.outcome}")
    for one in plan.agreements:
        say(f"must be accepted: {one.name}, --accept {one.digest}")
    for note in plan.notes:
        say(f"note: {note}")


def _tell(came: "Brought") -> None:
    """Print what came."""
    manifest = came.manifest
    for note in came.notes:
        click.echo(f"note: {note}", err=True)
    count = len(manifest.files)
    hows = sorted(set(came.how.values()) - {"download", "there"})
    by = f" by {' and '.join(hows)}" if hows else ""
    fetched = f"{amount(came.fetched)} fetched in {came.seconds:.1f} s; " if came.fetched else ""
    say(f"{manifest.name}: {count} file{'s' * (count != 1)}, {amount(manifest.size)}{by}")
    say(f"{fetched}license: {came.license or 'unknown'}")
    say(manifest.folder)


def _ask(one: "Agreement") -> bool:
    """Show the obligations, then the text, and ask a person for a typed yes."""
    from freehold.cli.accept import YES, ask

    return ask(one.of).strip().lower() == YES
