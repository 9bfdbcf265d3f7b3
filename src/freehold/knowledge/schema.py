"""Builds a record from a TOML table, and explains everything that is wrong with one that fails.

The classes of `types.py` are the schema: this file only reads their annotations. Building is
fast and stops at the first mistake; explaining walks the whole table and names them all.
"""

import types
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from freehold.core.errors import nearest
from freehold.knowledge.words import Form, In, Ref

T = TypeVar("T", bound=Struct)
Words = Mapping[str, Mapping[str, str]]
Note = Callable[[str, str], None]


class Problem(Struct, frozen=True):
    """One thing that is wrong in one file, and where in it."""

    file: str
    field: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}: {self.field}" if self.field else self.file
        return f"{where}: {self.message}"


def build(cls: type[T], raw: Mapping[str, Any], file: str, words: Words) -> T | list[Problem]:
    """An instance of `cls`, or what is wrong with the table."""
    try:
        return msgspec.convert(raw, cls)
    except msgspec.ValidationError as error:
        return explain(cls, raw, file, words) or [Problem(file, "", str(error))]


def explain(cls: type[Struct], raw: Any, file: str, words: Words) -> list[Problem]:
    """Every problem of a table, closed words and forms included."""
    found: list[Problem] = []

    def note(path: str, message: str) -> None:
        found.append(Problem(file, path.removeprefix("."), message))

    _Walk(words, note).value(cls, raw, "")
    return found


def references(cls: type[Struct]) -> Iterator[tuple[str, str]]:
    """(field, folder) for the fields of `cls` that hold the id of another file."""
    for info in _fields(cls).values():
        for mark in _marks(info.type):
            if isinstance(mark, Ref):
                yield info.name, mark.folder


def _marks(hint: Any) -> list[Any]:
    """The marks on a type, also where it is optional."""
    parts = [hint, *get_args(hint)]
    return [mark for part in parts for mark in getattr(part, "__metadata__", ())]


@cache
def _fields(cls: Any) -> dict[str, Any]:
    """TOML key -> what msgspec knows of the field."""
    return {info.encode_name: info for info in fields(cls)}


class _Walk(Struct):
    """A walk through one table beside the type it should have."""

    words: Words
    note: Note

    def value(self, hint: Any, raw: Any, path: str) -> None:
        """Hold one value against one type."""
        origin = get_origin(hint)
        if origin is Annotated:
            base, *marks = get_args(hint)
            self.value(base, raw, path)
            self._marked(marks, raw, path)
        elif origin in (Union, types.UnionType):
            self.value(next(a for a in get_args(hint) if a is not type(None)), raw, path)
        elif origin is tuple:
            self._list(get_args(hint)[0], raw, path)
        elif origin is dict:
            self._table(get_args(hint)[1], raw, path)
        elif isinstance(hint, type) and issubclass(hint, Struct):
            self._record(hint, raw, path)
        else:
            self._plain(hint, raw, path)

    def _record(self, cls: type[Struct], raw: Any, path: str) -> None:
        if not isinstance(raw, Mapping):
            self.note(path, f"should be a table, is {_kind(raw)}")
            return
        known = _fields(cls)
        for key, value in raw.items():
            if key in known:
                self.value(known[key].type, value, f"{path}.{key}")
            else:
                self.note(f"{path}.{key}", f"unknown key; {_allowed(key, known)}")
        for key, info in known.items():
            if info.required and key not in raw:
                self.note(f"{path}.{key}", "is missing")

    def _list(self, inner: Any, raw: Any, path: str) -> None:
        if not isinstance(raw, list):
            self.note(path, f"should be a list, is {_kind(raw)}")
            return
        for n, item in enumerate(raw):
            self.value(inner, item, f"{path}[{n}]")

    def _table(self, inner: Any, raw: Any, path: str) -> None:
        if not isinstance(raw, Mapping):
            self.note(path, f"should be a table, is {_kind(raw)}")
            return
        for key, item in raw.items():
            self.value(inner, item, f"{path}.{key}")

    def _plain(self, kind: Any, raw: Any, path: str) -> None:
        if kind is float and type(raw) is int:
            return
        if type(raw) is not kind:
            self.note(path, f"should be {_NAMES.get(kind, kind)}, is {_kind(raw)}")
        elif isinstance(raw, str) and not raw.strip():
            self.note(path, "is empty; leave the key out when nothing is known")

    def _marked(self, marks: list[Any], raw: Any, path: str) -> None:
        if not isinstance(raw, str):
            return
        for mark in marks:
            if isinstance(mark, In):
                allowed = self.words.get(mark.vocabulary, {})
                if raw not in allowed:
                    name = mark.vocabulary
                    self.note(path, f"{raw!r} is not a word of {name}; {_allowed(raw, allowed)}")
            elif isinstance(mark, Form) and not mark.pattern.fullmatch(raw):
                self.note(path, f"{raw!r} should be {mark.says}")


_NAMES: dict[Any, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    date: "a date such as 2026-11-21",
    list: "a list",
    dict: "a table",
    type(None): "nothing",
}


def _kind(raw: Any) -> str:
    return _NAMES.get(type(raw), f"a {type(raw).__name__}")


def _allowed(word: str, allowed: Mapping[str, Any]) -> str:
    close = nearest(word, allowed, 1)
    guess = f"did you mean {close[0]!r}? " if close else ""
    return f"{guess}allowed: {', '.join(allowed)}"
