"""`check --html`: the report on a model as one page that loads nothing and runs nothing."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Protocol

from freehold.actions import page_evidence as evidence
from freehold.actions import page_rights as rights
from freehold.actions.bom import repositories
from freehold.actions.check import Report
from freehold.actions.page_parts import (
    Markup,
    badge,
    bullets,
    el,
    facts,
    join,
    link,
    linked,
    section,
    small,
)
from freehold.actions.page_style import STYLE
from freehold.judge.licensing import how_read

SHOWN_PLACES = 3
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


class Remark(Protocol):
    """Something that a person should look at: what `check PATH` finds in files."""

    @property
    def kind(self) -> str:
        """What it is about."""
        ...

    @property
    def severity(self) -> str:
        """problem, warning or note."""
        ...

    @property
    def text(self) -> str:
        """What was found."""
        ...

    @property
    def evidence(self) -> str:
        """What it rests on."""
        ...


def page(report: Report, *, findings: Sequence[Remark] = ()) -> str:
    """The whole document; the same report gives the same text."""
    parts = [(id, title, part) for id, title, part in _parts(report, findings) if part]
    body = el(
        "div",
        _header(report, parts),
        el("main", *(section(*part) for part in parts)),
        _footer(report),
        class_="page",
    )
    return f'<!DOCTYPE html>\n<html lang="en">\n{_head(report)}\n{el("body", body)}\n</html>\n'


def _head(report: Report) -> Markup:
    metas = (
        '<meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
    )
    title = el("title", f"{report.family.name}: {report.level}")
    return el("head", Markup(metas), title, Markup(f"<style>{STYLE}</style>"))


def _parts(report: Report, findings: Sequence[Remark]) -> Iterator[tuple[str, str, Markup | None]]:
    """(id, title, content) of each section; one without content is left out."""
    yield "findings", "What to look at", _findings(findings)
    yield "may", "What you may do", rights.permits(report)
    yield "must", "What you must do", rights.obligations(report)
    yield "licenses", "Licenses", rights.licenses(report)
    yield "lineage", "What it was made from", rights.lineage(report)
    yield "openness", "How open it is", evidence.openness(report)
    yield "statements", "What is said of it, and what holds", evidence.statements(report)
    yield "compared", "What people compare it with", evidence.compared(report)
    yield "sources", "Sources", evidence.sources(report)


def _header(report: Report, parts: Sequence[tuple[str, str, Markup]]) -> Markup:
    family = report.family
    contents = (el("a", title, href=f"#{id}") for id, title, _ in parts)
    return el(
        "header",
        el("p", "Model report", class_="over"),
        el("h1", family.name),
        el("p", el("code", report.id)),
        el("p", family.summary, class_="lead"),
        el("p", badge(report.level), " ", linked(report.openness.because), class_="level"),
        facts(_about(report)),
        el("div", facts(_at_a_glance(report)), class_="tiles"),
        el("nav", bullets(contents, "contents"), aria_label="Contents"),
    )


def _about(report: Report) -> Iterator[tuple[str, str]]:
    family, places = report.family, repositories(report)
    shown = places[:SHOWN_PLACES] or tuple(filter(None, (family.homepage,)))
    more = len(places) - SHOWN_PLACES
    yield "Maker", family.maker if family.country == "INT" else f"{family.maker} ({family.country})"
    yield "Kind", family.kind
    yield "Released", family.released.isoformat() if family.released else "not known"
    yield "License", _own_license(report)
    rest = small(f"and {more} more") if more > 0 else ""
    yield "Comes from", join(*(el("div", link(place)) for place in shown), rest)


def _own_license(report: Report) -> Markup:
    """Its own license, and at once what else binds: a label alone may look too open."""
    own = report.terms.own
    if own is None:
        return join(next((b.because for b in rights.said(report)), "no license is known"))
    name = link(own.text.url, own.name) if own.text.url else own.name
    others = [other for other in report.terms.names if other != own.short]
    also = small("binds too: ", el("strong", ", ".join(others))) if others else ""
    return join(name, small(how_read(own)), also)


def _at_a_glance(report: Report) -> Iterator[tuple[str, str]]:
    permits = {permit.use: permit.verdict for permit in report.permits}
    for use in ("commercial", "redistribute"):
        if use in permits:
            yield rights.USES[use], badge(permits[use])
    if evidence.is_graded(report):
        yield "Open Source AI Definition", badge(report.openness.osaid.verdict)
        yield "Model Openness Framework", badge(evidence.mof_class(report))
        yield "European OSAI index", el("strong", f"{report.openness.osai.score:.2f} of 1")


def _findings(findings: Sequence[Remark]) -> Markup | None:
    if not findings:
        return None
    rows = (
        join(
            badge(f.severity),
            " ",
            el("strong", f.kind.replace("-", " ")),
            el("div", linked(f.text)),
            small(linked(f.evidence)) if f.evidence else "",
        )
        for f in findings
    )
    return bullets(rows, "remarks")


def _footer(report: Report) -> Markup:
    checked = report.family.sources[report.family.source].checked
    return el(
        "footer",
        el(
            "p",
            f"Computed by freehold {version('freehold')} from facts last looked at on {checked}. "
            "An opinion from evidence; no certificate and no legal advice.",
            class_="small",
        ),
    )
