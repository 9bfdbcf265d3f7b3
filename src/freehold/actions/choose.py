"""`choose`: which models may I use, do fit my machine and suit my need, and why these?"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from msgspec import Struct, to_builtins

from freehold.actions.check import permit_row
from freehold.actions.places import place
from freehold.actions.policy_words import policy_form
from freehold.actions.speeds import rates
from freehold.core.counts import spoken
from freehold.core.errors import Contradiction, NotFound, UsageError
from freehold.judge.answers import Obligation, Permit
from freehold.judge.choosing import Candidate, Place, consider, near_misses, rank
from freehold.judge.fitting.first import Room
from freehold.judge.licensing import EU
from freehold.judge.needs import ANY_OSI, OPENNESS, Need, contradictions
from freehold.judge.obligations import relevant
from freehold.judge.quality import evidence
from freehold.knowledge.base import KnowledgeBase, open_base
from freehold.knowledge.makers import names_of
from freehold.knowledge.policy_file import read_policies
from freehold.knowledge.search import find_license, find_model, word
from freehold.knowledge.traits import modalities, released
from freehold.knowledge.types import Family

SHOWN_RESULTS = 3
"""Leaderboard results that are told among the reasons."""


class Choice(Struct, frozen=True):
    """The answer to a need: the ranked models and the near misses, each with its reasons."""

    need: Need
    room: Room
    ranked: tuple[Candidate, ...]
    refused: tuple[Candidate, ...]
    considered: int
    conditions: Mapping[str, str]

    def obligations(self, candidate: Candidate) -> tuple[Obligation, ...]:
        """What the candidate's licenses oblige to, as far as the stated uses call it up."""
        return relevant(candidate.found.terms.obligations(self.conditions), self.need.uses)

    def permits(self, candidate: Candidate) -> tuple[Permit, ...]:
        """What one may do with the candidate, for every use that people ask about."""
        found = candidate.found
        kinds = modalities(found.family, found.member)
        return found.terms.permits(self.need.who, kinds)

    def reasons(self, candidate: Candidate) -> list[str]:
        """Why the candidate stands where it stands, the strongest reason first."""
        return [
            *_evidence(candidate),
            _openness(candidate),
            *_released(candidate),
            candidate.found.fit.because,
            *(str(objection) for objection in candidate.policy.objections),
        ]

    def form(self) -> dict[str, Any]:
        """The JSON form that scripts rely on."""
        return {
            "need": {k: v for k, v in to_builtins(self.need).items() if v},
            "room": {"name": self.room.name, "memory": self.room.memory},
            "considered": self.considered,
            "ranked": [self._ranked(c) for c in self.ranked],
            "refused": [
                {"id": c.id, "family": c.family, "because": list(c.refusals)} for c in self.refused
            ],
        }

    def _ranked(self, c: Candidate) -> dict[str, Any]:
        found, own = c.found, c.found.terms.own
        return {
            "id": c.id,
            "family": c.family,
            "hub": found.member.hub,
            "score": round(c.score, 4),
            "parts": {k: round(v, 4) for k, v in c.parts.items()},
            "reasons": self.reasons(c),
            "license": {
                "id": own.id if own else None,
                "permits": {p.use: permit_row(p) for p in self.permits(c)},
                "obligations": to_builtins(self.obligations(c)),
            },
            "openness": {"level": found.level, "because": found.level_because},
            "fit": to_builtins(found.fit),
            "evidence": to_builtins(c.standings),
            "policy": policy_form(c.policy),
        }


def choose(
    task: str | None = None, *, like: str | None = None, uses: Sequence[str] = (),
    licenses: Sequence[str] = (), openness: str | None = None, languages: Sequence[str] = (),
    abilities: Sequence[str] = (), modalities: Sequence[str] = (), memory: int | None = None,
    context: int | None = None, max_parameters: int | None = None, not_from: Sequence[str] = (),
    users: int | None = None, revenue: int | None = None, territory: str | None = None,
    on: str | None = None, most: int = 5, base: KnowledgeBase | None = None,
    today: date | None = None,
) -> Choice:  # fmt: skip
    """Rank the models that meet every demand; at most `most`, one per family.

    Words may be given as people write them ("French", "chat"). `memory` is bytes, `users`
    are monthly, `revenue` is US dollars a year, `on` names another machine ("RTX 4090").
    Raises NotFound for unknown words, Contradiction when two demands cannot both hold.
    """
    base = base or open_base()
    compared = find_model(base, like).family if like else None
    need = Need(
        **_task(base, task, abilities, compared),
        uses=tuple(word(base, "uses", use) for use in uses),
        licenses=tuple(_license(base, name) for name in licenses),
        openness=_level(openness),
        languages=tuple(word(base, "languages", language) for language in languages),
        modalities=tuple(word(base, "modalities", modality) for modality in modalities),
        memory=memory, context=context, max_parameters=max_parameters,
        not_from=tuple(_maker(base, name) for name in not_from),
        users=users, revenue=revenue, territory=_territory(territory),
    )  # fmt: skip
    for one, other, why in contradictions(need, base):
        raise Contradiction(f"{one} and {other} contradict each other: {why}")
    room = _room(base, on, memory)
    return _answer(need, base, room, most, today or date.today(), compared)


