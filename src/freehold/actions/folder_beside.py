"""What other files and the cards take away beside the license: policies, notices, terms."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

from freehold.actions.folder_reading import Evidence, LicenseFile, Seen
from freehold.formats.model_card import ModelCard
from freehold.judge.clauses import Clause, clauses
from freehold.judge.cues import cue
from freehold.judge.licensing import is_open
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.types import License, TextSeen

LIMITS = {
    "non-commercial": "non-commercial",
    "research-only": "research-only",
    "no-production": "no-production",
    "field-of-use": "field-of-use",
    "no-hosting": "no-hosting",
    "no-redistribution": "no-distribution",
    "no-derivatives": "no-derivatives",
    "no-competing": "no-competing",
    "output-training": "no-training",
    "use-policy": "use-restrictions",
    "remote-restriction": "remote-restriction",
}
"""Kinds of clauses -> limits; what is not here does not take a right away by itself."""
BINDING = ("threshold", "territory", "display", "name-prefix", "output-naming", "registration",
           "pass-on", "revocation")  # fmt: skip
"""Kinds of clauses that no free license has beside it, though they forbid nothing by themselves."""
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.{1,200})")
_OF_TERMS = re.compile(
    r"\b(?:licen[sc]\w*|terms|legal|restrictions?|conditions|permissions?|usage policy|use policy|"
    r"copyright|lizenz\w*|nutzungs\w+|licencia|condiciones)\b|许可|授权|条款|ライセンス|라이선스",
    re.IGNORECASE,
)


def beside(seen: Seen, evidence: list[Evidence], base: KnowledgeBase) -> Iterator[License]:
    """A license that grants nothing, for every file that takes away what no license here does."""
    known = [license for e in evidence if e.id and (license := base.license(e.id))]
    limits = {limit for license in known for limit in license.limits}
    free = bool(known) and all(map(is_open, known))
    for file in seen.licenses:
        if file.kind != "license" and file.found.relation != "exact" and "/" not in file.path:
            told = _limits(file.found.terms) - limits
            if told or (free and _adds(file)):
                yield limited(f"LicenseRef-beside-{file.path}", file.path, sorted(told))
    for path, card in seen.cards:
        told = _limits_of_card(card, limits)
        if told or (free and _says(card)):
            yield limited(f"LicenseRef-words-of-{path}", "the model card", sorted(told))


def limited(id: str, where: str, limits: list[str]) -> License:
    """A license of which nothing is believed but what it takes away."""
    return License(
        id=id,
        schema=1,
        name=f"What {where} forbids",
        short=f"the words of {where}",
        publisher="its publisher",
        kind="source-available",
        covers=("model",),
        text=TextSeen(read=False, checked=today()),
        limits=tuple(limits),
    )


def today() -> date:
    """The day of this check."""
    return datetime.now(UTC).date()


def limits_of(terms: tuple[Clause, ...]) -> list[str]:
    """The limits that the clauses of a text set, each once."""
    return list(dict.fromkeys(LIMITS[c.kind] for c in terms if c.kind in LIMITS))


def _limits(terms: tuple[Clause, ...]) -> set[str]:
    return set(limits_of(terms))


def _adds(file: LicenseFile) -> bool:
    """Whether a policy or notice could take something away, though no limit was read in it."""
    if file.found.relation == "several" and not file.found.differences:
        return False
    if any(clause.kind in BINDING for clause in file.found.terms):
        return True
    foreign = re.search(r"third|acknowledg|attribution", file.path, re.IGNORECASE)
    return file.kind == "use-policy" or (not foreign and cue(file.text) is not None)


def _limits_of_card(card: ModelCard, limits: set[str]) -> set[str]:
    """What its sentences forbid, and its sections on terms, that no license here forbids yet."""
    told = {str(claim.claim) for claim in card.claims} & {"non-commercial", "research-only"}
    if limits & {"non-commercial", "research-only"}:
        told = set()
    return (told | _limits(clauses(f"{_terms_of(card)}\n\n{card.gated or ''}"))) - limits


def _says(card: ModelCard) -> bool:
    text = _terms_of(card)
    asked = clauses(f"{text}\n\n{card.gated or ''}")
    return any(c.kind in BINDING for c in asked) or cue(text) is not None


def _terms_of(card: ModelCard) -> str:
    """The sections of a card whose headings speak of terms."""
    kept: list[str] = []
    inside = False
    for line in card.prose.splitlines():
        heading = _HEADING.match(line)
        if heading:
            inside = _OF_TERMS.search(heading.group(1)) is not None
        elif inside:
            kept.append(line)
    return "\n".join(kept)
