"""`freehold plan`."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from freehold.cli._bars import bar, edge, key
from freehold.cli._out import as_json, base, figure, print_json, rows, say, title, width
from freehold.cli._size import Number, Size

if TYPE_CHECKING:
    from freehold.actions.history import Past
    from freehold.actions.plan import Plan
    from freehold.judge.speed.rates import Speed

GIB = 2**30
KV = ("f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "fp8")


class Pixels(click.ParamType[tuple[int, int]]):
    """The size of a picture: 1024x768."""

    name = "pixels"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Width and height; fails with an example of the form."""
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"\s*(\d{1,5})\s*[x×]\s*(\d{1,5})\s*", str(value))
        if match is None or not all(16 <= int(side) <= 16_384 for side in match.groups()):
            self.fail(f"{value!r} is no size of a picture; write 1024x768", param, ctx)
        return int(match[1]), int(match[2])


SHOWN = 20
"""Earlier runs that are printed."""
LABEL = 12
"""Columns in front of a bar."""


@click.command(short_help="Predict memory and speed of a model, part by part, before it is here.")
@click.argument("model", required=False)
@click.option("--context", type=Size("tokens", "32k", binary=True), help="Tokens per sequence.")
@click.option("--parallel", type=click.IntRange(1, 1024), default=1, show_default=True,
              help="Sequences at once.")  # fmt: skip
@click.option("--kv", type=click.Choice(KV), default="f16", show_default=True,
              help="How keys and values are kept.")  # fmt: skip
@click.option("--engine", metavar="NAME", help="llama.cpp, transformers, vllm or diffusers.")
@click.option("--size", type=Pixels(), default="1024x1024", show_default=True,
              help="Of a picture, where the model makes pictures.")  # fmt: skip
@click.option("--seconds", type=Number(0.1, 86_400), default=30.0, show_default=True,
              help="Of a recording, where the model takes sound.")  # fmt: skip
@click.option("--draft", metavar="MODEL", help="With a smaller model that drafts for it.")
@click.option("--precision", metavar="NAME", help="How weights are stored, such as q4_K_M.")
@click.option("--machine", "--gpu", "on", metavar="NAME",
              help='Another machine: "RTX 4090", h100x2, "M4 Max".')  # fmt: skip
@click.option("--memory", type=Size("bytes", "8GB"), help="Memory for the model, instead.")
@click.option("--history", "past", is_flag=True, help="Earlier runs: predicted beside measured.")
@as_json
@click.pass_context
def command(
    ctx: click.Context, /, model: str | None, past: bool, as_json: bool, **asked: object
) -> None:
    """Predict what a model takes and how fast it runs, before anything is downloaded.

    Exit code 1 means that it does not fit.

    \b
    Examples:
      freehold plan llama-3.2-1b --context 8k
      freehold plan qwen3-8b --gpu "RTX 4090" --context 32k
      freehold plan olmo-2-1124-7b --machine h100x2 --json
      freehold plan --history
    """
    if past:
        print_history(model, as_json)
        return
    if model is None:
        raise click.UsageError("name a model, a file, an address or hf:OWNER/NAME", ctx)
    from freehold.actions.plan import plan

    found = plan(model, base=base(), **asked)  # type: ignore[arg-type]
    if as_json:
        print_json(found.form())
    else:
        show(found)
    ctx.exit(0 if found.fitted.fits else 1)


def show(plan: "Plan") -> None:
    """Print the plan: what, the bar, limits, precisions, ways out, notes."""
    artifact = plan.artifact
    say(f"{artifact.name}: {artifact.says}")
    weights = f"weights in {plan.precision}, " if plan.precision else ""
    say(f"on {plan.place.name} with {artifact.engine}: {weights}{_asked(plan)}")
    _memory(plan)
    title("Limits and speed")
    rows([*_limits(plan), *_speeds(plan)], color=None)
    if plan.choices:
        title("Precisions")
        rows(_choices(plan), color=2)
    if plan.fitted.ways:
        title("What would make it fit")
        rows([(way.change, gib(way.peak), way.costs) for way in plan.fitted.ways], color=None)
    if plan.notes:
        click.echo()
        rows([("note", note) for note in plan.notes], indent=0, color=None)


def _asked(plan: "Plan") -> str:
    """The setting in words."""
    setting = plan.fitted.setting
    if not plan.artifact.lengthy:
        return f"{setting.parallel} at once"
    sequences = "1 sequence" if setting.parallel == 1 else f"{setting.parallel} sequences"
    kept = plan.precision if plan.artifact.engine == "transformers" else setting.keys
    return f"{sequences} of {setting.context:,} tokens, keys and values in {kept}"


