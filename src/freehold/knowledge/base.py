"""The knowledge base: reads the shipped folder, lays the user's overlay over it, keeps both apart.

Files are read when they are first asked for. A broken file never stops the others: it is
left out, and named in `problems`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import rtoml

from freehold.core import paths
from freehold.core.errors import NotFound
from freehold.knowledge.overlay import merge
from freehold.knowledge.schema import Problem, Reading, build
from freehold.knowledge.types import (
    AcceleratorList,
    Board,
    Definition,
    Family,
    License,
    Member,
    PriceList,
    Vocabulary,
)

T = TypeVar("T")
SCHEMA = 1
LARGEST_FILE = 1_000_000

FOLDERS: Mapping[str, type[Any]] = {
    "vocabulary": Vocabulary,
    "licenses": License,
    "definitions": Definition,
    "families": Family,
    "accelerators": AcceleratorList,
    "prices": PriceList,
    "quality": Board,
}


@dataclass(slots=True, eq=False)
class Folder:
    """One folder of one or two layers of TOML files; `get` reads and keeps one file."""

    name: str
    layers: tuple[Path, ...]
    words: Mapping[str, Mapping[str, str]]
    problems: list[Problem] = field(default_factory=list)
    _files: dict[str, list[Path]] | None = None
    _read: dict[str, Any] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, list[Path]]:
        """Id -> its files, the shipped one first."""
        if self._files is None:
            found: dict[str, list[Path]] = {}
            for layer in self.layers:
                for path in sorted((layer / self.name).glob("*.toml")):
                    found.setdefault(path.stem, []).append(path)
            self._files = found
        return self._files

    def get(self, id: str) -> Any:
        """The thing with this id, or None when there is none or its file is broken."""
        if id not in self._read:
            self._read[id] = self._load(id) if id in self.files else None
        return self._read[id]

    def all(self) -> Iterator[Any]:
        """Everything in this folder that is not broken, by id."""
        for id in sorted(self.files):
            found = self.get(id)
            if found is not None:
                yield found

    def _load(self, id: str) -> Any:
        """Merge the layers; when the overlay breaks the result, fall back to what is shipped."""
        tables: list[tuple[Path, dict[str, Any]]] = []
        for path in self.files[id]:
            table = self._parse(path)
            if table is not None:
                tables.append((path, table))
        while tables:
            merged: dict[str, Any] = {}
            for _, table in tables:
                merged = merge(merged, table)
            made = self._build(id, merged, tables[-1][0])
            if made is not None:
                return made
            tables.pop()
        return None

    def _parse(self, path: Path) -> dict[str, Any] | None:
        try:
            if path.stat().st_size > LARGEST_FILE:
                raise ValueError(f"is larger than {LARGEST_FILE:,} bytes")
            return rtoml.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            self.problems.append(Problem(str(path), "", f"cannot be read: {error}"))
            return None

    def _build(self, id: str, table: dict[str, Any], path: Path) -> Any:
        reading = Reading(str(path), self.words, self.problems)
        if table.get("schema") != SCHEMA:
            reading.wrong("schema", f"should be {SCHEMA}, is {table.get('schema')!r}")
            return None
        return build(FOLDERS[self.name], {"id": id, **table}, reading)


class KnowledgeBase:
    """All facts: shipped ones under `shipped`, corrected by those under `overlay`."""

    def __init__(self, shipped: Path = paths.DATA, overlay: Path | None = None) -> None:
        self.shipped = shipped
        self.overlay = overlay
        layers = (shipped, overlay) if overlay else (shipped,)
        self.folders = {"vocabulary": Folder("vocabulary", layers, _META_WORDS)}
        self.folders |= {
            name: Folder(name, layers, self.words) for name in FOLDERS if name != "vocabulary"
        }

    @cached_property
    def vocabularies(self) -> Mapping[str, Vocabulary]:
        """Every closed list by its name."""
        return {v.id: v for v in self.folders["vocabulary"].all()}

    @cached_property
    def words(self) -> Mapping[str, Mapping[str, str]]:
        """Vocabulary -> word -> sentence."""
        return {name: vocabulary.words for name, vocabulary in self.vocabularies.items()}

    @property
    def problems(self) -> list[Problem]:
        """What was wrong in the files read so far."""
        return [problem for folder in self.folders.values() for problem in folder.problems]

    def read_overlay(self) -> None:
        """Read every file of the user's overlay, so that `problems` names the broken ones."""
        for folder in self.folders.values():
            for id, files in folder.files.items():
                if self.overlay and self.overlay in files[-1].parents:
                    folder.get(id)

    def license(self, id: str) -> License | None:
        """The license with exactly this id."""
        return self.folders["licenses"].get(id)  # type: ignore[no-any-return]

    def licenses(self) -> Iterator[License]:
        """Every license."""
        return self.folders["licenses"].all()

    def family(self, id: str) -> Family | None:
        """The family with exactly this id."""
        return self.folders["families"].get(id)  # type: ignore[no-any-return]

    def families(self) -> Iterator[Family]:
        """Every family."""
        return self.folders["families"].all()

    def definition(self, id: str) -> Definition:
        """The definition of openness with this id."""
        return self._known("definitions", id)  # type: ignore[no-any-return]

    def accelerators(self) -> Iterator[AcceleratorList]:
        """Every maker's processors."""
        return self.folders["accelerators"].all()

    def prices(self) -> Iterator[PriceList]:
        """Every provider's prices."""
        return self.folders["prices"].all()

    def boards(self) -> Iterator[Board]:
        """Every leaderboard."""
        return self.folders["quality"].all()

    def find(self, name: str) -> tuple[Family, Member | None] | None:
        """The family, or the member and its family, with this id, Hub repository or name."""
        family = self.family(name)
        return (family, None) if family else self._index.get(name.casefold())

    @property
    def names(self) -> list[str]:
        """Every name that `find` knows."""
        return list(self._index)

    @cached_property
    def _index(self) -> Mapping[str, tuple[Family, Member | None]]:
        """Every name of every family and member, in lower case; ids win over names."""
        index: dict[str, tuple[Family, Member | None]] = {}
        for family in self.families():
            for name in (family.id, *_of_members(family)):
                index[name.casefold()] = (family, _of_members(family).get(name))
        for family in self.families():
            for name in (family.name, *family.aliases):
                index.setdefault(name.casefold(), (family, None))
        return index

    @cached_property
    def members(self) -> Mapping[str, tuple[Family, Member]]:
        """Member id -> its family and itself."""
        return {m.id: (f, m) for f in self.families() for m in f.members}

    def _known(self, folder: str, id: str) -> Any:
        found = self.folders[folder].get(id)
        if found is None:
            raise NotFound(folder.rstrip("s"), id, self.folders[folder].files)
        return found


def _of_members(family: Family) -> dict[str, Member]:
    """Member ids and Hub repositories of one family; the first member wins a shared repository."""
    names: dict[str, Member] = {}
    for member in family.members:
        names.setdefault(member.id, member)
        if member.hub:
            names.setdefault(member.hub, member)
    return names


_META_WORDS: Mapping[str, Mapping[str, str]] = {}


def open_base() -> KnowledgeBase:
    """The shipped knowledge base with this user's overlay, if there is one."""
    overlay = paths.overlay()
    return KnowledgeBase(overlay=overlay if overlay.is_dir() else None)
