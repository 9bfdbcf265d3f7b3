"""The openness of a release by four definitions: OSAID, MOF, the OSAI index and five levels."""

from typing import Literal

from msgspec import Struct

from freehold.judge.answers import Facts, Finding
from freehold.judge.criteria import WEIGHTS, Release, judge
from freehold.judge.licensing import is_open
from freehold.judge.terms import DEEPEST, Terms, terms
from freehold.knowledge.types import Criterion, Family, Link, Member

Level = Literal[
    "fully open", "open weights", "restricted weights", "open API", "proprietary", "unknown"
]
LEVELS: tuple[Level, ...] = (
    "fully open", "open weights", "restricted weights", "open API", "proprietary", "unknown",
)  # fmt: skip


class Osaid(Struct, frozen=True):
    """The Open Source AI Definition 1.0. An opinion from evidence, not a certificate."""

    verdict: Literal["meets", "fails", "not verifiable"]
    criteria: tuple[Finding, ...]


class Mof(Struct, frozen=True):
    """The Model Openness Framework 1.0: the class and what is missing for each."""

    mof_class: Literal["I", "II", "III", "none"]
    criteria: tuple[Finding, ...]
    missing: dict[str, tuple[str, ...]]


class Osai(Struct, frozen=True):
    """The European OSAI index: the mean of twelve dimensions; what is unknown counts as closed."""

    score: float
    unknown: int
    dimensions: tuple[Finding, ...]


class Openness(Struct, frozen=True):
    """All four verdicts on one release."""

    level: Level
    because: str
    osaid: Osaid
    mof: Mof
    osai: Osai


def openness(facts: Facts, family: Family, member: Member | None = None) -> Openness:
    """How open a family, or one member of it, is by all four definitions."""
    bound = terms(facts, family, member)
    level, because = grade(facts, family, member, bound)
    verdict = osaid(facts, family, member, bound)
    release = Release(facts, family, member, bound)
    return Openness(level, because, verdict, mof(release), osai(release))


def osaid(
    facts: Facts, family: Family, member: Member | None, bound: Terms, path: tuple[str, ...] = ()
) -> Osaid:
    """Every criterion must hold for the release and for everything it was made from."""
    release = Release(facts, family, member, bound)
    findings = [
        judge(criterion, release)
        for criterion in facts.definition("osaid-1.0").criteria
        if not criterion.if_listed or _listed(criterion, family)
    ]
    bases = {link.base: link for link in family.lineage if _concerns(link, member)}
    path = (*path, family.id)
    findings += [f for link in bases.values() if (f := _base(facts, link, path))]
    answers = {finding.answer for finding in findings}
    if answers & {"no", "partial"}:
        return Osaid("fails", tuple(findings))
    return Osaid("not verifiable" if "unknown" in answers else "meets", tuple(findings))


def _concerns(link: Link, member: Member | None) -> bool:
    return not link.members or member is None or member.id in link.members


def _base(facts: Facts, link: Link, path: tuple[str, ...]) -> Finding | None:
    """A model made from another can meet the definition only if that one does.

    None when the base belongs to the same release, which is judged already.
    """
    id, name = f"base-{link.base}", f"What it was made from: {link.base}"
    found = facts.find(link.base)
    if found and found[0].id in path:
        return None
    if found is None or len(path) > DEEPEST:
        return Finding(id, name, "unknown", f"{link.base} is not in the knowledge base")
    base, member = found
    verdict = osaid(facts, base, member, terms(facts, base, member), path).verdict
    answer: Literal["yes", "no", "unknown"] = "unknown"
    if verdict != "not verifiable":
        answer = "yes" if verdict == "meets" else "no"
    return Finding(id, name, answer, f"{base.name}: {verdict}")


