"""`freehold run`."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from freehold.cli._answer import show
from freehold.cli._flags import TaskCommand
from freehold.cli._out import as_json, print_json, rows
from freehold.cli._size import Size
from freehold.core.errors import BrokenInput, UsageError

if TYPE_CHECKING:
    from freehold.actions.answer import Answer
    from freehold.actions.run import Ready

KV = ("f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0")
LARGEST_INPUT = 64 * 2**20
FILE = click.Path(path_type=Path)


@click.command(cls=TaskCommand, short_help="Run a model on this machine, and see what it took.")
@click.argument("model", required=False)
@click.argument("inputs", nargs=-1, metavar="[INPUT]...")
@click.option("-o", "--out", type=FILE, help="Write what is made here: a file or a folder.")
@click.option("--task", metavar="TASK", help="Do this, where the model can do several things.")
@click.option("--engine", metavar="NAME", help="Run it with this engine.")
@click.option("--device", metavar="NAME", help="Run it on this device, such as cpu or cuda.")
@click.option("--precision", metavar="NAME", help="Run it in this precision, such as bf16.")
@click.option("--adapter", "adapters", multiple=True, type=FILE, help="Put this LoRA on top.")
@click.option("--projector", type=FILE, help="The mmproj file with which a GGUF model sees.")
@click.option("--draft", metavar="MODEL", help="A smaller model of its words, to propose them.")
@click.option(
    "--option",
    "options",
    multiple=True,
    metavar="NAME=VALUE",
    help="Say this to the engine, such as pooling=mean.",
)
@click.option("--context", type=Size("tokens", "32k", binary=True), help="Tokens it can hold.")
@click.option("--kv", type=click.Choice(KV), default="f16", help="Precision of keys and values.")
@click.option("--threads", type=click.IntRange(1, 1024), help="Threads to compute with.")
@click.option("--gpu-layers", type=click.IntRange(0), help="Layers to keep on graphics cards.")
@click.option("--untuned", is_flag=True, help="As it is, not as tune-engine found it fastest.")
@click.option("--why", is_flag=True, help="Say how it would be run and why, and stop.")
@as_json
def command(
    model: str | None, inputs: tuple[str, ...], as_json: bool, why: bool, **wishes: Any
) -> None:
    """Give INPUTs to MODEL, a file, a folder or what `get` brought, and take its answer.

    \b
    Examples:
      freehold run ./model.gguf "Why is the sky blue?"
      freehold run ./model.gguf notes.txt "Sum this up, please."
      freehold run ./model.gguf --schema form.json --json "Name and year, please"
      echo "Why is the sky blue?" | freehold run ./model.gguf -
      freehold run ./model.gguf --why

    Inputs are texts and files, pictures, sounds or tables as the model takes them; - reads a
    text from the input. Without MODEL our own small model reads the input, where freehold-seed is
    installed: it turns a need in plain words into a query.

    What is made as files is written to the folder you are in, unless -o says where. The engine is
    a process of its own that is confined as far as this platform can (`freehold doctor`). What it
    took is written into the ledger; what was said is not.
    """
    model = model or _own()
    wishes = {name: value for name, value in wishes.items() if _is_said(value)}
    if "options" in wishes:
        wishes["options"] = _named(wishes["options"])
    if wishes.pop("untuned", False):
        wishes["tuned"] = False
    if why:
        _explain(model, wishes, as_json)
        return
    from freehold.actions.run import stream

    wishes = {**wishes, **_files(wishes)}
    parts = stream(model, *_inputs(inputs), folder=Path.cwd(), **wishes)
    answer = _last(parts) if as_json else show(parts)
    if as_json:
        print_json(answer.form())


def _own() -> str:
    """Our own model, where nobody named another."""
    from freehold.actions.seed import HINT, NAME, seed_model

    if seed_model() is None:
        raise UsageError("no model is named, and freehold-seed is not installed", hint=HINT)
    return NAME


def _is_said(value: Any) -> bool:
    """Whether an option was given; zero is."""
    return value is not None and value is not False and value != ()


def _named(said: tuple[str, ...]) -> dict[str, str]:
    """The words for an engine by their names."""
    pairs = [word.partition("=") for word in said]
    for name, equals, _ in pairs:
        if not name or not equals:
            raise UsageError(f"--option takes NAME=VALUE, not {name!r}")
    return {name: value for name, _, value in pairs}


def _last(parts: Iterator[Any]) -> "Answer":
    from freehold.actions.answer import Answer

    for part in parts:
        if isinstance(part, Answer):
            return part
    raise UsageError("the engine gave no answer")


def _inputs(said: tuple[str, ...]) -> list[str | Path]:
    """Texts, and the files among them; from the input where `-` stands or nothing was said."""
    if not said:
        if sys.stdin.isatty():
            raise UsageError("there is no prompt", hint='freehold run MODEL "your prompt"')
        return [_piped()]
    return [_piped() if word == "-" else _input(word) for word in said]


def _input(word: str) -> str | Path:
    """A file when one is there; what looks like a name of one must be there."""
    from freehold.tasks.base import ENDINGS

    try:
        if len(word) < 1000 and "\n" not in word and Path(word).expanduser().is_file():
            return Path(word)
    except (OSError, RuntimeError):
        return word
    endings = tuple(ending for kind in ENDINGS.values() for ending in kind)
    if word.lower().endswith(endings) and re.fullmatch(r"\S+", word):
        raise BrokenInput(f"{word}: there is no such file")
    return word


def _piped() -> str:
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

    how = Wishes(**{k: wishes[k] for k in Wishes.__struct_fields__ if k in wishes})
    ready = prepare(model, how, wishes.get("task"))
    form = _why(ready)
    if as_json:
        print_json(form)
        return
    trained, draft = form["trained"] or "unknown", ready.job.draft
    rows(
        [
            ("model", f"{form['model']}: {form['architecture']}, {form['size'] / 1e6:,.0f} MB"),
            ("task", ", ".join([form["task"], *(f"or {task}" for task in form["other_tasks"])])),
            ("context", f"{form['context']:,} tokens; trained for {trained}"),
            *(
                (c["name"], ("taken: " if c["taken"] else "") + c["because"])
                for c in form["engines"]
            ),
            *([("draft", f"{draft.name} proposes what to write")] if draft else []),
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
        "format": model.format,
        "task": ready.task.id,
        "other_tasks": [task for task in model.tasks if task != ready.task.id],
        "size": model.size,
        "trained": model.context,
        "context": setting.context,
        "kv": setting.keys,
        "draft": str(ready.job.draft) if ready.job.draft else None,
        "engines": [
            {"name": c.engine.name, "taken": c.taken, "because": c.because}
            for c in ready.candidates
        ],
        "tuned": ready.tuned.form() if ready.tuned else None,
        "notes": list(ready.notes),
    }
