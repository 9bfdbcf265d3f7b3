"""The words of the vocabulary `claims`, each held against the verdicts on a release."""

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from freehold.judge.answers import Facts
from freehold.judge.licensing import ANYONE
from freehold.judge.openness import Level, Openness
from freehold.judge.terms import Terms
from freehold.knowledge.traits import modalities
from freehold.knowledge.types import Family, Member

Standing = Literal["holds", "contradicted", "not verifiable"]


class Outcome(Struct, frozen=True):
    """What became of a claim: its standing, what holds instead or likewise, and why."""

    standing: Standing
    holds: str
    because: str = ""


class Case(Struct, frozen=True):
    """One release before the judge: everything that a claim can be held against."""

    facts: Facts
    family: Family
    member: Member | None
    terms: Terms
    openness: Openness


Rule = Callable[[Case], Outcome]


def _level(*levels: Level) -> Rule:
    def rule(case: Case) -> Outcome:
        level, why = case.openness.level, case.openness.because
        if level == "unknown":
            return Outcome("not verifiable", level, why)
        return Outcome("holds" if level in levels else "contradicted", level, why)

    return rule


def _osaid(expected: str) -> Rule:
    def rule(case: Case) -> Outcome:
        verdict = case.openness.osaid.verdict
        said = f"OSAID 1.0: {verdict}"
        open_points = [f.name for f in case.openness.osaid.criteria if f.answer != "yes"]
        because = f"not shown: {', '.join(open_points)}" if open_points else ""
        if verdict == "not verifiable":
            return Outcome("not verifiable", said, because)
        return Outcome("holds" if verdict == expected else "contradicted", said, because)

    return rule


def _use(use: str, *answers: str) -> Rule:
    def rule(case: Case) -> Outcome:
        permit = case.terms.permit(use, ANYONE, modalities(case.family, case.member))
        said = f"{use} use: {permit.verdict}"
        if permit.verdict == "unknown":
            return Outcome("not verifiable", said, permit.because)
        return Outcome(
            "holds" if permit.verdict in answers else "contradicted", said, permit.because
        )

    return rule


def _unrestricted(case: Case) -> Outcome:
    names = ", ".join(case.terms.names)
    answer = case.terms.open()
    if answer is None:
        return Outcome("not verifiable", names, "not every license that binds is known")
    return Outcome("holds" if answer else "contradicted", names)


def _open_data(case: Case) -> Outcome:
    states = {component.kind: component.state for component in case.family.components}
    state = states.get("datasets", "unknown")
    said = f"training data: {state}"
    if state == "unknown":
        return Outcome("not verifiable", said)
    return Outcome("holds" if state == "released" else "contradicted", said)


def _custom(case: Case) -> Outcome:
    """Own terms have no SPDX id; a standard license, even a restrictive one, has."""
    own = case.terms.own
    if own is None:
        return Outcome("not verifiable", "no license is known")
    standing: Standing = "holds" if own.id.startswith("LicenseRef-") else "contradicted"
    return Outcome(standing, own.short, "" if standing == "holds" else "it is a standard license")


def _kept(case: Case) -> Outcome:
    return Outcome("not verifiable", "", "it is kept as said")


OPEN = ("open-source", "fully-open", "osaid-compliant", "unrestricted", "open-weights", "open-data")
"""Claims that make a release look more open when they do not hold."""

RULES: dict[str, Rule] = {
    "open-source": _level("fully open"),
    "fully-open": _level("fully open"),
    "open-weights": _level("fully open", "open weights"),
    "osaid-compliant": _osaid("meets"),
    "osaid-after-license-change": _kept,
    "not-osaid": _osaid("fails"),
    "unrestricted": _unrestricted,
    "commercial-use": _use("commercial", "yes", "conditional"),
    "non-commercial": _use("commercial", "no"),
    "research-only": _use("commercial", "no"),
    "proprietary": _level("proprietary", "open API"),
    "custom-terms": _custom,
    "api-only": _level("proprietary", "open API"),
    "withdrawn": _kept,
    "open-data": _open_data,
}
