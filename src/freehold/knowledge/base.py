"""The knowledge base: reads the shipped folder, lays the user's overlay over it, keeps both apart.

Files are read when they are first asked for. A broken file never stops the others: it is
left out, and named in `problems`.
"""

import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import rtoml
from msgspec import Struct

from freehold.core import paths
from freehold.core.errors import NotFound
from freehold.knowledge.overlay import merge
from freehold.knowledge.schema import Problem, Words, build, explain
from freehold.knowledge.types import (
    AcceleratorList,
    Board,
    Definition,
    Family,
    License,
    Member,
    PrecisionList,
    PriceList,
    Vocabulary,
)

SCHEMA = 1
LARGEST_FILE = 1_000_000

FOLDERS: Mapping[str, type[Any]] = {
    "vocabulary": Vocabulary,
    "licenses": License,
    "definitions": Definition,
    "families": Family,
    "accelerators": AcceleratorList,
    "prices": PriceList,
    "precisions": PrecisionList,
    "quality": Board,
}


class File(Struct, frozen=True):
    """One TOML file; `own` when it is the user's and not shipped."""

    path: str
    own: bool


class Folder(Struct, eq=False):
    """One folder of one or two layers of TOML files; `get` reads and keeps one file."""

    name: str
    layers: tuple[Path, ...]
    words: Words
    problems: list[Problem] = []
    _files: dict[str, list[File]] | None = None
    _read: dict[str, Any] = {}

    @property
    def files(self) -> dict[str, list[File]]:
        """Id -> its files, the shipped one first."""
        if self._files is None:
            self._files = {}
            for depth, layer in enumerate(self.layers):
                for name, path in _toml_files(layer / self.name):
                    self._files.setdefault(name, []).append(File(path, own=depth > 0))
        return self._files

    def get(self, id: str) -> Any:
        """The thing with this id, or None when there is none or its file is broken."""
        if id not in self._read:
            self._read[id] = self._load(id) if id in self.files else None
        return self._read[id]

    def all(self) -> Iterator[Any]:
        """Everything in this folder that is not broken, by id."""
        for id in self.files:
            found = self.get(id)
            if found is not None:
                yield found

    def explain(self) -> list[Problem]:
        """Problems of the shipped files that building alone does not see: words and forms."""
        found: list[Problem] = []
        for id, files in self.files.items():
            table = None if files[0].own else self._parse(files[0])
            if table:
                raw = {"id": id, **table}
                found += explain(FOLDERS[self.name], raw, files[0].path, self.words)
        return [problem for problem in found if problem not in self.problems]

    def _load(self, id: str) -> Any:
        """Merge the layers; when the overlay breaks the result, fall back to what is shipped."""
        tables = [(file, table) for file in self.files[id] if (table := self._parse(file))]
        while tables:
            merged: dict[str, Any] = {}
            for _, table in tables:
                merged = merge(merged, table) if merged else table
            made = self._build(id, merged, tables[-1][0])
            if made is not None:
                return made
            tables.pop()
        return None

    def _parse(self, file: File) -> dict[str, Any] | None:
        try:
            with open(file.path, "rb") as stream:
                raw = stream.read(LARGEST_FILE + 1)
            if len(raw) > LARGEST_FILE:
                raise ValueError(f"is larger than {LARGEST_FILE:,} bytes")
            return rtoml.loads(raw.decode())
        except (OSError, ValueError) as error:
            self.problems.append(Problem(file.path, "", f"cannot be read: {error}"))
            return None

    def _build(self, id: str, table: dict[str, Any], file: File) -> Any:
        """Shipped files are known to be right (a test says so); the user's are checked whole."""
        kind, raw = FOLDERS[self.name], {"id": id, **table}
        if table.get("schema") != SCHEMA:
            says = f"should be {SCHEMA}, is {table.get('schema')!r}"
            made: Any = [Problem(file.path, "schema", says)]
        else:
            made = explain(kind, raw, file.path, self.words) if file.own else []
            made = made or build(kind, raw, file.path, self.words)
        if isinstance(made, list):
            self.problems += made
            return None
        return made


def _toml_files(folder: Path) -> list[tuple[str, str]]:
    """(id, path) of every TOML file of a folder, by id; nothing when there is no such folder."""
    try:
        with os.scandir(folder) as entries:
            names = [e.name for e in entries if e.name.endswith(".toml")]
    except OSError:
        return []
    return sorted((name.removesuffix(".toml"), os.path.join(folder, name)) for name in names)


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
                if files[-1].own:
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

    def precisions(self) -> Iterator[PrecisionList]:
        """Every engine's precisions."""
        return self.folders["precisions"].all()

    def boards(self) -> Iterator[Board]:
        """Every leaderboard."""
        return self.folders["quality"].all()

    def find(self, name: str) -> tuple[Family, Member | None] | None:
        """The family, or the member and its family, with this id, Hub repository or name."""
        family = self.family(name)
        if family:
            return family, None
        return self._index.get(name.casefold()) or self._loosely.get(_squash(name))

    @property
    def names(self) -> list[str]:
        """Every name that `find` knows."""
        return list(self._index)

    @cached_property
    def _index(self) -> dict[str, tuple[Family, Member | None]]:
        """Every name of every family and member, in lower case; ids win over names."""
        index: dict[str, tuple[Family, Member | None]] = {}
        for family in self.families():
            for name, member in _of_members(family).items():
                index[name.casefold()] = (family, member)
        for family in self.families():
            index[family.id.casefold()] = (family, None)
        for family in self.families():
            for name in (family.name, *family.aliases):
                index.setdefault(name.casefold(), (family, None))
        return index

    @cached_property
    def _loosely(self) -> Mapping[str, tuple[Family, Member | None]]:
        """The same by letters and digits alone, for GPT4o, flux-1-dev and the like."""
        return {_squash(name): hit for name, hit in reversed(self._index.items())}

    @cached_property
    def members(self) -> Mapping[str, tuple[Family, Member]]:
        """Member id -> its family and itself."""
        return {m.id: (f, m) for f in self.families() for m in f.members}

    def _known(self, folder: str, id: str) -> Any:
        found = self.folders[folder].get(id)
        if found is None:
            raise NotFound(folder.rstrip("s"), id, self.folders[folder].files)
        return found


def _squash(name: str) -> str:
    """Letters and digits only, in lower case."""
    return "".join(filter(str.isalnum, name.casefold()))


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