def print_history(model: str | None, as_json: bool) -> None:
    """Print what was predicted for earlier runs beside what they took, and the errors."""
    from freehold.actions.history import history

    found = history(model)
    if as_json:
        print_json(found.form())
        return
    if not found.runs:
        say("No run is in the ledger yet. Next: freehold run FILE PROMPT")
        return
    title("Predicted and measured")
    head = ("when", "model", "engine", "memory", "", "off by", "tokens/s", "")
    rows([head, *(_past(run) for run in found.runs[-SHOWN:])], color=None)
    if found.errors:
        title("How far off memory was")
        rows(
            [
                (e.engine, e.architecture, f"{e.runs} runs", f"median {e.median:+.1%}",
                 f"worst {e.worst:+.1%}")
                for e in found.errors
            ],
            color=None,
        )  # fmt: skip


def _past(run: "Past") -> tuple[str, ...]:
    outcome = run.outcome
    expected = gib(run.predicted) if run.predicted else "-"
    speeds = [f"{s:.1f}" if s else "-" for s in (run.expected_decode, run.decode)]
    return (
        run.time[:16].replace("T", " "), run.model[:28], run.engine, expected, gib(run.measured),
        f"{outcome.error:+.1%}" if outcome else "-", *speeds,
    )  # fmt: skip


def _memory(plan: "Plan") -> None:
    """The bar with its key."""
    found, room = plan.fitted, plan.fitted.room
    parts = (found.parts.weights, found.parts.state, found.parts.compute, found.parts.overhead)
    columns = width() - LABEL
    verdict = "fits" if found.fits else "does not fit"
    most = "at most " if found.parts.bound else ""
    title(f"Memory: {most}{gib(found.parts.peak)} of {gib(room)}, {verdict}")
    click.echo(f"  {bar(parts, room, columns)}")
    mark = edge(parts, room, columns)
    if mark:
        click.echo(f"  {mark} {gib(room)}")
    names = ("weights", "state", "compute", "overhead")
    for number, (name, size) in enumerate(zip(names, parts, strict=True)):
        if size:
            click.echo(f"  {key(number)} {name:<10}{gib(size):>10}")
    if found.parts.peak > found.parts.total:
        click.echo(f"    {'loading':<10}{gib(found.parts.peak):>10} for a moment")


def _limits(plan: "Plan") -> Iterator[tuple[str, str]]:
    limits, setting, trained = plan.fitted.limits, plan.fitted.setting, plan.artifact.trained
    if not plan.artifact.lengthy:
        yield "parallel", f"up to {limits.parallel} at once"
        return
    made_for = f" of the {trained:,} that it was made for" if trained else ""
    if limits.context:
        whole = " (all that it was made for)" if limits.context == trained else made_for
        yield "context", f"up to {limits.context:,} tokens{whole}"
    else:
        yield "context", "not even the shortest fits"
    if limits.parallel:
        many = "one sequence" if limits.parallel == 1 else f"up to {limits.parallel} sequences"
        yield "parallel", f"{many} of {setting.context:,} tokens"


def _speeds(plan: "Plan") -> Iterator[tuple[str, str]]:
    found = plan.speed
    for other in plan.figures:
        yield other.name, f"{_span(other.speed)} {other.says}"
    if found is None:
        if not plan.figures:
            yield "speed", "not known for this kind of model or machine"
        return
    yield "writes", f"{_span(found.decode)} tokens per second"
    yield "reads", f"{_span(found.prefill)} tokens per second"
    yield "starts", f"after {_span(found.first_token)} s, with a prompt of {found.prompt} tokens"
    if plan.place.here and not found.measured:
        yield "", "not measured here yet: freehold machine --measure narrows this down"


def _span(speed: "Speed") -> str:
    """A figure with its interval, in as many digits as make sense."""
    return f"{figure(speed.value)} ({figure(speed.low)} to {figure(speed.high)})"


def _choices(plan: "Plan") -> Iterator[tuple[str, str, str, str]]:
    for choice in plan.choices:
        mark = "*" if choice.precision == plan.precision else " "
        verdict = "fits" if choice.fits else "no"
        yield f"{mark} {choice.precision}", f"{gib(choice.peak):>9}", verdict, choice.quality


def gib(size: int) -> str:
    """Bytes as GiB, or MiB where that says more."""
    return f"{size / GIB:.1f} GiB" if size >= GIB / 10 else f"{size / 2**20:.0f} MiB"
