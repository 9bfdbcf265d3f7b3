"""The few elements that a page is built of; every text is escaped where it is put in."""

import re
from collections.abc import Iterable, Sequence
from html import escape

from freehold.knowledge.words import HTTPS

TONES = {
    **dict.fromkeys(("yes", "holds", "meets", "fully open", "class I"), "good"),
    **dict.fromkeys(("open weights", "class II", "class III"), "fair"),
    **dict.fromkeys(("conditional", "partial", "restricted weights", "warning"), "care"),
    **dict.fromkeys(("no", "fails", "contradicted", "proprietary", "open API"), "bad"),
    **dict.fromkeys(("no class", "open-washing", "problem"), "bad"),
}
"""Words -> colors; every other word is gray. The word itself always stands there too."""

_NOT_SHOWN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
"""What no HTML text may hold, and marks that turn the direction of what follows."""
_ADDRESS = re.compile(r"(https://[^\s<>\"“”()]*[^\s<>\"“”().,;:!?])")


class Markup(str):
    """HTML already; every other text is escaped."""

    __slots__ = ()


def join(*parts: str) -> Markup:
    """Several parts as one, each escaped unless it is markup."""
    return Markup("".join(part if isinstance(part, Markup) else _text(part) for part in parts))


def el(tag: str, *content: str, **attributes: str) -> Markup:
    """An element; `class_` is written class, `aria_label` aria-label."""
    named = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_text(value)}"'
        for name, value in attributes.items()
    )
    return Markup(f"<{tag}{named}>{join(*content)}</{tag}>")


def _text(text: str) -> str:
    return escape(_NOT_SHOWN.sub("\ufffd", text))


def link(url: str, shown: str | None = None) -> Markup:
    """A link to an https address; anything else is only shown."""
    shown = shown or url.removeprefix("https://").rstrip("/")
    if not HTTPS.pattern.fullmatch(url):
        return join(shown)
    return el("a", shown, href=url, rel="noopener noreferrer")


def linked(text: str) -> Markup:
    """A text in which https addresses are links."""
    return join(*(link(part) if n % 2 else part for n, part in enumerate(_ADDRESS.split(text))))


def badge(word: str) -> Markup:
    """A word on the color of its meaning."""
    return el("span", word, class_=f"badge {TONES.get(word, 'gray')}")


def small(*content: str) -> Markup:
    """What stands below something else, less loud."""
    return el("div", *content, class_="small")


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    """A table whose first column names the row; roles keep it one where it is shown stacked."""
    top = (el("th", head, scope="col", role="columnheader") for head in heads)
    return el(
        "table",
        el("caption", caption),
        el("thead", el("tr", *top, role="row"), role="rowgroup"),
        el("tbody", *(_row(row) for row in rows), role="rowgroup"),
        role="table",
    )


def _row(cells: Sequence[str]) -> Markup:
    first = el("th", cells[0], scope="row", role="rowheader")
    return el("tr", first, *(el("td", cell, role="cell") for cell in cells[1:]), role="row")


def facts(rows: Iterable[tuple[str, str]]) -> Markup:
    """Names and what they stand for; what is empty is left out."""
    pairs = (el("div", el("dt", name), el("dd", what)) for name, what in rows if what)
    return el("dl", *pairs, class_="facts")


def bullets(rows: Iterable[str], kind: str) -> Markup:
    """A list."""
    return el("ul", *(el("li", row) for row in rows), class_=kind)


def section(id: str, title: str, *content: str) -> Markup:
    """A part of the page under a heading."""
    heading = el("h2", title, id=f"{id}-title")
    return el("section", heading, *content, id=id, aria_labelledby=f"{id}-title")
