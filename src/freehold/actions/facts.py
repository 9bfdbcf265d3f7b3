"""`facts`: the knowledge base itself: what is in it, what is wrong in it, what is old."""

from datetime import date
from pathlib import Path
from typing import Any

from msgspec import Struct

from freehold.core import paths
from freehold.core.errors import NotFound
from freehold.knowledge.base import KnowledgeBase, open_base
from freehold.knowledge.schema import Problem
from freehold.knowledge.types import Vocabulary
from freehold.knowledge.validation import stale, validate


class Stale(Struct, frozen=True):
    """A fact that nobody has looked at for more than a year."""

    file: str
    field: str
    checked: date


class Contents(Struct, frozen=True):
    """How many files each folder holds, and how many of them are the user's own."""

    shipped: dict[str, int]
    own: dict[str, int]
    overlay: Path


def contents(base: KnowledgeBase | None = None) -> Contents:
    """Count the files of the knowledge base."""
    base = base or open_base()
    shipped, own = {}, {}
    for name, folder in base.folders.items():
        files = folder.files.values()
        own[name] = sum(file.own for layers in files for file in layers)
        shipped[name] = sum(len(layers) for layers in files) - own[name]
    return Contents(shipped, own, base.overlay or paths.overlay())


def problems(base: KnowledgeBase | None = None, today: date | None = None) -> list[Problem]:
    """Everything that is wrong in the knowledge base and the overlay: file, field, what and how."""
    return validate(base or open_base(), today or date.today())


def old(base: KnowledgeBase | None = None, today: date | None = None) -> list[Stale]:
    """Facts that were last looked at more than a year ago, oldest first."""
    return [Stale(*row) for row in stale(base or open_base(), today or date.today())]


def vocabulary(name: str, base: KnowledgeBase | None = None) -> Vocabulary:
    """One closed list of words. Raises NotFound with the nearest names."""
    base = base or open_base()
    if name not in base.vocabularies:
        raise NotFound(
            "vocabulary", name, base.vocabularies, hint="freehold facts words lists them"
        )
    return base.vocabularies[name]


def file_of(id: str, base: KnowledgeBase | None = None) -> dict[str, Any]:
    """Where the facts about a thing stand: its files, the shipped one first. Raises NotFound."""
    base = base or open_base()
    found = {n: f.files[id] for n, f in base.folders.items() if id in f.files}
    if not found:
        every = [known for folder in base.folders.values() for known in folder.files]
        raise NotFound("file", id, every)
    return {name: [file.path for file in files] for name, files in found.items()}
