"""`freehold cost`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from freehold.cli._chart import dollars, draw
from freehold.cli._cost_flags import cost_options, own_machine, rented_machine
from freehold.cli._out import as_json, base, print_json, rows, say, title, width

if TYPE_CHECKING:
    from freehold.actions.cost import Cost
    from freehold.actions.cost_options import Meeting, Option


@click.command(short_help="Own or rent: what a month costs at your volume, each way.")
@cost_options
@click.option("--svg", type=click.Path(path_type=Path), help="Write the picture into this file.")
@click.option("--html", type=click.Path(path_type=Path), help="Write a page into this file.")
@as_json
def command(as_json: bool, svg: Path | None, html: Path | None, **flags: Any) -> None:
    """Compare a month on your own machine, on a rented one, and through APIs.

    \b
    Examples:
      freehold cost --tokens-in 50M --tokens-out 10M --compare gpt-4o,claude-opus-5
      freehold cost --tokens-out 10M --purchase 2500 --watts 250 --kwh 0.30 --decode-speed 40
      freehold cost --tokens-out 1B --rent h100 --rent-price 2.5 --decode-speed 9806

    What is not stated and not known is left out and said. Prices of APIs are dated facts; one
    that was looked at more than 90 days ago is marked old.
    """
    found = _ask(flags)
    for file, write in ((svg, _svg), (html, _html)):
        if file:
            _write(file, write(found))
    if as_json:
        print_json(found.form())
    else:
        show(found)


def _ask(flags: dict[str, Any]) -> "Cost":
    """The question that the options put."""
    from freehold.actions.cost import cost
    from freehold.judge.costing.offers import Terms
    from freehold.judge.costing.work import Volume

    names = ("tokens_in", "tokens_out", "images", "audio_minutes")
    own = own_machine(flags)
    return cost(
        Volume(**{name: flags[name] or 0 for name in names}),
        compare=[name.strip() for name in (flags["compare"] or "").split(",") if name.strip()],
        model=flags["model"],
        own=own,
        rent=rented_machine(flags, base(), alone=own is None),
        terms=Terms(flags["cached"] or 0.0, flags["batch"], flags["prompt_tokens"]),
        base=base(),
    )


def show(found: "Cost") -> None:
    """Print the table, the picture and what it rests on."""
    from freehold.actions.cost_words import amount, volume_words

    say(f"A month of {volume_words(found.volume)}")
    title("What it costs")
    rows([_row(option) for option in sorted(found.options, key=_order)], color=None)
    if found.meetings:
        title("Where the machine becomes cheaper")
        rows([_meeting(m, found) for m in found.meetings], color=None)
    if found.chart:
        title("Cost over volume")
        for line in draw(found.chart, width(), lambda times: amount(found.volume, times)):
            click.echo(line)
        say("  " + "   ".join(_key(found)))
    title("What this rests on")
    rows([(o.letter, o.name, "; ".join(o.notes)) for o in found.options if o.notes], color=None)
    rows([("*", note) for note in found.notes], color=None)


def _order(option: "Option") -> float:
    return option.month.value if option.month else float("inf")


def _row(option: "Option") -> tuple[str, ...]:
    from freehold.actions.cost_words import how_words

    month = option.month
    price = dollars(month.value) if month else "not known"
    near = f", {dollars(month.low)} to {dollars(month.high)}" if month and _open(month) else ""
    return option.letter, option.name, price, how_words(option) + near


def _open(month: Any) -> bool:
    return bool(month.high - month.low > 0.005 * month.value)


def _meeting(m: "Meeting", found: "Cost") -> tuple[str, str]:
    from freehold.actions.cost_words import meeting_words

    return f"{m.site} and {m.against}", meeting_words(m, found.volume)


def _key(found: "Cost") -> Iterator[str]:
    """Which letter or filling is which."""
    if not found.chart:
        return
    filled = next((line for line in found.chart.lines if line.steps), None)
    for line in found.chart.lines:
        beyond = " (rises out of it)" if line.at(found.chart.right) > found.chart.top else ""
        yield f"{line.letter}{' ███' if line is filled else ''} {line.name}{beyond}"


def _svg(found: "Cost") -> str:
    from freehold.actions.cost_svg import picture

    return picture(found)


def _html(found: "Cost") -> str:
    from freehold.actions.cost_page import page

    return page(found)


def _write(file: Path, text: str) -> None:
    from freehold.core.errors import EnvironmentProblem

    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EnvironmentProblem(f"{file} cannot be written: {error.strerror}") from error
