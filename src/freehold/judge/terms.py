"""Which licenses bind a model: its own, those its publisher contradicts itself with, and those
of everything it was made from.

Nothing is freer than what it was made from. The maker of the base may license a release of
their own anew; nobody else can.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct

from freehold.judge.answers import Facts, Obligation, Permit, strictest
from freehold.judge.licensing import USES, Situation, is_open, permit
from freehold.judge.obligations import obligations
from freehold.knowledge.types import Family, License, Link, Member, Statement

NEAR = ("license-text", "publisher", "owner", "registry")
"""Ranks of sources near enough to carry a yes, nearest first."""
RANKS = (*NEAR, "press", "unconfirmed")
DEEPEST = 12

Bond = Literal["own", "member", "contradiction", "inherited", "outputs", "relicensed", "unknown"]


class Binding(Struct, frozen=True):
    """One license that binds a model (or a base whose license is not known), and why."""

    bond: Bond
    via: str
    license: License | None
    because: str
    relation: str | None = None
    confirmed: bool = True

    @property
    def binds(self) -> bool:
        """Whether uses of the model must also be allowed by this license."""
        return self.bond != "relicensed"


class Terms(Struct, frozen=True):
    """Everything that binds one family or member."""

    bindings: tuple[Binding, ...]

    @property
    def own(self) -> License | None:
        """The license of the model itself."""
        return next((b.license for b in self.bindings if b.bond == "own"), None)

    def permit(self, use: str, who: Situation, modalities: tuple[str, ...]) -> Permit:
        """The strictest answer of all licenses that bind."""
        return strictest(_permit(b, use, who, modalities) for b in self.bindings if b.binds)

    def permits(self, who: Situation, modalities: tuple[str, ...]) -> tuple[Permit, ...]:
        """A permit for every use that people ask about."""
        return tuple(self.permit(use, who, modalities) for use in USES)

    def obligations(self, sentences: Mapping[str, str]) -> tuple[Obligation, ...]:
        """The obligations of all licenses that bind, each once."""
        rows = [
            row
            for binding in self.bindings
            if binding.license and binding.binds
            for row in _obligations(binding, binding.license, sentences)
        ]
        seen: dict[tuple[str, str], Obligation] = {}
        for row in rows:
            seen.setdefault((row.do, row.when), row)
        return tuple(seen.values())

    @property
    def names(self) -> tuple[str, ...]:
        """The short names of all licenses that bind, each once."""
        return tuple(dict.fromkeys(b.license.short for b in self.bindings if b.license and b.binds))

    def open(self) -> bool | None:
        """Whether every license that binds is open; None when one of them is not known."""
        bound = [b for b in self.bindings if b.binds and b.bond != "outputs"]
        if any(b.license and not is_open(b.license) for b in bound):
            return False
        return None if any(b.license is None or not b.confirmed for b in bound) else True


def terms(facts: Facts, family: Family, member: Member | None = None) -> Terms:
    """All licenses that bind the weights of this family, or of one member of it."""
    return Terms(tuple(_own(facts, family, member)) + tuple(_inherited(facts, family, member, ())))


def declared(permits: tuple[Permit, ...], how: str) -> tuple[Permit, ...]:
    """What a name of a license grants without its text: nothing for sure."""
    return tuple(
        Permit(p.use, "conditional", f"{p.because}, if it is so: {how}")
        if p.verdict == "yes"
        else p
        for p in permits
    )


def license_statements(family: Family, member: Member | None) -> list[tuple[str, str | None, str]]:
    """(rank, license id, who) for all that is said of the weights' license, nearest first."""
    rows = [_fact(family, member)]
    rows += [
        (family.sources[s.source].rank, s.license, family.sources[s.source].by)
        for s in family.statements
        if s.about == "license" and s.license and speaks_of(s, member)
    ]
    return sorted(rows, key=lambda row: RANKS.index(row[0]))


def speaks_of(statement: Statement, member: Member | None) -> bool:
    """Whether the statement is about this member (or about the family as a whole)."""
    return not statement.members or (member is not None and member.id in statement.members)


def _fact(family: Family, member: Member | None) -> tuple[str, str | None, str]:
    """What the facts say of the license of the weights: (rank, license id, who says so)."""
    kinds = ("model-parameters", "source-code")
    component = next((c for kind in kinds for c in family.components if c.kind == kind), None)
    if member and member.license:
        source = family.sources[member.source or family.source]
        return source.rank, member.license, source.by
    if component is None:
        return "unconfirmed", None, family.maker
    source = family.sources[component.source]
    return source.rank, component.license, source.by


def _own(facts: Facts, family: Family, member: Member | None) -> Iterator[Binding]:
    """The license said nearest to the thing; all of them where equals contradict each other.

    For a whole family also those that only some of its members are under.
    """
    if family.kind == "method":
        return
    others = _of_members(family) if member is None else {}
    if not (others and all(m.license for m in family.members)):
        yield from _said(facts, family, member)
    for id, name in others.items():
        because = f"{name} is under it"
        confirmed = _fact(family, _member(family, name))[0] in NEAR
        yield Binding("member", name, facts.license(id), because, None, confirmed)


def _of_members(family: Family) -> dict[str, str]:
    """License id -> the first member that is under it, for licenses that are not the family's."""
    common = _fact(family, None)[1]
    found: dict[str, str] = {}
    for member in family.members:
        if member.license and member.license != common:
            found.setdefault(member.license, member.id)
    return found


def _member(family: Family, id: str) -> Member:
    return next(member for member in family.members if member.id == id)


