"""The parts of a page on evidence: openness, statements, rivals, sources."""

from collections.abc import Sequence

from freehold.actions.check import Compared, Report
from freehold.actions.page_parts import Markup, badge, bullets, el, join, link, linked, small, table
from freehold.judge.answers import Finding
from freehold.judge.statements import Judged
from freehold.knowledge.types import Source


def openness(report: Report) -> Markup:
    """The level, and three definitions with all their criteria where they apply."""
    o = report.openness
    level = el("p", badge(o.level), " ", linked(o.because))
    ladder = join(el("h3", "The five levels"), level)
    if not is_graded(report):
        return ladder
    opinion = el("p", "Opinions from evidence, not certificates.", class_="hint")
    return join(opinion, ladder, _osaid(report), _mof(report), _osai(report))


def is_graded(report: Report) -> bool:
    """Programs and services are no releases of a model that criteria could be held against."""
    return report.family.kind in ("model", "method")


def mof_class(report: Report) -> str:
    """The class that is reached, in words."""
    reached = report.openness.mof.mof_class
    return "no class" if reached == "none" else f"class {reached}"


def _osaid(report: Report) -> Markup:
    name, verdict = "Open Source AI Definition 1.0", report.openness.osaid
    return join(el("h3", name, " ", badge(verdict.verdict)), _criteria(name, verdict.criteria))


def _mof(report: Report) -> Markup:
    name, mof = "Model Openness Framework 1.0", report.openness.mof
    names = {f.id: f.name for f in mof.criteria}
    lacking = (
        f"Class {grade}: {', '.join(names.get(id, id) for id in ids) or 'nothing'}"
        for grade, ids in mof.missing.items()
    )
    return join(
        el("h3", name, " ", badge(mof_class(report))),
        el("p", "What is missing for each class, beside the classes below it:"),
        bullets(lacking, "missing"),
        _criteria(name, mof.criteria),
    )


def _osai(report: Report) -> Markup:
    name, osai = "European OSAI index", report.openness.osai
    hint = f"The mean of twelve dimensions; {osai.unknown} are unknown and count as 0."
    return join(
        el("h3", name, " ", el("span", f"{osai.score:.2f} of 1", class_="badge gray")),
        el("p", hint),
        _criteria(name, osai.dimensions),
    )


def _criteria(caption: str, findings: Sequence[Finding]) -> Markup:
    rows = (
        (
            f.name,
            badge(f.answer),
            join(linked(f.because), small(link(f.source)) if f.source else ""),
        )
        for f in findings
    )
    return table(caption, ("Criterion", "Answer", "Evidence"), rows)


def statements(report: Report) -> Markup | None:
    """What others say, with open-washing marked."""
    rows = [(_speaker(s), _standing(s), _outcome(s)) for s in report.statements]
    heads = ("Who", "Standing", "What they say, and what holds")
    return table("What is said of it", heads, rows) if rows else None


def _speaker(said: Judged) -> Markup:
    return join(said.by, small(link(said.source)) if said.source else "", small(said.seen))


def _standing(said: Judged) -> Markup:
    return join(badge(said.standing), *([" ", badge("open-washing")] if said.open_washing else []))


def _outcome(said: Judged) -> Markup:
    quoted = join(f"{said.about}: ", el("q", said.says))
    if said.standing == "holds":
        return quoted
    holds = el("div", "What holds: ", linked(said.holds)) if said.holds else ""
    washing = "It makes the model look more open than it is." if said.open_washing else ""
    return join(quoted, holds, small(linked(said.because)), small(washing) if washing else "")


def compared(report: Report) -> Markup | None:
    """The services it is set beside, or for a service where open ones are found."""
    rows = [_service(c) for c in report.compared]
    if rows:
        return table("What people compare it with", ("Service", "Level", "Price"), rows)
    if report.family.kind == "service" and report.family.tasks:
        ask = f"freehold choose --like {report.family.id}"
        return el("p", "Open alternatives: ", el("code", ask))
    return None


def _service(rival: Compared) -> tuple[str, str, str]:
    prices = join(*(el("div", price) for price in rival.prices)) or join("not known")
    return join(rival.name, small(rival.maker)), badge(rival.level), prices


def sources(report: Report) -> Markup:
    """Who said it, how near they are, and when it was looked at."""
    rows = (
        (s.by, badge(s.rank.replace("-", " ")), _source(s)) for s in report.family.sources.values()
    )
    return table("Sources", ("Who", "How near", "What, and when it was looked at"), rows)


def _source(source: Source) -> Markup:
    where = el("div", link(source.url)) if source.url else ""
    dated = f"dated {source.dated}, " if source.dated else ""
    return join(source.title or "", where, small(f"{dated}looked at {source.checked}"))
