"""`check`: how open is this model really, what does its license allow and oblige?"""

from typing import Any

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from freehold.actions.policed import judged
from freehold.actions.policy_words import policy_form
from freehold.judge.answers import Facts, Obligation, Permit
from freehold.judge.claims import Case
from freehold.judge.licensing import Situation
from freehold.judge.openness import Level, Openness, grade, openness
from freehold.judge.policy import Decision, Subject
from freehold.judge.policy_subject import subject
from freehold.judge.statements import Judged, judge_statements
from freehold.judge.terms import Binding, Terms, terms
from freehold.knowledge.base import KnowledgeBase, open_base
from freehold.knowledge.policy_file import read_policies
from freehold.knowledge.search import find_model
from freehold.knowledge.traits import modalities
from freehold.knowledge.types import Family, Member, Price

COMPARED = 3
"""How many services a model is set beside."""


class Compared(Struct, frozen=True):
    """A service that people compare the model with, and what it costs in US dollars."""

    id: str
    name: str
    maker: str
    level: Level
    prices: tuple[str, ...]


class Report(Struct, frozen=True):
    """Everything that `check` finds out about one family or member."""

    family: Family
    member: Member | None
    openness: Openness
    terms: Terms
    permits: tuple[Permit, ...]
    obligations: tuple[Obligation, ...]
    statements: tuple[Judged, ...]
    compared: tuple[Compared, ...]
    policy: Decision | None = None

    @property
    def id(self) -> str:
        """The id of what was checked."""
        return self.member.id if self.member else self.family.id

    @property
    def level(self) -> str:
        """One of the five levels, or unknown."""
        return self.openness.level

    @property
    def conflicts(self) -> tuple[Judged, ...]:
        """The statements that do not hold."""
        return tuple(s for s in self.statements if s.standing == "contradicted")

    @property
    def open_washing(self) -> tuple[Judged, ...]:
        """The statements that make it look more open than it is."""
        return tuple(s for s in self.statements if s.open_washing)

    def form(self) -> dict[str, Any]:
        """The JSON form that scripts rely on."""
        o, own = self.openness, self.terms.own
        return {
            "id": self.id,
            "family": self.family.id,
            "name": self.family.name,
            "kind": self.family.kind,
            "level": o.level,
            "because": o.because,
            "osaid": {"verdict": o.osaid.verdict, "criteria": to_builtins(o.osaid.criteria)},
            "mof": {
                "class": o.mof.mof_class,
                "criteria": to_builtins(o.mof.criteria),
                "missing": to_builtins(o.mof.missing),
            },
            "osai": {
                "score": o.osai.score,
                "unknown": o.osai.unknown,
                "dimensions": {f.id: to_builtins(f) for f in o.osai.dimensions},
            },
            "license": {
                "id": own.id if own else None,
                "name": own.name if own else None,
                "permits": {p.use: permit_row(p) for p in self.permits},
                "obligations": to_builtins(self.obligations),
            },
            "lineage": [_step(b) for b in self.terms.bindings if b.bond not in ("own", "member")],
            "compared": to_builtins(self.compared),
            "conflicts": to_builtins(self.conflicts),
            "open_washing": to_builtins(self.open_washing),
            "statements": to_builtins(self.statements),
            "sources": to_builtins(self.family.sources),
            "policy": policy_form(self.policy) if self.policy else None,
        }


def check(
    model: str, *, users: int | None = None, revenue: int | None = None,
    territory: str | None = None, base: KnowledgeBase | None = None,
) -> Report:  # fmt: skip
    """Judge a model of the knowledge base by id, Hub repository or name.

    `users` are monthly, `revenue` is US dollars a year, `territory` a country code or EU:
    they settle what a license makes depend on them. Raises NotFound with the nearest names.
    """
    base = base or open_base()
    family, member = find_model(base, model)
    who = Situation(users=users, revenue=revenue, territory=territory)
    report = report_on(base, base, family, member, who)
    return with_policy(report, base, subject(base, family, member, report.terms, report.level))


def with_policy(report: Report, base: KnowledgeBase, seen: Subject) -> Report:
    """The report with what the policies that hold here say; none where there is no policy."""
    return replace(report, policy=judged(seen, read_policies(base)))


def report_on(
    facts: Facts, base: KnowledgeBase, family: Family, member: Member | None, who: Situation
) -> Report:
    """Judge one family or member; `facts` may know more licenses than the knowledge base."""
    bound = terms(facts, family, member)
    verdicts = openness(facts, family, member)
    return Report(
        family=family,
        member=member,
        openness=verdicts,
        terms=bound,
        permits=bound.permits(who, modalities(family, member)),
        obligations=bound.obligations(base.words["conditions"]),
        statements=judge_statements(Case(facts, family, member, bound, verdicts)),
        compared=tuple(_compared(base, family)),
    )


def _compared(base: KnowledgeBase, family: Family) -> list[Compared]:
    """The services for the same main task: most alike in what goes in and out, newest first."""
    if family.kind != "model" or not family.tasks:
        return []
    rivals = [f for f in base.families() if f.kind == "service" and family.tasks[0] in f.tasks]
    kinds = {*family.inputs, *family.outputs}
    rivals.sort(key=lambda f: (len(kinds ^ {*f.inputs, *f.outputs}), _days_old(f), f.id))
    return [_as_compared(base, rival) for rival in rivals[:COMPARED]]


def _as_compared(base: KnowledgeBase, rival: Family) -> Compared:
    names = {rival.id, *(member.id for member in rival.members)}
    prices = tuple(
        f"{price.api_name}: {spoken_price(price)}"
        for maker in base.prices()
        for price in maker.prices
        if price.model in names and maker.provider == rival.maker
    )
    level, _ = grade(base, rival, None, terms(base, rival))
    return Compared(rival.id, rival.name, rival.maker, level, prices[:2])


def spoken_price(price: Price) -> str:
    """A price in words: $2.5 in, $10 out per million tokens."""
    parts = [f"${price.input:.4g} in" if price.input is not None else ""]
    parts += [f"${price.output:.4g} out" if price.output is not None else ""]
    return f"{', '.join(filter(None, parts))} per {price.unit.replace('-', ' ')}"


def _days_old(family: Family) -> int:
    return -family.released.toordinal() if family.released else 0


def permit_row(permit: Permit) -> dict[str, str]:
    """The JSON form of one permit."""
    return {"verdict": permit.verdict, "because": permit.because}


def _step(binding: Binding) -> dict[str, Any]:
    return {
        "base": binding.via,
        "relation": binding.relation,
        "license": binding.license.id if binding.license else None,
        "inherits": binding.bond in ("inherited", "outputs"),
        "bond": binding.bond,
        "because": binding.because,
    }
