"""Which models meet a need, and in which order: demands first, then evidence, age and openness.

The order of releases never looks at the number of parameters. Size decides only which member
of one release is offered when no measurement tells them apart: the largest that runs well here.
"""

from collections.abc import Iterable
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from freehold.judge.answers import Facts, Permit
from freehold.judge.demands import Found, refusals
from freehold.judge.fitting.first import FLUENT, TOKEN_TASKS, Fit, Room, fit, shape
from freehold.judge.needs import Need
from freehold.judge.openness import Level, grade
from freehold.judge.policy import Decision, decide
from freehold.judge.policy_subject import subject
from freehold.judge.quality import Evidence, Standing
from freehold.judge.terms import Terms, terms
from freehold.knowledge import traits
from freehold.knowledge.policy_types import Placed
from freehold.knowledge.types import Family, Member

WEIGHT_EVIDENCE, WEIGHT_AGE, WEIGHT_OPENNESS = 0.55, 0.25, 0.20
WEIGHT_ALIKE = 0.15
"""Added when the need is to be like another model."""
UNTUNED = -0.15
"""For models that only continue text, where the need is to converse."""
WITHOUT_EVIDENCE = 0.30
HALF_LIFE_DAYS = 365.0
OPENNESS_POINTS: dict[Level, float] = {
    "fully open": 1.0,
    "open weights": 0.7,
    "restricted weights": 0.35,
}


class Candidate(Struct, frozen=True):
    """One member with everything found out about it for a need, and its score."""

    found: Found
    standings: tuple[Standing, ...]
    refusals: tuple[str, ...]
    parts: dict[str, float]
    score: float
    policy: Decision = Decision()

    @property
    def id(self) -> str:
        """The id of the member."""
        return self.found.member.id

    @property
    def family(self) -> str:
        """The id of its family."""
        return self.found.family.id


class Place(Struct, frozen=True):
    """Where the choice is made: the machine's room, the evidence, the day, and whose rules hold."""

    room: Room
    evidence: Evidence
    today: date
    policies: tuple[Placed, ...] = ()


def consider(need: Need, facts: Facts, families: Iterable[Family], place: Place) -> list[Candidate]:
    """Every member that has the task and the abilities, judged; best score first."""
    verdicts = _Verdicts(need, facts)
    considered = [
        _judge(need, verdicts, family, member, place)
        for family in families
        if family.kind == "model"
        for member in family.members
        if _suits(need, family, member)
    ]
    return sorted(considered, key=lambda c: (-c.score, c.id))


def rank(candidates: Iterable[Candidate], most: int = 5) -> list[Candidate]:
    """The best of those not refused, one member per family."""
    chosen: dict[str, Candidate] = {}
    for candidate in candidates:
        rival = chosen.get(candidate.family)
        if not candidate.refusals and (rival is None or _stands(candidate) > _stands(rival)):
            chosen[candidate.family] = candidate
    return sorted(chosen.values(), key=lambda c: (-c.score, c.id))[:most]


def near_misses(
    candidates: Iterable[Candidate], ranked: Iterable[Candidate], most: int = 10
) -> list[Candidate]:
    """The refused that came nearest: fewest reasons, not far too large, best score.

    One per family.
    """
    taken = {candidate.family for candidate in ranked}
    chosen: dict[str, Candidate] = {}
    for candidate in sorted(candidates, key=_distance):
        if candidate.refusals and candidate.family not in taken:
            chosen.setdefault(candidate.family, candidate)
    return list(chosen.values())[:most]


def _distance(candidate: Candidate) -> tuple[int, bool, float, str]:
    """How far a refused candidate is from meeting the need; twice too large is far."""
    total, budget = candidate.found.fit.total, candidate.found.fit.budget
    far = total is not None and budget is not None and total > 2 * budget
    return len(candidate.refusals), far, -candidate.score, candidate.id


def _suits(need: Need, family: Family, member: Member) -> bool:
    able = set(traits.abilities(family, member))
    return need.task in traits.tasks(family, member) and able.issuperset(need.abilities)