def mof(release: Release) -> Mof:
    """A class needs all of its required components, openly licensed, and the class below."""
    criteria = release.facts.definition("mof-1.0").criteria
    findings = {c.id: judge(c, release) for c in criteria}
    paper = findings["research-paper"].answer == "yes"
    reached: Literal["I", "II", "III", "none"] = "none"
    missing: dict[str, tuple[str, ...]] = {}
    for grade_ in ("III", "II", "I"):
        missing[grade_] = tuple(
            c.id
            for c in criteria
            if c.mof_class == grade_ and c.required and findings[c.id].answer != "yes"
            if not (c.id == "technical-report" and paper)
        )
    for grade_ in ("III", "II", "I"):
        if missing[grade_]:
            break
        reached = grade_  # type: ignore[assignment]
    return Mof(reached, tuple(findings.values()), missing)


_POINTS = {"yes": 1.0, "partial": 0.5, "no": 0.0, "unknown": 0.0}


def osai(release: Release) -> Osai:
    """Open counts 1, partial 0.5, closed and unknown 0; the score is the mean."""
    criteria = release.facts.definition("osai-2026").criteria
    rows = tuple(
        _licenses(c, release) if c.terms == "licenses" else judge(c, release) for c in criteria
    )
    score = sum(_POINTS[row.answer] for row in rows) / len(rows)
    return Osai(round(score, 3), sum(row.answer == "unknown" for row in rows), rows)


def _licenses(criterion: Criterion, release: Release) -> Finding:
    """Open when weights, code and data all are; partial when two of the three are."""
    groups = {
        "weights": release.terms.open() is True,
        "code": _is_out(release, "training-code"),
        "data": _is_out(release, "datasets"),
    }
    said = ", ".join(f"{name} {'open' if out else 'not open'}" for name, out in groups.items())
    answers: tuple[Literal["no", "partial", "yes"], ...] = ("no", "no", "partial", "yes")
    return Finding(criterion.id, criterion.name, answers[sum(groups.values())], said)


def _is_out(release: Release, kind: str) -> bool:
    """Whether this component is released under an open license."""
    component = next((c for c in release.family.components if c.kind == kind), None)
    if component is None or component.state != "released" or component.license is None:
        return False
    license = release.facts.license(component.license)
    return license is not None and is_open(license)


def grade(facts: Facts, family: Family, member: Member | None, bound: Terms) -> tuple[Level, str]:
    """The first of the five levels whose demands hold, and why."""
    states = {component.kind: component.state for component in family.components}
    if family.kind == "toolkit":
        return _toolkit(states, bound)
    if family.kind != "method" and states.get(WEIGHTS) not in ("released", "partial"):
        return _closed(states)
    is_open = bound.open()
    if is_open is None:
        return "unknown", "not every license that binds the weights is known"
    if not is_open:
        return "restricted weights", f"the weights can be had, under {', '.join(bound.names)}"
    verdict = osaid(facts, family, member, bound)
    if verdict.verdict == "meets":
        return "fully open", "weights, code and an account of all data are out under open terms"
    lacking = [f.name.lower() for f in verdict.criteria if f.answer != "yes"]
    return "open weights", f"the weights are under open terms; not shown: {', '.join(lacking)}"


def _toolkit(states: dict[str, str], bound: Terms) -> tuple[Level, str]:
    if states.get("source-code") == "released" and bound.open():
        return "fully open", "the source code of the program is out under an open license"
    if states.get("source-code") == "withheld":
        return "proprietary", "the source code is not given"
    return "unknown", "the license of its source code is not known"


def _closed(states: dict[str, str]) -> tuple[Level, str]:
    if states.get(WEIGHTS) is None:
        return "unknown", "nothing is known of its weights"
    if states.get(WEIGHTS) == "unknown":
        return "unknown", "whether its weights can be had is not known"
    if states.get("public-api") == "released":
        return (
            "open API",
            "the weights are not given; anyone may sign up for a documented interface",
        )
    return "proprietary", "the weights are not given"


def _listed(criterion: Criterion, family: Family) -> bool:
    wanted = {*criterion.components, *criterion.alternatives}
    return any(component.kind in wanted for component in family.components)
