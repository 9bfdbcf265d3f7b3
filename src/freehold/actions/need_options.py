"""Turns a need as it was said into options of `choose`, and into words: the one place for both."""

from collections.abc import Mapping
from typing import Any

from freehold.core.errors import NotFound
from freehold.core.quantities import read_quantity
from freehold.judge.licensing import EU
from freehold.judge.said import TASKS, Said
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.mentions import machine_named, mentions

SLOTS = {
    "task": "task", "like": "like", "uses": "uses", "licenses": "licenses",
    "openness": "openness", "languages": "languages", "abilities": "abilities",
    "memory": "memory", "machine": "on", "context": "context", "size": "max_parameters",
    "not_from": "not_from", "users": "users", "revenue": "revenue", "territory": "territory",
}  # fmt: skip
"""The field of a need and the option of `choose` that it fills."""


def options(said: Said, base: KnowledgeBase) -> dict[str, Any]:
    """The options of `choose` for what was said; what was not said is left out."""
    found: dict[str, Any] = {
        "task": TASKS[said.task][0] if said.task else None,
        "like": _named(base, said.like, "model"),
        "uses": _uses(said),
        "licenses": tuple(_named(base, name, "license") or name for name in said.licenses),
        "openness": said.openness,
        "languages": said.languages,
        "abilities": _abilities(said),
        "on": machine_named(said.machine) if said.machine else None,
        "not_from": tuple(_named(base, name, "maker") or name for name in said.not_from),
        "territory": said.territory.upper() if said.territory else None,
    }
    for slot in ("memory", "context", "size", "users", "revenue"):
        found[SLOTS[slot]] = _amount(getattr(said, slot))
    return {key: value for key, value in found.items() if value not in (None, ())}


def corrected(understood: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What was understood, with what was given as options in its place."""
    said = {key: value for key, value in given.items() if value not in (None, ())}
    return {**given, **understood, **said}


def option_named(name: str) -> str:
    """The keyword of `choose` for an option as it is written; NotFound with what there is."""
    by_option = {option.removeprefix("--"): key for key, (option, _) in SHOWN.items()}
    plain = name.strip().removeprefix("--").casefold()
    if plain not in by_option:
        raise NotFound("option of a need", name, by_option, hint="one of: " + ", ".join(by_option))
    return by_option[plain]


def in_words(found: dict[str, Any], base: KnowledgeBase) -> list[tuple[str, str]]:
    """(what, the words) for every option that was understood, as a person would read it."""
    sentences = base.words
    rows = []
    for key, value in found.items():
        option, words = SHOWN[key]
        values = value if isinstance(value, tuple) else (value,)
        listed = sentences.get(words, {}) if words else {}
        said = [
            f"{v} ({listed[v].rstrip('.')})" if v in listed else _spoken(key, v) for v in values
        ]
        rows.append((option, ", ".join(said)))
    return rows


SHOWN = {
    "task": ("--task", "tasks"), "like": ("--like", ""), "uses": ("--for", "uses"),
    "licenses": ("--license", ""), "openness": ("--openness", ""),
    "languages": ("--language", "languages"), "abilities": ("--ability", "abilities"),
    "memory": ("--memory", ""), "on": ("--machine", ""), "context": ("--context", ""),
    "max_parameters": ("--max-params", ""), "not_from": ("--not-from", ""),
    "users": ("--users", ""), "revenue": ("--revenue", ""), "territory": ("--territory", ""),
}  # fmt: skip


def _uses(said: Said) -> tuple[str, ...]:
    """The uses; who is in the Union also needs a model that may be used there."""
    inside = said.territory is not None and said.territory.upper() in EU
    return tuple(dict.fromkeys((*said.uses, *(("eu",) if inside else ()))))


def _abilities(said: Said) -> tuple[str, ...]:
    own = TASKS[said.task][1] if said.task else ""
    return tuple(dict.fromkeys((*((own,) if own else ()), *said.abilities)))


def _amount(text: str | None) -> int | None:
    quantity = read_quantity(text) if text else None
    return quantity.amount if quantity else None


def _named(base: KnowledgeBase, name: str | None, kind: str) -> str | None:
    """What a quoted name means; the name itself where it is not known."""
    if name is None:
        return None
    whole = (m for m in mentions(base, name) if m.kind == kind and m.text == name)
    return next((m.means for m in whole), name)


def _spoken(key: str, value: Any) -> str:
    if key == "memory":
        return f"{value / 10**9:g}GB"
    if isinstance(value, int):
        return f"{value:,}".replace(",", "_")
    return str(value)