def _said(facts: Facts, family: Family, member: Member | None) -> Iterator[Binding]:
    name = member.id if member else family.id
    said = [row for row in license_statements(family, member) if row[1]]
    rank, fact, _ = _fact(family, member)
    if not said or (fact is None and said[0][0] not in NEAR):
        yield Binding("unknown", name, None, "no license is named for it")
        return
    nearest = said[0][0]
    equals = {id: (by, nearest in NEAR) for at, id, by in reversed(said) if at == nearest and id}
    if fact and rank not in NEAR:  # what we believe against what others say: neither gives a yes
        equals.setdefault(fact, (family.maker, False))
    for n, (id, (by, confirmed)) in enumerate(reversed(equals.items())):
        reason = f"{by} says so" if n == 0 else f"{by} also says so; the stricter answer holds"
        bond: Bond = "own" if n == 0 else "contradiction"
        yield Binding(bond, name, facts.license(id), reason, None, confirmed)


def _inherited(
    facts: Facts, family: Family, member: Member | None, path: tuple[str, ...]
) -> Iterator[Binding]:
    for link in family.lineage:
        if link.members and member is not None and member.id not in link.members:
            continue
        if link.base in path or len(path) > DEEPEST:
            continue
        yield from _through(facts, family, link, (*path, family.id))


def _through(facts: Facts, family: Family, link: Link, path: tuple[str, ...]) -> Iterator[Binding]:
    found = facts.find(link.base)
    if found is None:
        yield _outside(facts, family, link)
        return
    base, base_member = found
    if base.id in path:  # the same release, or a loop: its license binds already
        return
    own = list(_own(facts, base, base_member))
    for binding in own:
        yield _bind(binding, base, family, link)
    yield from _inherited(facts, base, base_member, path)


def _outside(facts: Facts, family: Family, link: Link) -> Binding:
    """A base that is not in the knowledge base; the link itself may name its maker and license."""
    license = facts.license(link.license) if link.license else None
    made = _made(link.base, link)
    if link.maker == family.maker and link.relation != "adapter":
        reason = f"{made}; {family.maker} made both and licensed this one itself"
        return Binding("relicensed", link.base, license, reason, link.relation)
    if license is None:
        reason = f"{made}, whose license is not known here"
        return Binding("unknown", link.base, None, reason, link.relation)
    if link.relation == "distillation" and not license.outputs.derivative:
        bond, reason = _outputs(license, link.base, link)
        return Binding(bond, link.base, license, reason, link.relation)
    confirmed = family.sources[link.source].rank in NEAR
    return Binding("inherited", link.base, license, made, link.relation, confirmed)


def _bind(binding: Binding, base: Family, family: Family, link: Link) -> Binding:
    license = binding.license
    if base.maker == family.maker and link.relation != "adapter":
        bond: Bond = "relicensed"
        reason = f"{_made(base.name, link)}; {family.maker} made both and licensed this one itself"
    elif license is None:
        bond, reason = "unknown", f"{_made(base.name, link)}, whose license is not known"
    elif link.relation == "distillation" and not license.outputs.derivative:
        bond, reason = _outputs(license, base.name, link)
    else:
        bond, reason = "inherited", _made(base.name, link)
    return Binding(bond, binding.via, license, reason, link.relation, binding.confirmed)


def _outputs(license: License, base: str, link: Link) -> tuple[Bond, str]:
    """A model taught by another's outputs: only what that license says of outputs travels."""
    if license.outputs.training == "forbidden":
        return "outputs", f"{_made(base, link)}; {license.short} forbids training on outputs"
    if license.outputs.naming or license.outputs.training == "conditional":
        return "outputs", f"{_made(base, link)}; {license.short} lays duties on such models"
    return "relicensed", f"{_made(base, link)}; {license.short} says nothing against it"


_MADE = {
    "finetune": "fine-tuned from", "continued-pretraining": "trained further from",
    "merge": "merged from", "adapter": "an adapter for", "quantized": "in fewer bits,",
    "pruned": "cut from", "distillation": "taught by", "expanded": "built out of",
    "component": "contains", "method": "a way of running",
}  # fmt: skip


def _made(base: str, link: Link) -> str:
    return f"{_MADE[link.relation]} {base}"


def _permit(binding: Binding, use: str, who: Situation, modalities: tuple[str, ...]) -> Permit:
    if binding.license is None:
        return Permit(use, "unknown", binding.because)
    if binding.bond == "outputs":
        return _permit_outputs(binding, binding.license, use)
    made = permit(binding.license, use, who, modalities)
    if binding.bond == "own" and binding.confirmed:
        return made
    if not binding.confirmed and made.verdict in ("yes", "conditional"):
        return Permit(use, "unknown", f"{made.because}; but no source near the model was seen")
    if binding.bond in ("inherited", "contradiction", "member"):
        return Permit(use, made.verdict, f"{made.because} ({binding.because})")
    return made


def _permit_outputs(binding: Binding, license: License, use: str) -> Permit:
    if license.outputs.training == "forbidden":
        return Permit(
            use, "conditional", f"{binding.because}; whether that reaches you is unsettled"
        )
    if use == "redistribute":
        return Permit(use, "conditional", binding.because)
    return Permit(use, "yes", binding.because)


def _obligations(
    binding: Binding, license: License, sentences: Mapping[str, str]
) -> tuple[Obligation, ...]:
    rows = obligations(license, sentences)
    if binding.bond == "outputs":
        return tuple(row for row in rows if row.when == "outputs-training")
    return rows
