"""What both bills of materials say of a model: licenses, ancestors, data, links and verdicts."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib.metadata import version
from typing import Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from msgspec import Struct

from freehold.actions.check import Report
from freehold.judge.terms import DEEPEST, NEAR, Binding, terms
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.traits import inputs, outputs, released, tasks
from freehold.knowledge.types import Component, Family, License, Link, Member

HUB = "https://huggingface.co/"
DATA = {
    "datasets": "training data",
    "post-training-datasets": "data of the tuning stage",
    "evaluation-data": "evaluation data",
}
KNOWN = ("released", "partial", "indicated", "described")
_OWN = ("own", "member", "contradiction")


class Licenses(Struct, frozen=True):
    """What a publisher declares, what holds, and why that is not all that is known to hold."""

    declared: tuple[License, ...] = ()
    concluded: tuple[License, ...] = ()
    doubts: tuple[str, ...] = ()


class Ancestor(Struct, frozen=True):
    """Something that a model was made from, with what that was made from in turn."""

    id: str
    relation: str
    licenses: Licenses
    maker: str | None = None
    hub: str | None = None
    note: str | None = None
    kind: str = "model"
    bases: tuple["Ancestor", ...] = ()


class Data(Struct, frozen=True):
    """Data that went into a model or measured it, as far as anything of it can be had or read."""

    id: str
    name: str
    kind: str
    state: str
    licenses: Licenses
    url: str | None = None
    note: str | None = None


class Reference(Struct, frozen=True):
    """A page that belongs to a model, and what it is."""

    kind: Literal["hub", "license", "policy", "homepage", "part", "source"]
    url: str
    says: str


def bound(bindings: tuple[Binding, ...]) -> Licenses:
    """Every license that covers the weights, with a doubt for each that no near source confirms."""
    rows = [b for b in bindings if b.binds and b.bond != "outputs"]
    declared = [b.license for b in rows if b.bond in _OWN and b.confirmed and b.license]
    doubts = [b.because for b in rows if b.license is None]
    doubts += [
        f"no source near the model confirms {b.license.short} for {b.via}"
        for b in rows
        if b.license and not b.confirmed
    ]
    concluded = [b.license for b in rows if b.license]
    return Licenses(_each_once(declared), _each_once(concluded), tuple(dict.fromkeys(doubts)))


def also_binding(report: Report) -> Iterator[str]:
    """Licenses that lay duties on the model without covering it: those of its teachers."""
    for binding in report.terms.bindings:
        if binding.bond == "outputs" and binding.license:
            yield f"{binding.license.short}: {binding.because}"


def ancestors(base: KnowledgeBase, report: Report) -> tuple[Ancestor, ...]:
    """Everything the model was made from, as a tree."""
    rows = _bases(base, report.family, report.member, (report.family.id,))
    return tuple(row for row in rows if row.id != report.id)


def _bases(
    base: KnowledgeBase, family: Family, member: Member | None, path: tuple[str, ...]
) -> Iterator[Ancestor]:
    for link in family.lineage:
        if link.members and member is not None and member.id not in link.members:
            continue
        yield _ancestor(base, family, link, path)


def _ancestor(base: KnowledgeBase, family: Family, link: Link, path: tuple[str, ...]) -> Ancestor:
    found = base.find(link.base)
    if found is None:
        return _outside(base, family, link)
    origin, member = found
    own = tuple(b for b in terms(base, origin, member).bindings if b.bond in (*_OWN, "unknown"))
    own = tuple(b for b in own if b.relation is None)
    deeper = origin.id not in path and len(path) <= DEEPEST
    return Ancestor(
        member.id if member else origin.id, link.relation, bound(own), origin.maker,
        member.hub if member else None, link.note, origin.kind,
        tuple(_bases(base, origin, member, (*path, origin.id))) if deeper else (),
    )  # fmt: skip


def _outside(base: KnowledgeBase, family: Family, link: Link) -> Ancestor:
    """A base that the knowledge base knows only by the link to it."""
    license = base.license(link.license) if link.license else None
    bond: Literal["own", "unknown"] = "own" if license else "unknown"
    near = family.sources[link.source].rank in NEAR
    why = f"no license of {link.base} is known here"
    binding = Binding(bond, link.base, license, why, None, near)
    hub = link.base if "/" in link.base else None
    return Ancestor(link.base, link.relation, bound((binding,)), link.maker, hub, link.note)


def datasets(base: KnowledgeBase, report: Report) -> tuple[Data, ...]:
    """The data of a release of which something is known."""
    return tuple(
        _data(base, report, part)
        for part in report.family.components
        if part.kind in DATA and part.state in KNOWN
    )


def _data(base: KnowledgeBase, report: Report, part: Component) -> Data:
    license = base.license(part.license) if part.license else None
    name = f"{report.family.name}: {DATA[part.kind]}"
    bond: Literal["own", "unknown"] = "own" if license else "unknown"
    near = report.family.sources[part.source].rank in NEAR
    binding = Binding(
        bond, name, license, f"no license of the {DATA[part.kind]} is known", None, near
    )
    id = f"{report.family.id}/{part.kind}"
    return Data(id, name, part.kind, part.state, bound((binding,)), part.url, part.note)


def references(report: Report) -> tuple[Reference, ...]:
    """The pages of a model, each once: repositories, license texts, parts, sources."""
    rows = [*_repositories(report), *_terms_pages(report), *_pages(report)]
    seen: dict[str, Reference] = {}
    for row in rows:
        seen.setdefault(row.url, row)
    return tuple(seen.values())


def repositories(report: Report) -> tuple[str, ...]:
    """The Hub addresses of the member, or of all members of the family."""
    members = (report.member,) if report.member else report.family.members
    return tuple(dict.fromkeys(f"{HUB}{m.hub}" for m in members if m.hub))


def _repositories(report: Report) -> Iterator[Reference]:
    for url in repositories(report):
        yield Reference("hub", url, "Hub repository")


def _terms_pages(report: Report) -> Iterator[Reference]:
    for binding in report.terms.bindings:
        license = binding.license
        if license and binding.binds and license.text.url:
            yield Reference("license", license.text.url, f"text of the {license.short}")
        if license and binding.binds and license.use_policy and license.use_policy.url:
            yield Reference("policy", license.use_policy.url, f"use policy of the {license.short}")


def _pages(report: Report) -> Iterator[Reference]:
    family = report.family
    if family.homepage:
        yield Reference("homepage", family.homepage, f"page of {family.maker}")
    for part in family.components:
        if part.url:
            yield Reference("part", part.url, part.kind)
    for source in family.sources.values():
        if source.url:
            seen = f"{source.by}, {source.title or source.rank}; seen {source.checked}"
            yield Reference("source", source.url, seen)


def verdicts(report: Report) -> Iterator[tuple[str, str]]:
    """The verdicts of `check` as names and values, with the obligations."""
    o = report.openness
    yield "freehold:level", o.level
    yield "freehold:level-because", o.because
    if report.family.kind in ("model", "method"):
        yield "freehold:osaid", o.osaid.verdict
        yield "freehold:mof-class", o.mof.mof_class
        yield "freehold:osai-score", f"{o.osai.score:.3f}"
    for reason in bound(report.terms.bindings).doubts:
        yield "freehold:license-unknown", reason
    for license in also_binding(report):
        yield "freehold:also-binds", license
    for row in report.obligations:
        yield "freehold:obligation", f"{row.when}: {row.do} [{row.license}]"


def traits_of(report: Report) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The tasks, inputs and outputs of the member, or of the family."""
    family, member = report.family, report.member
    if member is None:
        return family.tasks, family.inputs, family.outputs
    return tasks(family, member), inputs(family, member), outputs(family, member)


