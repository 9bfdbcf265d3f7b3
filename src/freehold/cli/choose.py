"""`freehold choose`."""

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from freehold.cli._out import as_json, base, figure, print_json, rows, say, title
from freehold.cli._size import F, Size, who_asks

if TYPE_CHECKING:
    from freehold.actions.choose import Choice
    from freehold.actions.need import Asked
    from freehold.judge.choosing import Candidate

SHOWN_DUTIES = 4


def _several(*names: str, **settings: Any) -> Callable[[F], F]:
    """An option that may be given more than once."""
    return click.option(*names, multiple=True, **settings)


@click.command(short_help="Rank the open models that meet a need, with reasons.")
@click.argument("words", nargs=-1, metavar="[NEED]")
@click.option("--task", metavar="TASK", help="What it is for: chat, code, embed, transcribe, ...")
@click.option("--like", metavar="MODEL", help="An open alternative to this model.")
@_several("--for", "uses", metavar="USE", help="commercial, host, modify, redistribute, eu, ...")
@_several("--license", "licenses", metavar="ID", help="Only under one of these; osi for any.")
@click.option("--openness", metavar="LEVEL", help="fully-open, open-weights, restricted-weights.")
@_several("--language", "languages", metavar="NAME", help="Must handle it: French, de, ...")
@_several("--ability", "abilities", metavar="WORD", help="tools, vision, code, timestamps, ...")
@_several("--modality", "modalities", metavar="KIND", help="text, image, audio, ... in or out.")
@click.option("--memory", type=Size("bytes", "8GB"), help="What it may take (this machine's).")
@click.option("--machine", "--gpu", "on", metavar="NAME",
              help='Choose for another machine: "RTX 4090", h100x2.')  # fmt: skip
@click.option("--context", type=Size("tokens", "32k", binary=True), help="Tokens taken in at once.")
@click.option("--max-params", "max_parameters", type=Size("count", "7B"), help="At most so many.")
@_several("--not-from", "not_from", metavar="NAME", help="Not by this maker or country code.")
@who_asks
@_several("--ignore", metavar="OPTION", help="Leave out what was understood: memory, license, ...")
@click.option("--explain", is_flag=True, help="Say who understood the need: the model or a parser.")
@click.option("--most", type=click.IntRange(1, 20), default=5, show_default=True, help="How many.")
@as_json
@click.pass_context
def command(
    ctx: click.Context, /, words: tuple[str, ...], as_json: bool, ignore: tuple[str, ...],
    explain: bool, **needs: Any,
) -> None:  # fmt: skip
    """Rank the open models that you may use, that fit this machine and suit the need.

    The need may be said in plain words (English, German, French, Spanish), in options, or both:
    what was understood is shown, and an option takes the place of what was understood.

    \b
    Examples:
      freehold choose "transcribe French calls on my 8 GB laptop, commercially"
      freehold choose --task chat --for commercial
      freehold choose --task transcribe --language French --memory 8GB
      freehold choose --like gpt-4o --openness open-weights
      freehold choose --task embed --license osi --not-from US

    The order rests on dated public measurements, then age and openness, never on
    size. Exit code 1 means that nothing meets the need.
    """
    from freehold.actions.choose import choose

    known, asked = base(), None
    if words:
        from freehold.actions.need import ask_for

        asked = ask_for(" ".join(words), needs, base=known, ignore=ignore)
        needs = asked.options
    elif ignore or explain:
        raise click.UsageError("--ignore and --explain go with a need in words")
    choice = choose(**needs, base=known)
    if as_json:
        print_json(({"understood": asked.form()} if asked else {}) | choice.form())
    else:
        if asked:
            show_understood(asked, explain)
        show(choice)
    ctx.exit(0 if choice.ranked else 1)


def show_understood(asked: "Asked", explain: bool) -> None:
    """Print what was understood as the options that say the same, and who understood it."""
    title("Understood (an option changes it, --ignore leaves it out)")
    rows(asked.rows, color=None)
    if explain or asked.understood.failed:
        rows([("read by", asked.understood.by)], color=None)
    say("")


def show(choice: "Choice") -> None:
    """Print the ranked models with their reasons, then the near misses."""
    room = f"{choice.room.memory / 2**30:.1f} GiB of {choice.room.name}"
    say(f"{_need(choice)}; {room}; {choice.considered} models looked at")
    for place, candidate in enumerate(choice.ranked, 1):
        hub = f"  ({candidate.found.member.hub})" if candidate.found.member.hub else ""
        title(f"{place}. {candidate.id}{hub}")
        rows(_labeled_once(_lines(choice, candidate)), color=None)
    if not choice.ranked:
        title("Nothing meets the need.")
    if choice.refused:
        title("Near misses")
        rows([(c.id, "; ".join(c.refusals)) for c in choice.refused[:5]], color=None)
    if choice.ranked:
        say(f"\nNext: freehold check {choice.ranked[0].id}")


def _lines(choice: "Choice", candidate: "Candidate") -> Iterator[tuple[str, str]]:
    from freehold.judge.obligations import OCCASIONS

    for reason in choice.reasons(candidate):
        yield "why", reason
    for permit in candidate.found.permits:
        if permit.use in choice.need.uses:
            yield "may", f"{permit.use}: {permit.verdict} — {permit.because}"
    duties = choice.obligations(candidate)
    for row in duties[:SHOWN_DUTIES]:
        yield "must", f"{OCCASIONS[row.when]}: {row.do}"
    if len(duties) > SHOWN_DUTIES:
        yield "must", f"and {len(duties) - SHOWN_DUTIES} more: freehold check {candidate.id}"
    fit = candidate.found.fit
    if fit.speed:
        low, high = figure(fit.speed.low), figure(fit.speed.high)
        yield "speed", f"{figure(fit.speed.value)} ({low} to {high}) tokens per second"
    elif fit.speed_at_most:
        yield "speed", f"at most {fit.speed_at_most:g} tokens per second"


def _labeled_once(lines: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The label only on the first line of each kind."""
    for label, group in groupby(lines, key=lambda line: line[0]):
        for n, (_, text) in enumerate(group):
            yield ("" if n else label), text


def _need(choice: "Choice") -> str:
    need = choice.need
    parts = [need.task, *need.abilities]
    parts += [f"like {need.like}"] if need.like else []
    parts += [f"for {', '.join(need.uses)}"] if need.uses else []
    parts += [f"in {', '.join(need.languages)}"] if need.languages else []
    return ", ".join(parts)
