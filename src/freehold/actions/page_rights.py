"""The parts of a page on rights: what one may, what one must, which licenses bind and why."""

from freehold.actions.check import Report
from freehold.actions.page_parts import Markup, badge, bullets, el, join, link, linked, small, table
from freehold.judge.answers import Obligation
from freehold.judge.licensing import how_read
from freehold.judge.obligations import OCCASIONS
from freehold.judge.terms import Binding
from freehold.knowledge.types import License

USES = {
    "use": "Use it", "commercial": "Use it commercially", "modify": "Change it",
    "redistribute": "Pass it on", "host": "Offer it as a service",
    "train-on-outputs": "Train on its outputs", "large-scale": "Use it above 700 million users",
    "eu": "Use it in the European Union",
}  # fmt: skip
BONDS = {
    "own": "its own", "contradiction": "also stated", "member": "of a member",
    "unknown": "not known", "inherited": "inherited", "outputs": "through outputs",
    "relicensed": "replaced",
}  # fmt: skip
"""What binds whom, in words that fit into a badge."""


def permits(report: Report) -> Markup:
    """Every use, with its answer and the reason."""
    rows = ((USES.get(p.use, p.use), badge(p.verdict), linked(p.because)) for p in report.permits)
    return table("What you may do", ("Use", "Answer", "Why"), rows)


def obligations(report: Report) -> Markup | None:
    """A checklist, by occasion."""
    bound = (b.license for b in report.terms.bindings)
    names = {license.id: license.short for license in bound if license}
    groups = []
    for when, spoken in OCCASIONS.items():
        rows = [_duty(row, names) for row in report.obligations if row.when == when]
        if rows:
            heading = el("h3", spoken[0].upper() + spoken[1:])
            groups.append(el("div", heading, bullets(rows, "todo"), class_="duties"))
    return join(*groups) if groups else None


def _duty(row: Obligation, names: dict[str, str]) -> Markup:
    where = ", ".join(filter(None, (names.get(row.license, row.license), row.clause)))
    return join(_sentence(row), small(where))


def _sentence(row: Obligation) -> Markup:
    """The sentence with the exact text as a quotation."""
    if not row.text:
        return linked(row.do)
    before, found, after = row.do.partition(f"“{row.text}”")
    if not found:
        before, after = f"{row.do} The exact text: ", ""
    return join(linked(before), el("q", row.text), linked(after))


def said(report: Report) -> list[Binding]:
    """The licenses of the model itself, not those of what it was made from."""
    return [b for b in report.terms.bindings if b.relation is None]


def licenses(report: Report) -> Markup | None:
    """The licenses of the model itself and how far they hold."""
    rows = [
        (_license_name(b.license), badge(BONDS.get(b.bond, b.bond)), _bond(b)) for b in said(report)
    ]
    return table("Licenses", ("License", "Standing", "Why"), rows) if rows else None


def _license_name(license: License | None) -> Markup:
    if license is None:
        return join("Unknown")
    return link(license.text.url, license.short) if license.text.url else join(license.short)


def _bond(binding: Binding) -> Markup:
    license, doubt = binding.license, "; no source near it confirms this"
    why = linked(binding.because + ("" if binding.confirmed else doubt))
    return join(why, small(f"{license.name}; {how_read(license)}")) if license else why


def lineage(report: Report) -> Markup | None:
    """What it was made from, and what that passes on."""
    rows = [
        (
            join(b.via, small(_license_name(b.license))),
            badge(BONDS.get(b.bond, b.bond)),
            _bond(b),
        )
        for b in report.terms.bindings
        if b.relation is not None
    ]
    heads = ("Made from", "Its license", "Why")
    return table("What it was made from", heads, rows) if rows else None
