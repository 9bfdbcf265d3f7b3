"""Shows the answer of a model as it comes, and what it took on the error stream."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from freehold.cli._pictures import shown
from freehold.core.errors import UsageError

if TYPE_CHECKING:
    from freehold.actions.answer import Answer
    from freehold.tasks.base import Progress


def show(parts: Iterator[Any]) -> "Answer":
    """Print pieces as they come, or the whole at the end; then what must be known of it."""
    from freehold.actions.answer import Answer
    from freehold.tasks.base import Progress

    writer = _Writer()
    for part in _waiting(parts):
        if isinstance(part, Answer):
            writer.end(part)
            for line in shown(part):
                click.echo(line)
            _close(part)
            return part
        if isinstance(part, Progress):
            _draw(part)
        else:
            writer.take(part)
    raise UsageError("the engine gave no answer")


class _Writer:
    """Writes the pieces of a text; what is only thought is dim."""

    def __init__(self) -> None:
        self._thinking, self._begun = False, False

    def take(self, piece: Any) -> None:
        """Write the next letters."""
        thinking = getattr(piece, "thinking", False)
        if thinking != self._thinking:
            click.echo("\n" if self._thinking else "", nl=False)
            self._thinking = thinking
        text = _harmless(piece.text)
        click.echo(click.style(text, dim=True) if thinking else text, nl=False)
        self._begun = self._begun or bool(text)
        sys.stdout.flush()

    def end(self, answer: "Answer") -> None:
        """End the line; the words of a result that did not come piece by piece."""
        _draw(None)
        click.echo("" if self._begun else _harmless(answer.text))


def _waiting(parts: Iterator[Any]) -> Iterator[Any]:
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


def _draw(progress: "Progress | None") -> None:
    """One line of a terminal that says how far it is; None takes it away."""
    if not sys.stderr.isatty():
        return
    words = ""
    if progress is not None:
        left = f", {progress.left:,.0f} seconds left" if progress.left else ""
        words = f"{progress.done} of {progress.of} {progress.what}{left}"
    click.echo(f"\r\x1b[K{words}", err=True, nl=False)


def _harmless(text: str) -> str:
    """The text without signs that would steer a terminal, where it goes to one."""
    if not sys.stdout.isatty():
        return text
    return "".join(sign for sign in text if sign.isprintable() or sign in "\n\t")


def _close(answer: "Answer") -> None:
    """The files that were written, what must be known, and what it took."""
    from freehold.tasks.text_generation import Result as Text

    for path in answer.files:
        click.echo(f"wrote {path}", err=True)
    text = answer.result if isinstance(answer.result, Text) else None
    if text and text.cut:
        said = f"{text.cut.tokens:,} of {text.cut.total:,} tokens were cut from the"
        click.echo(f"note: {said} {text.cut.where} of the prompt", err=True)
    for note in answer.notes:
        click.echo(f"note: {note}", err=True)
    if text and text.finish == "length":
        click.echo("note: the answer ends at --max-tokens", err=True)
    click.echo(click.style("; ".join(_took(answer)), dim=True), err=True)


def _took(answer: "Answer") -> Iterator[str]:
    """The engine, times, amounts and memory in words."""
    took, work = answer.measured, answer.measured.work
    yield f"{took.engine} {took.version or ''}".strip()
    if took.peak is not None:
        yield f"loaded in {took.load:.1f} s"
    if work is None:
        spent, speed = answer.result.spent, answer.result.times.decode_speed
        yield f"first token after {took.first_token:.2f} s"
        yield f"{spent.prompt} + {spent.generated} tokens"
        if speed:
            yield f"{speed:.1f} tokens per second"
    else:
        yield f"{work.count:,.4g} {work.unit} in {work.seconds:.2f} s"
    yield "elsewhere" if took.peak is None else f"{took.peak / 2**20:,.0f} MiB at most"
