"""Which models meet a need, and in which order: demands first, then evidence, age and openness.

The order never looks at the number of parameters. Size decides only which member of one
release is offered when no measurement tells them apart: the largest that runs well here.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from freehold.judge.answers import Facts, Permit
from freehold.judge.fitting import TOKEN_TASKS, Fit, Room, Shape, fit
from freehold.judge.licensing import is_open
from freehold.judge.needs import ANY_OSI, OPENNESS, Need
from freehold.judge.openness import Level, grade, osaid
from freehold.judge.quality import Standing, standings
from freehold.judge.terms import Terms, terms
from freehold.knowledge.types import Board, Family, Member

WEIGHT_EVIDENCE, WEIGHT_AGE, WEIGHT_OPENNESS, WEIGHT_ALIKE = 0.55, 0.25, 0.20, 0.15
WITHOUT_EVIDENCE = 0.30
HALF_LIFE_DAYS = 365.0
FLUENT = 8.0
"""Tokens per second at which reading along becomes comfortable."""

_OPENNESS_POINTS: dict[Level, float] = {
    "fully open": 1.0, "open weights": 0.7, "restricted weights": 0.35,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candidate:
    """One member with everything that was found out about it for a need."""

    family: Family
    member: Member
    terms: Terms
    level: Level
    level_because: str
    permits: tuple[Permit, ...]
    fit: Fit
    standings: tuple[Standing, ...]
    refusals: tuple[str, ...]
    score: float
    parts: dict[str, float]


def consider(
    need: Need, facts: Facts, families: Iterable[Family], boards: tuple[Board, ...], room: Room,
    today: date,
) -> list[Candidate]:  # fmt: skip
    """Every member that has the task and the abilities, judged; best score first."""
    considered = [
        _judge(need, facts, family, member, boards, room, today)
        for family in families
        if family.kind == "model"
        for member in family.members
        if need.task in tasks(family, member)
        and set(need.abilities) <= set(abilities(family, member))
    ]
    return sorted(considered, key=lambda c: (-c.score, c.member.id))


def rank(candidates: list[Candidate], most: int = 5) -> list[Candidate]:
    """The best of those not refused, one member per family."""
    chosen: dict[str, Candidate] = {}
    for candidate in candidates:
        if candidate.refusals:
            continue
        rival = chosen.get(candidate.family.id)
        if rival is None or _stands_better(candidate) > _stands_better(rival):
            chosen[candidate.family.id] = candidate
    return sorted(chosen.values(), key=lambda c: (-c.score, c.member.id))[:most]


def near_misses(
    candidates: list[Candidate], ranked: list[Candidate], most: int = 10
) -> list[Candidate]:
    """The refused that came nearest: fewest reasons, then best score; one per family."""
    taken = {candidate.family.id for candidate in ranked}
    chosen: dict[str, Candidate] = {}
    for candidate in sorted(candidates, key=lambda c: (len(c.refusals), -c.score, c.member.id)):
        if candidate.refusals and candidate.family.id not in taken:
            chosen.setdefault(candidate.family.id, candidate)
    return list(chosen.values())[:most]


def _stands_better(candidate: Candidate) -> tuple[bool, bool, float, bool, float]:
    """What decides between members of one release."""
    fluent = candidate.fit.speed_at_most is None or candidate.fit.speed_at_most >= FLUENT
    size = float(candidate.member.parameters or 0)
    measured = candidate.parts["evidence"] if candidate.standings else 0.0
    tuned = candidate.member.tuning != "base"
    return tuned, fluent, measured, bool(candidate.standings), size if fluent else -size


def _judge(
    need: Need, facts: Facts, family: Family, member: Member, boards: tuple[Board, ...],
    room: Room, today: date,
) -> Candidate:  # fmt: skip
    bound = terms(facts, family, member)
    level, because = grade(family, bound, osaid(facts, family, member, bound))
    kinds = tuple({*inputs(family, member), *outputs(family, member)})
    permits = bound.permits(need.who, kinds)
    estimate = fit(shape(family, member), room, need.context)
    results = tuple(standings(boards, member))
    found = _Found(need, facts, family, member, bound, level, permits, estimate)
    refusals = tuple(reason for demand in _DEMANDS for reason in demand(found))
    parts = _parts(need, family, member, level, results, today)
    score = sum(parts.values()) * _fluency(estimate)
    return Candidate(
        family, member, bound, level, because, permits, estimate, results, refusals, score, parts
    )


def shape(family: Family, member: Member) -> Shape:
    """What the memory estimate needs of a member."""
    makes_tokens = bool(TOKEN_TASKS & set(tasks(family, member)))
    return Shape(
        member.parameters, member.active, member.kv_bytes_per_token,
        member.context or family.context, makes_tokens,
    )  # fmt: skip


def _parts(
    need: Need, family: Family, member: Member, level: Level, results: tuple[Standing, ...],
    today: date,
) -> dict[str, float]:  # fmt: skip
    """The shares of the score, each with its weight."""
    evidence = WITHOUT_EVIDENCE
    if results:
        evidence = sum(r.share * _fresh(r.dated, today) for r in results) / len(results)
    released = member.released or family.released
    age = _fresh(released, today) if released else 0.0
    parts = {
        "evidence": WEIGHT_EVIDENCE * evidence,
        "age": WEIGHT_AGE * age,
        "openness": WEIGHT_OPENNESS * _OPENNESS_POINTS.get(level, 0.0),
    }
    if need.like:
        parts["alike"] = WEIGHT_ALIKE * _alike(need, family, member)
    if member.tuning == "base" and need.task in TOKEN_TASKS:
        parts["untuned"] = -0.15
    return parts


def _fresh(day: date, today: date) -> float:
    """1 today, 1/2 after a year, 1/4 after two."""
    return float(0.5 ** (max((today - day).days, 0) / HALF_LIFE_DAYS))


def _fluency(estimate: Fit) -> float:
    """Down to a half for models that would be too slow to read along."""
    if estimate.speed_at_most is None:
        return 1.0
    return 0.5 + 0.5 * min(1.0, estimate.speed_at_most / FLUENT)


def _alike(need: Need, family: Family, member: Member) -> float:
    """How much of what the compared model takes in and gives out this one does too."""
    wanted = {*(f"in {m}" for m in need.inputs), *(f"out {m}" for m in need.outputs)}
    given = {
        *(f"in {m}" for m in inputs(family, member)),
        *(f"out {m}" for m in outputs(family, member)),
    }
    return len(wanted & given) / len(wanted) if wanted else 0.0


@dataclass(frozen=True, slots=True)
class _Found:
    """What the demands look at."""

    need: Need
    facts: Facts
    family: Family
    member: Member
    terms: Terms
    level: Level
    permits: tuple[Permit, ...]
    fit: Fit


def _uses(found: _Found) -> Iterator[str]:
    for permit in found.permits:
        if permit.use in found.need.uses and permit.verdict in ("no", "unknown"):
            answer = "not allowed" if permit.verdict == "no" else "not known to be allowed"
            yield f"{permit.use} {answer}: {permit.because}"


def _licenses(found: _Found) -> Iterator[str]:
    wanted = found.need.licenses
    if not wanted:
        return
    for binding in found.terms.bindings:
        license = binding.license
        if not binding.binds:
            continue
        if license is None:
            yield f"license: {binding.because}"
        elif license.id not in wanted and not (
            ANY_OSI in wanted and license.osi and is_open(license)
        ):
            yield f"license: {license.short} is not {' or '.join(wanted)}"


def _openness(found: _Found) -> Iterator[str]:
    wanted = found.need.openness
    if wanted and (
        found.level not in OPENNESS or OPENNESS.index(found.level) > OPENNESS.index(wanted)
    ):
        yield f"openness: {found.level}, not {wanted}"


def _languages(found: _Found) -> Iterator[str]:
    spoken = languages(found.family, found.member)
    missing = [code for code in found.need.languages if code not in spoken]
    if missing and (not spoken or "mul" in spoken):
        yield f"language: whether it handles {', '.join(missing)} is not known"
    elif missing:
        yield f"language: {', '.join(missing)} is not among its languages"


def _memory(found: _Found) -> Iterator[str]:
    if found.fit.fits != "yes":
        yield f"memory: {found.fit.because}"


def _context(found: _Found) -> Iterator[str]:
    wanted = found.need.context
    length = found.member.context or found.family.context
    if wanted and length is None:
        yield "context: its length is not known"
    elif wanted and length is not None and length < wanted:
        yield f"context: {length:,} tokens, not {wanted:,}"


def _modalities(found: _Found) -> Iterator[str]:
    has = {*inputs(found.family, found.member), *outputs(found.family, found.member)}
    for modality in found.need.modalities:
        if modality not in has:
            yield f"modality: no {modality}"


def _parameters(found: _Found) -> Iterator[str]:
    limit, size = found.need.max_parameters, found.member.parameters
    if limit and size is None:
        yield "parameters: their number is not known"
    elif limit and size is not None and size > limit:
        yield f"parameters: {size:,}, more than {limit:,}"


def _not_from(found: _Found) -> Iterator[str]:
    unwanted = {name.casefold() for name in found.need.not_from}
    for name in (found.family.maker, found.family.country):
        if name.casefold() in unwanted:
            yield f"maker: from {name}"


_DEMANDS: tuple[Callable[[_Found], Iterator[str]], ...] = (
    _uses, _licenses, _openness, _languages, _memory, _context, _modalities, _parameters, _not_from,
)  # fmt: skip


def tasks(family: Family, member: Member) -> tuple[str, ...]:
    """What the member is run for."""
    return family.tasks if member.tasks is None else member.tasks


def abilities(family: Family, member: Member) -> tuple[str, ...]:
    """What the member can do beyond its task."""
    return family.abilities if member.abilities is None else member.abilities


def inputs(family: Family, member: Member) -> tuple[str, ...]:
    """What the member takes in."""
    return family.inputs if member.inputs is None else member.inputs


def outputs(family: Family, member: Member) -> tuple[str, ...]:
    """What the member gives out."""
    return family.outputs if member.outputs is None else member.outputs


def languages(family: Family, member: Member) -> tuple[str, ...]:
    """The languages the member is said to handle."""
    return family.languages if member.languages is None else member.languages
