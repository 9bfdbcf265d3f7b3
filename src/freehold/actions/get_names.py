"""What a name means to `get`: a source and its form, a path, or a model of the knowledge base."""

from pathlib import Path

from freehold.core.errors import NotFound, UsageError
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.search import find_model
from freehold.knowledge.types import Family, Member
from freehold.sources.suppliers import FORMS, PREFIXES

MOST_NAMED = 8


def resolved(what: str | Path, base: KnowledgeBase) -> str:
    """The form that a source knows; a model of the knowledge base is its repository on the Hub.

    NotFound offers the nearest names, UsageError the members of a family that has several.
    """
    text = str(what).strip()
    if text.startswith(tuple(PREFIXES)):
        return text
    path = Path(text).expanduser()
    if isinstance(what, Path) or text.startswith((".", "/", "~")) or path.exists():
        return str(path)
    found = base.find(text)
    if found is None and text.count("/") == 1:
        raise NotFound(
            "model or path", text, base.names, hint=f"on the Hub: freehold get hf:{text}"
        )
    family, member = found or find_model(base, text)
    return f"hf:{_repository(family, member)}"


def _repository(family: Family, member: Member | None) -> str:
    if member is not None and member.hub:
        return member.hub
    members = [m for m in family.members if m.hub]
    if member is None and len(members) == 1 and members[0].hub:
        return members[0].hub
    if member is None and members:
        names = ", ".join(m.id for m in members[:MOST_NAMED])
        raise UsageError(f"{family.id} has several members: {names}", hint="name one of them")
    raise UsageError(
        f"where {member.id if member else family.id} can be had is not known", hint=f"name {FORMS}"
    )