def _stands(candidate: Candidate) -> tuple[bool, bool, bool, bool, float, float]:
    """What decides between members of one release, most important first."""
    speed = candidate.found.fit.pace
    fluent = speed is None or speed >= FLUENT
    size = float(candidate.found.member.parameters or 0)
    measured = candidate.parts["evidence"] if candidate.standings else 0.0
    tuned = candidate.found.member.tuning != "base"
    whole = candidate.found.fit.fits == "yes"
    return tuned, whole, fluent, bool(candidate.standings), measured, size if fluent else -size


class _Verdicts(Struct):
    """License and openness verdicts; members of one release that share the facts share these."""

    need: Need
    facts: Facts
    known: dict[tuple[object, ...], tuple[Terms, Level, str, tuple[Permit, ...]]] = {}

    def of(self, family: Family, member: Member) -> tuple[Terms, Level, str, tuple[Permit, ...]]:
        """Terms, level with its reason, and permits for the stated uses of one member."""
        kinds = traits.modalities(family, member)
        naming = [
            *(row.members for row in family.lineage),
            *(row.members for row in family.statements),
        ]
        named = any(member.id in members for members in naming)
        key = (family.id, member.license, kinds, member.id if named else None)
        if key not in self.known:
            bound = terms(self.facts, family, member)
            level, because = grade(self.facts, family, member, bound)
            who, uses = self.need.who, self.need.uses
            permits = tuple(bound.permit(use, who, kinds) for use in uses)
            self.known[key] = bound, level, because, permits
        return self.known[key]


def _judge(
    need: Need, verdicts: _Verdicts, family: Family, member: Member, place: Place
) -> Candidate:
    estimate = fit(shape(family, member), place.room, need.context)
    bound, level, because, permits = verdicts.of(family, member)
    measured = place.evidence.languages(member)
    found = Found(family, member, bound, level, because, permits, estimate, measured)
    standings = place.evidence.of(member)
    parts = _parts(need, found, standings, place.evidence.rating(member), place.today)
    score = sum(parts.values()) * _fluency(estimate)
    said = _policy(verdicts.facts, found, place)
    refused = tuple(str(o) for o in said.objections if o.outcome == "refused")
    return Candidate(found, standings, (*refusals(need, found), *refused), parts, score, said)


def _policy(facts: Facts, found: Found, place: Place) -> Decision:
    """What the policies that hold here say, this machine's memory included."""
    if not place.policies:
        return Decision()
    seen = subject(facts, found.family, found.member, found.terms, found.level)
    total, room = found.fit.total, place.room.memory
    share = total / room if total is not None and room else None
    return decide(place.policies, replace(seen, memory_share=share), place.today)


def _parts(
    need: Need, found: Found, standings: tuple[Standing, ...], rating: float, today: date
) -> dict[str, float]:
    """The shares of the score, each with its weight."""
    quality = WITHOUT_EVIDENCE
    if standings:  # what was measured never counts less than what nobody measured
        fresh = max(_freshness(standing.dated, today) for standing in standings)
        quality += (1 - WITHOUT_EVIDENCE) * rating * fresh
    released = traits.released(found.family, found.member)
    parts = {
        "evidence": WEIGHT_EVIDENCE * quality,
        "age": WEIGHT_AGE * (_freshness(released, today) if released else 0.0),
        "openness": WEIGHT_OPENNESS * OPENNESS_POINTS.get(found.level, 0.0),
    }
    if need.like:
        parts["alike"] = WEIGHT_ALIKE * _alike(need, found)
    if found.member.tuning == "base" and need.task in TOKEN_TASKS:
        parts["untuned"] = UNTUNED
    return parts


def _freshness(day: date, today: date) -> float:
    """1 today, 1/2 after a year, 1/4 after two."""
    return float(0.5 ** (max((today - day).days, 0) / HALF_LIFE_DAYS))


def _fluency(estimate: Fit) -> float:
    """Down to a half for models that would be too slow to read along."""
    if estimate.pace is None:
        return 1.0
    return 0.5 + 0.5 * min(1.0, estimate.pace / FLUENT)


def _alike(need: Need, found: Found) -> float:
    """How much of what the compared model takes in and gives out this one does too."""
    takes = set(need.inputs) & set(traits.inputs(found.family, found.member))
    gives = set(need.outputs) & set(traits.outputs(found.family, found.member))
    wanted = len(need.inputs) + len(need.outputs)
    return (len(takes) + len(gives)) / wanted if wanted else 0.0
