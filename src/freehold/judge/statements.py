"""What is said of a release, against what holds: contradictions and open-washing."""

from msgspec import Struct

from freehold.core.counts import spoken
from freehold.judge.claims import OPEN, RULES, Case, Outcome, Standing
from freehold.judge.licensing import is_open
from freehold.judge.openness import openness
from freehold.judge.terms import license_statements, speaks_of, terms
from freehold.knowledge.types import Source, Statement

SAME_SIZE = 0.16
"""Sizes are spoken of in round numbers: 8B for 8.03e9, 7B for 7.6e9."""


class Judged(Struct, frozen=True):
    """One statement and what became of it."""

    about: str
    says: str
    by: str
    source: str | None
    seen: str
    standing: Standing
    holds: str
    because: str
    open_washing: bool


def judge_statements(case: Case) -> tuple[Judged, ...]:
    """Every statement that concerns this release or member, held against the verdicts."""
    said = [s for s in case.family.statements if case.member is None or speaks_of(s, case.member)]
    return tuple(_judge(_concerned(case, statement), statement) for statement in said)


def _concerned(case: Case, statement: Statement) -> Case:
    """The case of the member that a statement speaks of, when a whole family is judged."""
    if case.member is not None or not statement.members:
        return case
    member = next(m for m in case.family.members if m.id in statement.members)
    bound = terms(case.facts, case.family, member)
    verdicts = openness(case.facts, case.family, member)
    return Case(case.facts, case.family, member, bound, verdicts)


def _judge(case: Case, statement: Statement) -> Judged:
    source = case.family.sources[statement.source]
    outcome = _hold_against(case, statement, source)
    because = "; ".join(filter(None, (outcome.because, statement.note)))
    washing = outcome.standing == "contradicted" and _looser(case, statement)
    return Judged(
        statement.about,
        statement.says,
        source.by,
        source.url or source.title,
        (source.dated or source.checked).isoformat(),
        outcome.standing,
        outcome.holds,
        because,
        washing,
    )


def _hold_against(case: Case, statement: Statement, source: Source) -> Outcome:
    if statement.license:
        return _license(case, statement.license, source)
    if statement.sizes:
        return _sizes(case, statement.sizes)
    if statement.claim:
        return RULES[statement.claim](case)
    if statement.value:
        return _value(case, statement.about, statement.value)
    return Outcome("not verifiable", "", "it is kept as said")


def _license(case: Case, claimed: str, source: Source) -> Outcome:
    said = [b for b in case.terms.bindings if b.license and b.bond in ("own", "contradiction")]
    ids = [b.license.id for b in said if b.license]
    held = " and ".join(b.license.short for b in said if b.license)
    if not ids:
        return _without_license(case, claimed)
    if ids == [claimed]:
        return _for_all_members(case, held)
    if claimed in ids:
        return Outcome("contradicted", held, "the publisher says both; the stricter holds")
    rank, _, by = license_statements(case.family, case.member)[0]
    if rank == source.rank:
        return Outcome("contradicted", held, f"{by} says otherwise of this release")
    near, far = _NEARNESS[rank].format(by=by), _NEARNESS[source.rank].format(by=source.by)
    return Outcome("contradicted", held, f"{near}, nearer to it than {far}")


def _without_license(case: Case, claimed: str) -> Outcome:
    """No license of its own is known; what it was made from may still speak against the claim."""
    license = case.facts.license(claimed)
    if license and is_open(license) and case.terms.open() is False:
        return Outcome(
            "contradicted", ", ".join(case.terms.names), "what it was made from binds it"
        )
    return Outcome("not verifiable", "no license is known", "no nearer source names one")


def _for_all_members(case: Case, held: str) -> Outcome:
    others = [b for b in case.terms.bindings if b.license and b.bond == "member"]
    if not others:
        return Outcome("holds", held)
    odd = "; ".join(f"{b.via} is under {b.license.short}" for b in others if b.license)
    return Outcome("contradicted", held, f"not for all members: {odd}")


_NEARNESS = {
    "license-text": "the license file of {by} says so",
    "publisher": "{by} as the publisher says so",
    "owner": "the word of {by}",
    "registry": "an entry by {by}",
    "press": "the word of {by}",
    "unconfirmed": "an unconfirmed belief",
}


def _sizes(case: Case, said: tuple[int, ...]) -> Outcome:
    members = (case.member,) if case.member else case.family.members
    true = sorted({member.parameters for member in members if member.parameters})
    shown = ", ".join(map(spoken, true))
    if not true:
        return Outcome("not verifiable", "no size is known")
    odd = [size for size in said if not any(abs(size - n) <= SAME_SIZE * n for n in true)]
    if case.member and len(odd) < len(said):
        odd = []
    if not odd:
        return Outcome("holds", shown)
    return Outcome("contradicted", shown, f"none here has {', '.join(map(spoken, odd))}")


def _value(case: Case, about: str, value: str) -> Outcome:
    """Compare a text with the same fact of the family."""
    family = case.family
    true = {
        "kind": family.kind,
        "maker": family.maker,
        "name": family.name,
        "lineage": ", ".join(link.base for link in family.lineage)
        or "made from scratch, as far as known",
    }.get(about)
    if true is None:
        return Outcome("not verifiable", "", "it is kept as said")
    return Outcome("holds" if value.casefold() in true.casefold() else "contradicted", true)


def _looser(case: Case, statement: Statement) -> bool:
    """Whether the statement makes the release look more open than it is."""
    if statement.claim in OPEN:
        return True
    claimed = case.facts.license(statement.license) if statement.license else None
    return claimed is not None and is_open(claimed) and case.terms.open() is not True
