"""The answer of `cost` as one self-contained HTML page."""

from collections.abc import Iterator
from importlib.metadata import version

from freehold.actions.cost import Cost
from freehold.actions.cost_options import Option
from freehold.actions.cost_svg import drawing
from freehold.actions.cost_words import (
    cheapest_words,
    how_words,
    meeting_words,
    volume_words,
)
from freehold.actions.page import POLICY
from freehold.actions.page_parts import Markup, bullets, el, join, section, small, table
from freehold.actions.page_style import STYLE

PICTURE = """.chart { overflow-x: auto; }
svg.fc { width: 100%; min-width: 36rem; height: auto; display: block; break-inside: avoid; }
@media print { svg.fc { min-width: 0; } }
"""


def page(found: Cost) -> str:
    """The page; it fetches nothing and holds no script."""
    title = f"A month of {volume_words(found.volume)}"
    metas = (
        '<meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
    )
    style = Markup(f"<style>{STYLE}{PICTURE}</style>")
    head = el("head", Markup(metas), el("title", f"Cost: {title}"), style)
    body = el("div", _header(found, title), el("main", *_parts(found)), _footer(), class_="page")
    return f'<!DOCTYPE html>\n<html lang="en">\n{head}\n{el("body", body)}\n</html>\n'


def _header(found: Cost, title: str) -> Markup:
    model = el("p", "With the open model ", el("code", found.model)) if found.model else ""
    return el(
        "header",
        el("p", "Own or rent", class_="over"),
        el("h1", title),
        el("p", cheapest_words(found) + ".", class_="lead"),
        model,
    )


def _parts(found: Cost) -> Iterator[Markup]:
    yield section("costs", "What it costs", _costs(found))
    if found.chart:
        wide = {"class_": "chart", "tabindex": "0", "role": "group", "aria_label": "Picture"}
        yield section("volume", "Cost over volume", el("div", drawing(found), **wide))
    if found.meetings:
        yield section("even", "Where the machine becomes cheaper", _meetings(found))
    notes = (join(el("strong", o.name), ": ", "; ".join(o.notes)) for o in found.options if o.notes)
    yield section("basis", "What this rests on", bullets([*notes, *found.notes], "remarks"))


def _costs(found: Cost) -> Markup:
    heads = ("Way to pay", "US dollars a month", "How")
    return table("What a month costs, each way", heads, (_row(o) for o in in_order(found)))


def in_order(found: Cost) -> list[Option]:
    """The cheapest first, what is not known last."""
    return sorted(found.options, key=lambda o: o.month.value if o.month else float("inf"))


def _row(option: Option) -> tuple[str, str, str]:
    month = option.month
    price = el("strong", f"{month.value:,.2f}") if month else join("not known")
    if month and month.high > month.low:
        price = join(price, small(f"{month.low:,.2f} to {month.high:,.2f}"))
    return join(f"{option.letter}  {option.name}"), price, join(how_words(option))


def _meetings(found: Cost) -> Markup:
    rows = ((m.site, m.against, meeting_words(m, found.volume)) for m in found.meetings)
    return table("From which volume on a machine is cheaper", ("Machine", "Against", "When"), rows)


def _footer() -> Markup:
    says = (
        f"Computed by freehold {version('freehold')} from stated figures and dated prices. "
        "Taxes, staff not stated, and what a move costs are not in it."
    )
    return el("footer", el("p", says, class_="small"))
