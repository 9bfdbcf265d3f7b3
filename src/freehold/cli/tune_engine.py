"""`freehold tune-engine`."""

from typing import TYPE_CHECKING

import click

from freehold.cli._out import as_json, print_json, rows, say, title
from freehold.cli._size import Number

if TYPE_CHECKING:
    from freehold.actions.tuning import Tuned
    from freehold.judge.tuning import Trial


@click.command(
    name="tune-engine",
    short_help="Find the fastest engine, precision and setting for a model here.",
)
@click.argument("model")
@click.option("--engine", metavar="NAME", help="Try this engine alone.")
@click.option("--prompt-tokens", type=click.IntRange(16, 100_000), default=512, show_default=True,
              help="Length of the prompts that it is to be fast for.")  # fmt: skip
@click.option("--answer-tokens", type=click.IntRange(8, 100_000), default=64, show_default=True,
              help="Length of the answers.")  # fmt: skip
@click.option("--most-nats", type=Number(0, 10), default=0.05, show_default=True,
              help="Mean KL divergence up to which quality counts as kept.")  # fmt: skip
@click.option("--draft", metavar="MODEL", help="Also try a smaller model that drafts for it.")
@click.option("--same-weights", is_flag=True, help="Try no narrower precisions.")
@as_json
def command(
    model: str, engine: str | None, prompt_tokens: int, answer_tokens: int, most_nats: float,
    draft: str | None, same_weights: bool, as_json: bool,
) -> None:  # fmt: skip
    """Try the engines, precisions and settings that can run MODEL on this machine.

    Each gets the same short workload. How much a way changes what the model says is measured,
    too: the KL divergence of its next tokens from those of the model as it is. The fastest way
    within the bound is kept for `run` and `plan`; all figures go into the ledger. Takes minutes.

    \b
    Examples:
      freehold tune-engine ./model.gguf --same-weights --prompt-tokens 100
    """
    from freehold.actions.tune_engine import tune
    from freehold.cli._steps import Steps
    from freehold.judge.tuning import Workload

    steps = Steps()
    found = tune(
        model, workload=Workload(prompt_tokens, answer_tokens), most=most_nats, engine=engine,
        precisions=not same_weights, draft=draft, say=steps.says, count=steps,
    )  # fmt: skip
    if as_json:
        print_json(found.form())
    else:
        show(found)


def show(found: "Tuned") -> None:
    """Print what was tried, fastest first, and what is kept."""
    title(f"{found.workload.prompt} tokens read and {found.workload.answer} written")
    able = [trial for trial in found.trials if trial.timed]
    able.sort(key=lambda trial: trial.timed.seconds(found.workload) if trial.timed else 0.0)
    rows([("seconds", "reads", "writes", "differs by", "way"), *(_row(found, t) for t in able)],
         color=None)  # fmt: skip
    for trial in found.trials:
        if trial.wrong:
            say(f"{trial.name}: {trial.wrong}")
    click.echo()
    say(f"Kept for run and plan: {found.says}.")


def _row(found: "Tuned", trial: "Trial") -> tuple[str, ...]:
    timed, quality = trial.timed, trial.quality
    assert timed is not None
    told = quality.brief if quality else "not told"
    seconds = f"{timed.seconds(found.workload):.2f}"
    return seconds, f"{timed.prefill:.0f}", f"{timed.decode:.1f}", told, trial.name
