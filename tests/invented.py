"""Invented licenses and families, small enough to see what a verdict rests on."""

from datetime import date
from typing import Any

from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.types import (
    Component,
    Definition,
    Family,
    License,
    Link,
    Member,
    Source,
    Statement,
    TextSeen,
)

TODAY = date(2026, 11, 21)
EVERYTHING = ("use", "commercial", "modify", "distribute", "sublicense", "host", "train-on-outputs")
SHIPPED = KnowledgeBase()


def a_license(id: str = "Free-1.0", *, read: bool = True, **changes: Any) -> License:
    """A permissive license whose text was read, with these changes."""
    facts: dict[str, Any] = {
        "id": id,
        "schema": 1,
        "name": f"The {id} License",
        "short": id,
        "publisher": "The Publisher",
        "kind": "permissive",
        "covers": ("code", "data", "document", "model"),
        "text": TextSeen(read=read, checked=TODAY, sha256="0" * 64),
        "osi": True,
        "permissions": EVERYTHING,
    }
    return License(**(facts | changes))


def a_source(rank: str = "publisher", by: str = "The Maker") -> Source:
    """A source of this rank."""
    return Source(by=by, rank=rank, checked=TODAY)


SOURCES = {
    "card": a_source(),
    "file": a_source("license-text"),
    "paper": a_source("publisher", "The Paper"),
    "press": a_source("press", "The Newspaper"),
    "rumor": a_source("unconfirmed", "Somebody"),
}


def a_component(kind: str, state: str = "released", license: str | None = "Free-1.0") -> Component:
    """A component that the maker's card speaks of."""
    return Component(kind=kind, state=state, source="card", license=license)


def a_member(id: str = "thing-7b", **changes: Any) -> Member:
    """A tuned model of seven billion parameters, with these changes."""
    facts: dict[str, Any] = {"parameters": 7_000_000_000, "tuning": "instruct"}
    return Member(id=id, **(facts | changes))


def a_family(id: str = "thing", *, license: str | None = "Free-1.0", **changes: Any) -> Family:
    """A text model whose weights are out under `license` and of which nothing else is known."""
    facts: dict[str, Any] = {
        "id": id,
        "schema": 1,
        "name": id.title(),
        "maker": f"Maker of {id}",
        "country": "FR",
        "kind": "model",
        "summary": "An invented model.",
        "source": "card",
        "sources": SOURCES,
        "released": date(2026, 6, 1),
        "tasks": ("text-generation",),
        "inputs": ("text",),
        "outputs": ("text",),
        "languages": ("en",),
        "context": 8192,
        "members": (a_member(f"{id}-7b"),),
        "components": (a_component("model-parameters", license=license),),
    }
    return Family(**(facts | changes))


def made_from(base: str, relation: str = "finetune", **changes: Any) -> tuple[Link, ...]:
    """A lineage of one step."""
    return (Link(base=base, relation=relation, source="card", **changes),)


def said(about: str, *, source: str = "press", **meaning: Any) -> Statement:
    """A statement of a newspaper."""
    return Statement(about=about, says="as quoted", source=source, **meaning)


class Book:
    """Facts from lists, with the definitions of openness that ship."""

    def __init__(self, *things: License | Family) -> None:
        self.licenses = {t.id: t for t in things if isinstance(t, License)}
        self.families = {t.id: t for t in things if isinstance(t, Family)}
        self.licenses.setdefault("Free-1.0", a_license())

    def license(self, id: str) -> License | None:
        """The license with this id."""
        return self.licenses.get(id)

    def find(self, id: str) -> tuple[Family, Member | None] | None:
        """The family or member with this id."""
        if id in self.families:
            return self.families[id], None
        hits = [(f, m) for f in self.families.values() for m in f.members if m.id == id]
        return hits[0] if hits else None

    def definition(self, id: str) -> Definition:
        """A definition of openness as it ships."""
        return SHIPPED.definition(id)