def _room(base: KnowledgeBase, on: str | None, memory: int | None) -> Room:
    """The machine to choose for: this one, one that is named, or so many bytes."""
    if memory and not on:
        return Room("memory, as you said", memory)
    found = place(base, on, memory)
    name = "memory" if found.kind == "cpu" and found.here else found.name
    return Room(name, found.memory, found.bandwidth, rates(found, "llama.cpp"))


def _answer(
    need: Need, base: KnowledgeBase, room: Room, most: int, today: date, compared: Family | None
) -> Choice:
    families = [family for family in base.families() if family is not compared]
    seen = evidence(base.boards(), need, _open_models(families))
    place = Place(room, seen, today, read_policies(base))
    candidates = consider(need, base, families, place)
    ranked = rank(candidates, most)
    return Choice(
        need, room, tuple(ranked), tuple(near_misses(candidates, ranked)),
        len(candidates), base.words["conditions"],
    )  # fmt: skip


def _open_models(families: Sequence[Family]) -> set[str]:
    """The names by which leaderboards speak of open models, in lower case."""
    members = [m for family in families if family.kind == "model" for m in family.members]
    return {name.casefold() for m in members for name in (m.hub, m.id) if name}


def _task(
    base: KnowledgeBase, task: str | None, abilities: Sequence[str], compared: Family | None
) -> dict[str, Any]:
    """Task and abilities from the words given, or from the model to be like."""
    if task is None and compared is None:
        raise UsageError(
            "say what the model is for: --task TASK, or --like MODEL",
            hint="freehold facts words tasks lists the tasks",
        )
    own = tuple(word(base, "abilities", ability) for ability in abilities)
    if task is None and compared is not None:
        if not compared.tasks:
            raise UsageError(
                f"{compared.name} is a {compared.kind} without a task; name one with --task"
            )
        main: str = compared.tasks[0]
        return {"task": main, "abilities": own, **_likeness(compared)}
    assert task is not None
    main, _, ability = word(base, "tasks", task).partition("/")
    asked = tuple(dict.fromkeys((*own, *((ability,) if ability else ()))))
    if compared and compared.tasks and main not in compared.tasks:
        raise Contradiction(
            f"--task {main} and --like {compared.id} contradict each other: "
            f"{compared.name} is for {', '.join(compared.tasks)}"
        )
    return {"task": main, "abilities": asked, **(_likeness(compared) if compared else {})}


def _likeness(compared: Family) -> dict[str, Any]:
    return {"like": compared.id, "inputs": compared.inputs, "outputs": compared.outputs}


def _license(base: KnowledgeBase, name: str) -> str:
    return ANY_OSI if name.casefold() == ANY_OSI else find_license(base, name).id


def _level(name: str | None) -> str | None:
    if name is None:
        return None
    plain = name.replace("-", " ").casefold().strip()
    if plain not in OPENNESS:
        raise NotFound("level of openness", name, OPENNESS, hint="one of: " + ", ".join(OPENNESS))
    return plain


def _maker(base: KnowledgeBase, name: str) -> str:
    """A maker or country as the facts spell it."""
    known = {n.casefold(): n for f in base.families() for n in (*names_of(f.maker), f.country)}
    if name.casefold() not in known:
        raise NotFound("maker or country code", name, known.values())
    return known[name.casefold()]


def _territory(name: str | None) -> str | None:
    if name is None:
        return None
    code = name.strip().upper()
    if len(code) != 2 or not code.isalpha():
        raise UsageError(
            f"--territory takes a two-letter country code or EU, not {name!r}",
            hint=f"in the EU: {', '.join(sorted(EU - {'EU'}))}",
        )
    return code


def _evidence(candidate: Candidate) -> list[str]:
    """The results on the largest boards; how many more there are."""
    if not candidate.standings:
        return ["no public measurement for this need is known here; placed by age and openness"]
    largest = sorted(candidate.standings, key=lambda s: (-s.of, s.board))
    lines = [
        f"{s.name}: {s.metric} {s.value:g}{s.unit if s.unit == '%' else ' ' + s.unit}".rstrip()
        + f", place {s.place} of {s.of} ({s.dated.isoformat()})"
        for s in largest[:SHOWN_RESULTS]
    ]
    more = len(largest) - SHOWN_RESULTS
    return [*lines, f"and {more} more results (--json has all)"] if more > 0 else lines


def _openness(candidate: Candidate) -> str:
    found = candidate.found
    return f"{found.level}: {', '.join(found.terms.names)}"


def _released(candidate: Candidate) -> list[str]:
    family, member = candidate.found.family, candidate.found.member
    day = released(family, member)
    size = f", {spoken(member.parameters)} parameters" if member.parameters else ""
    return [f"released {day.isoformat()} by {family.maker}{size}"] if day else []
