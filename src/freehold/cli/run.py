"""`freehold run`."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from freehold.cli._flags import TaskCommand
from freehold.cli._out import as_json, print_json, rows
from freehold.cli._size import Size
from freehold.core.errors import BrokenInput, UsageError

if TYPE_CHECKING:
    from freehold.actions.run import Answer, Ready
    from freehold.tasks.text_generation import Piece

KV = ("f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0")
LARGEST_INPUT = 64 * 2**20


@click.command(
    cls=TaskCommand,
    task="text_generation",
    short_help="Run a model on this machine: ask it, and see what it took.",
)
@click.argument("model")
@click.argument("prompt", required=False)
@click.option("--engine", metavar="NAME", help="Run it with this engine.")
@click.option("--context", type=Size("tokens", "32k", binary=True), help="Tokens it can hold.")
@click.option("--kv", type=click.Choice(KV), default="f16", help="Precision of keys and values.")
@click.option("--threads", type=click.IntRange(1, 1024), help="Threads to compute with.")
@click.option("--gpu-layers", type=click.IntRange(0), help="Layers to keep on graphics cards.")
@click.option("--untuned", is_flag=True, help="As it is, not as tune-engine found it fastest.")
@click.option("--why", is_flag=True, help="Say how it would be run and why, and stop.")
@as_json
def command(
    model: str, prompt: str | None, as_json: bool, why: bool, untuned: bool, **wishes: Any
) -> None:
    """Ask MODEL, a GGUF file or a folder with one, and print its answer as it comes.

    \b
    Examples:
      freehold run ./model.gguf "Why is the sky blue?"
      freehold run ./model.gguf --schema form.json --json "Name and year, please"
      echo "Why is the sky blue?" | freehold run ./model.gguf -
      freehold run ./model.gguf --why

    PROMPT - reads from the input. The engine is a process of its own that is confined as
    far as this platform can (`freehold doctor`). What it took is written into the ledger;
    what was said is not.
    """
    wishes = {name: value for name, value in wishes.items() if _is_said(value)}
    wishes |= {"tuned": False} if untuned else {}
    if why:
        _explain(model, wishes, as_json)
        return
    from freehold.actions.run import stream

    wishes = {**wishes, **_files(wishes)}
    parts = stream(model, _prompt(prompt), **wishes)
    answer = _last(parts) if as_json else show(parts)
    if as_json:
        print_json(answer.form())


def _is_said(value: Any) -> bool:
    """Whether an option was given; zero is."""
    return value is not None and value is not False and value != ()


def show(parts: "Iterator[Piece | Answer]") -> "Answer":
    """Print the pieces as they come, then what it took on the error stream."""
    from freehold.actions.run import Answer

    thinking = False
    for part in _waiting(parts):
        if isinstance(part, Answer):
            _close(part)
            return part
        if part.thinking != thinking:
            click.echo("\n" if thinking else "", nl=False)
            thinking = part.thinking
        text = _harmless(part.text) if sys.stdout.isatty() else part.text
        click.echo(click.style(text, dim=True) if thinking else text, nl=False)
        sys.stdout.flush()
    raise UsageError("the engine gave no answer")


def _waiting(parts: "Iterator[Piece | Answer]") -> "Iterator[Piece | Answer]":
    """The same parts; in a terminal it says what is waited for until the first one comes."""
    shown = sys.stderr.isatty()
    if shown:
        click.echo("loading the model ...", err=True, nl=False)
    try:
        first = next(parts, None)
    finally:
        if shown:
            click.echo("\r\x1b[K", err=True, nl=False)
    if first is not None:
        yield first
    yield from parts


def _harmless(text: str) -> str:
    """The text without signs that would steer a terminal."""
    return "".join(sign for sign in text if sign.isprintable() or sign in "\n\t")


def _close(answer: "Answer") -> None:
    """The end of the line, what must be known, and what it took."""
    result, took = answer.result, answer.measured
    click.echo()
    if result.cut:
        cut = result.cut
        said = f"{cut.tokens:,} of {cut.total:,} tokens were cut from the {cut.where}"
        click.echo(f"note: {said} of the prompt", err=True)
    for note in answer.notes:
        click.echo(f"note: {note}", err=True)
    if result.finish == "length":
        click.echo("note: the answer ends at --max-tokens", err=True)
    speed = result.times.decode_speed
    words = [
        f"{took.engine} {took.version or ''}".strip(),
        f"loaded in {took.load:.1f} s",
        f"first token after {took.first_token:.2f} s",
        f"{result.spent.prompt} + {result.spent.generated} tokens",
        *([f"{speed:.1f} tokens per second"] if speed else []),
        f"{took.peak / 2**20:,.0f} MiB at most",
    ]
    click.echo(click.style("; ".join(words), dim=True), err=True)


def _last(parts: "Iterator[Piece | Answer]") -> "Answer":
    from freehold.actions.run import Answer

    for part in parts:
        if isinstance(part, Answer):
            return part
    raise UsageError("the engine gave no answer")


def _prompt(said: str | None) -> str:
    """The prompt, from the input when it is `-` or when it is left out and something is piped."""
    if said is not None and said != "-":
        return said
    if said is None and sys.stdin.isatty():
        raise UsageError("there is no prompt", hint='freehold run MODEL "your prompt"')
    text = sys.stdin.read(LARGEST_INPUT)
    if len(text) == LARGEST_INPUT:
        raise BrokenInput("the input has more than 64 MiB")
    return text


def _files(wishes: dict[str, Any]) -> dict[str, Any]:
    """The contents of the files that options name."""
    found: dict[str, Any] = {}
    for name in ("schema", "grammar"):
        if name in wishes:
            found[name] = _read(wishes[name])
    if "schema" in found:
        try:
            found["schema"] = json.loads(found["schema"])
        except ValueError as error:
            raise BrokenInput(f"{wishes['schema']}: is not JSON: {error}") from error
        if not isinstance(found["schema"], dict):
            raise BrokenInput(f"{wishes['schema']}: a schema is a table")
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise BrokenInput(f"{path}: cannot be read: {why}") from error


def _explain(model: str, wishes: dict[str, Any], as_json: bool) -> None:
    """How it would be run, without running it."""
    from freehold.actions.run import Wishes, prepare

    ready = prepare(
        model, Wishes(**{k: wishes[k] for k in Wishes.__struct_fields__ if k in wishes})
    )
    form = _why(ready)
    if as_json:
        print_json(form)
        return
    rows(
        [
            ("model", f"{form['model']}: {form['architecture']}, {form['size'] / 1e6:,.0f} MB"),
            ("context", f"{form['context']:,} tokens; trained for {form['trained'] or 'unknown'}"),
            *(
                (c["name"], ("taken: " if c["taken"] else "") + c["because"])
                for c in form["engines"]
            ),
            *([("tuned", ready.tuned.says)] if ready.tuned else []),
            *(("note", note) for note in form["notes"]),
        ],
        indent=0,
        color=None,
    )


def _why(ready: "Ready") -> dict[str, Any]:
    model, setting = ready.model, ready.job.setting
    return {
        "model": model.name,
        "architecture": model.architecture,
        "size": model.size,
        "trained": model.context,
        "context": setting.context,
        "kv": setting.keys,
        "engines": [
            {"name": c.engine.name, "taken": c.taken, "because": c.because}
            for c in ready.candidates
        ],
        "tuned": ready.tuned.form() if ready.tuned else None,
        "notes": list(ready.notes),
    }
