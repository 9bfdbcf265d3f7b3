"""The demands of a need, each with the reason by which it refuses a model."""

from collections.abc import Callable, Iterator

from msgspec import Struct

from freehold.judge.answers import Permit
from freehold.judge.fitting.first import Fit
from freehold.judge.licensing import is_open
from freehold.judge.needs import ANY_OSI, OPENNESS, Need
from freehold.judge.openness import Level
from freehold.judge.terms import Terms
from freehold.knowledge import traits
from freehold.knowledge.makers import names_of
from freehold.knowledge.types import Family, Member


class Found(Struct, frozen=True):
    """What was found out about one member for one need."""

    family: Family
    member: Member
    terms: Terms
    level: Level
    level_because: str
    permits: tuple[Permit, ...]
    fit: Fit
    measured_languages: frozenset[str] = frozenset()


def refusals(need: Need, found: Found) -> tuple[str, ...]:
    """Every reason why the model does not meet the need; none when it does."""
    return tuple(reason for demand in _DEMANDS for reason in demand(need, found))


def _uses(need: Need, found: Found) -> Iterator[str]:
    for permit in found.permits:
        if permit.use in need.uses and permit.verdict in ("no", "unknown"):
            answer = "not allowed" if permit.verdict == "no" else "not known to be allowed"
            yield f"{permit.use} {answer}: {permit.because}"


def _licenses(need: Need, found: Found) -> Iterator[str]:
    if not need.licenses:
        return
    for binding in found.terms.bindings:
        license = binding.license
        if not binding.binds:
            continue
        if license is None:
            yield f"license: {binding.because}"
        elif license.id not in need.licenses and not (
            ANY_OSI in need.licenses and license.osi and is_open(license)
        ):
            yield f"license: {license.short} is not {' or '.join(need.licenses)}"


def _openness(need: Need, found: Found) -> Iterator[str]:
    if need.openness is None:
        return
    at_least = OPENNESS[: OPENNESS.index(need.openness) + 1]
    if found.level not in at_least:
        yield f"openness: {found.level}, not {need.openness}"


def _languages(need: Need, found: Found) -> Iterator[str]:
    spoken = traits.languages(found.family, found.member)
    known = {*spoken, *(found.measured_languages if "mul" in spoken or not spoken else ())}
    missing = [code for code in need.languages if code not in known]
    if missing and (not spoken or "mul" in spoken):
        yield f"language: whether it handles {', '.join(missing)} is not known"
    elif missing:
        yield f"language: {', '.join(missing)} is not among its languages"


def _memory(need: Need, found: Found) -> Iterator[str]:
    enough = ("yes",) if need.context else ("yes", "shorter")
    if found.fit.fits not in enough:
        yield f"memory: {found.fit.because}"


def _context(need: Need, found: Found) -> Iterator[str]:
    length = traits.context(found.family, found.member)
    if need.context and length is None:
        yield "context: its length is not known"
    elif need.context and length is not None and length < need.context:
        yield f"context: {length:,} tokens, not {need.context:,}"


def _modalities(need: Need, found: Found) -> Iterator[str]:
    has = traits.modalities(found.family, found.member)
    for modality in need.modalities:
        if modality not in has:
            yield f"modality: no {modality}"


def _parameters(need: Need, found: Found) -> Iterator[str]:
    limit, size = need.max_parameters, found.member.parameters
    if limit and size is None:
        yield "parameters: their number is not known"
    elif limit and size is not None and size > limit:
        yield f"parameters: {size:,}, more than {limit:,}"


def _makers(need: Need, found: Found) -> Iterator[str]:
    for name in (*names_of(found.family.maker), found.family.country):
        if name in need.not_from:
            yield f"maker: from {name}"
            return


_DEMANDS: tuple[Callable[[Need, Found], Iterator[str]], ...] = (
    _uses,
    _licenses,
    _openness,
    _languages,
    _memory,
    _context,
    _modalities,
    _parameters,
    _makers,
)
