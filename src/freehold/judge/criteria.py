"""Whether one criterion of a definition is met by the components of a release."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from freehold.judge.answers import Facts, Finding
from freehold.judge.licensing import is_open
from freehold.judge.terms import NEAR, Terms
from freehold.knowledge.traits import gated
from freehold.knowledge.types import Component, Criterion, Family, License, Member

WEIGHTS = "model-parameters"
GIVEN = ("model-parameters", "base-parameters")
"""Components that a gate keeps from everybody."""

Answer = Literal["yes", "partial", "no", "unknown"]


class Release(Struct, frozen=True):
    """One release whose components are held against criteria."""

    facts: Facts
    family: Family
    member: Member | None
    terms: Terms


def judge(criterion: Criterion, release: Release) -> Finding:
    """The answer for one criterion; where components may stand for each other, the best."""
    kinds = (*criterion.components, *criterion.alternatives)
    rows = [component for component in release.family.components if component.kind in kinds]
    rows.sort(key=lambda c: c.kind in criterion.alternatives)
    if not rows:
        return Finding(criterion.id, criterion.name, "unknown", "nothing is known of it")
    return best([_finding(criterion, release, row) for row in rows])


def best(findings: Sequence[Finding]) -> Finding:
    """The most favorable of several findings about things that can stand for each other."""
    order = ("yes", "partial", "no", "unknown")
    if any(f.answer == "unknown" for f in findings) and findings[0].answer != "yes":
        order = ("yes", "partial", "unknown", "no")
    return min(findings, key=lambda finding: order.index(finding.answer))


def _finding(criterion: Criterion, release: Release, component: Component) -> Finding:
    source = release.family.sources[component.source]
    answer, because = _state(component, source.rank)
    if answer == "yes" and component.kind in GIVEN and gated(release.family, release.member):
        answer, because = "partial", f"{_spoken(component)}: only after being let in"
    elif component.state == "indicated":
        answer, because = _indicated(criterion, release, component)
    elif answer == "yes" and criterion.terms != "any":
        answer, because = _licensed(criterion, release, component)
    if (answer in ("no", "partial") or component.state == "indicated") and component.note:
        because = f"{because}: {component.note}"
    where = component.url or source.url or source.title
    return Finding(criterion.id, criterion.name, answer, because, where)


def _spoken(component: Component) -> str:
    return component.kind.replace("-", " ")


def _state(component: Component, rank: str) -> tuple[Answer, str]:
    name = _spoken(component)
    if component.state == "unknown":
        return "unknown", f"{name}: nobody could say"
    if component.state == "withheld":
        return "no", f"{name}: not given"
    if component.state == "described":
        return "no", f"{name}: described, not given"
    if rank not in NEAR:
        return "unknown", f"{name}: believed to be out, but no source near it was seen"
    if component.state == "partial":
        return "partial", f"{name}: only in part"
    return "yes", f"{name}: released"


def _indicated(criterion: Criterion, release: Release, part: Component) -> tuple[Answer, str]:
    """A link or a name is half of being there, and never a part under the terms asked for.

    Where the license behind it is known not to be open, the answer is no all the same.
    """
    name = _spoken(part)
    license = release.facts.license(part.license) if part.license else None
    if criterion.terms == "any":
        return "partial", f"{name}: shown, but not seen here"
    if license and not _meets(license, criterion.terms):
        return "no", f"{name}: {license.short} is not {_WANTED[criterion.terms]}"
    under = f"; what it names is under {license.short}" if license else ""
    return "unknown", f"{name}: shown, but not seen here{under}"


def _licensed(criterion: Criterion, release: Release, component: Component) -> tuple[Answer, str]:
    """A released component counts only under the terms that the criterion asks for."""
    name = _spoken(component)
    if component.kind == WEIGHTS:
        return _weights(release.terms)
    if component.license is None:
        return "unknown", f"{name}: released, under no license that is known"
    license = release.facts.license(component.license)
    if license is None:
        return "unknown", f"{name}: released under {component.license}, which is not known here"
    if _meets(license, criterion.terms):
        strange = criterion.content is not None and criterion.content not in license.covers
        warning = f", which was not written for a {criterion.content} component" if strange else ""
        return "yes", f"{name}: released under {license.short}{warning}"
    return "no", f"{name}: {license.short} is not {_WANTED[criterion.terms]}"


def _weights(terms: Terms) -> tuple[Answer, str]:
    """The weights count by everything that binds them, not by their own label alone."""
    verdict = terms.open()
    if verdict is None:
        return "unknown", "model parameters: released, but not every license that binds is known"
    if verdict:
        return "yes", f"model parameters: released under {', '.join(terms.names)}"
    closed = next(b for b in terms.bindings if b.license and b.binds and not is_open(b.license))
    via = "" if closed.bond == "own" else f" ({closed.because})"
    assert closed.license is not None
    return "no", f"model parameters: {closed.license.short} is not open{via}"


_WANTED = {"osi": "approved by the OSI", "open": "an open license"}


def _meets(license: License, wanted: str) -> bool:
    return is_open(license) and (license.osi or wanted == "open")