def released_on(report: Report) -> date | None:
    """The day it came out."""
    family, member = report.family, report.member
    return released(family, member) if member else family.released


def uses(report: Report) -> tuple[str, ...]:
    """What one may do with it, as `check` answers."""
    return tuple(f"{permit.use}: {permit.verdict}; {permit.because}" for permit in report.permits)


def limits(base: KnowledgeBase, report: Report) -> tuple[str, ...]:
    """What the licenses hold back, and their use policies, each with the license that says so."""
    rows = []
    for license in bound(report.terms.bindings).concluded:
        for word in license.limits:
            clause = f" ({license.clauses[word]})" if word in license.clauses else ""
            rows.append(f"{license.short}{clause}: {base.words['limits'][word]}")
        if license.use_policy:
            where = license.use_policy.url or "the list inside the license"
            rows.append(f"{license.short}: forbidden uses are in {where}")
    return tuple(rows)


def identity(report: Report, at: datetime) -> UUID:
    """The same number for the same model, facts, tool and moment."""
    facts = repr((report.id, report.form(), tool_version(), stamp(at)))
    return uuid5(NAMESPACE_URL, facts)


def stamp(at: datetime) -> str:
    """A moment to the second, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def tool_version() -> str:
    """The version of Freehold that writes."""
    return version("freehold")


def _each_once(licenses: list[License]) -> tuple[License, ...]:
    return tuple({license.id: license for license in licenses}.values())
