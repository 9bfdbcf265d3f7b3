"""`models`: the families of the knowledge base that match some words."""

from typing import Any

from msgspec import Struct

from freehold.core.errors import UsageError
from freehold.judge.openness import LEVELS, grade
from freehold.judge.terms import terms
from freehold.knowledge.base import KnowledgeBase, open_base
from freehold.knowledge.search import search_models, word
from freehold.knowledge.types import Family


class Row(Struct, frozen=True):
    """One family with its level and licenses."""

    family: Family
    level: str
    licenses: tuple[str, ...]

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        f = self.family
        return {
            "id": f.id,
            "name": f.name,
            "maker": f.maker,
            "country": f.country,
            "kind": f.kind,
            "released": f.released.isoformat() if f.released else None,
            "tasks": list(f.tasks),
            "level": self.level,
            "licenses": list(self.licenses),
            "members": [
                {"id": m.id, "hub": m.hub, "parameters": m.parameters, "active": m.active}
                for m in f.members
            ],
            "summary": f.summary,
        }


def models(
    query: str = "", *, task: str | None = None, kind: str | None = None, level: str | None = None,
    base: KnowledgeBase | None = None,
) -> list[Row]:  # fmt: skip
    """Families in which every word of `query` occurs, newest first, with their level."""
    base = base or open_base()
    wanted = word(base, "tasks", task).partition("/")[0] if task else None
    sort = word(base, "kinds", kind) if kind else None
    rows = [
        _row(base, family)
        for family in search_models(base, query)
        if (sort is None or family.kind == sort) and (wanted is None or _has(family, wanted))
    ]
    if level:
        rows = [row for row in rows if row.level.casefold() == _level(level)]
    return sorted(rows, key=lambda row: (_age(row.family), row.family.id))


def _level(name: str) -> str:
    plain = name.replace("-", " ").casefold()
    if plain not in [known.casefold() for known in LEVELS]:
        raise UsageError(f"{name!r} is not a level; the levels: {', '.join(LEVELS)}")
    return plain


def _has(family: Family, task: str) -> bool:
    return task in family.tasks or any(task in (m.tasks or ()) for m in family.members)


def _row(base: KnowledgeBase, family: Family) -> Row:
    bound = terms(base, family)
    level, _ = grade(base, family, None, bound)
    return Row(family, level, bound.names)


def _age(family: Family) -> int:
    return -family.released.toordinal() if family.released else 0
