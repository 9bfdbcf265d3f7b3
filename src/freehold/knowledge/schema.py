"""Builds a frozen dataclass from a TOML table and collects every problem it meets.

The dataclasses of `types.py` are the schema: this file only reads their annotations.
"""

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date
from functools import cache
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from freehold.core.errors import nearest
from freehold.knowledge.words import Form, In, Ref

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in one file, and where in it."""

    file: str
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.field}: {self.message}" if self.field else self.line

    @property
    def line(self) -> str:
        """The problem without its field."""
        return f"{self.file}: {self.message}"


@dataclass(slots=True)
class Reading:
    """The state of reading one file: what words are allowed and what went wrong so far."""

    file: str
    words: Mapping[str, Mapping[str, str]]
    problems: list[Problem]

    def wrong(self, field: str, message: str) -> None:
        """Note a problem and go on."""
        self.problems.append(Problem(self.file, field, message))


Convert = Callable[[Any, str, Reading], Any]


def build(cls: type[T], raw: Mapping[str, Any], reading: Reading) -> T | None:
    """An instance of `cls`, or None when `reading.problems` has grown."""
    before = len(reading.problems)
    made: T | None = _converter(cls)(raw, "", reading)
    return made if len(reading.problems) == before else None


def references(cls: type[Any]) -> dict[str, str]:
    """Field name -> folder, for the fields of `cls` that hold the id of another file."""
    found: dict[str, str] = {}
    for name, hint in get_type_hints(cls, include_extras=True).items():
        marks = [hint, *get_args(hint)]
        for mark in (m for part in marks for m in getattr(part, "__metadata__", ())):
            if isinstance(mark, Ref):
                found[name] = mark.folder
    return found


@cache
def _record(cls: Any) -> Convert:
    """A function that turns a table into `cls`, field by field."""
    hints = get_type_hints(cls, include_extras=True)
    converters = {
        f.name.replace("_", "-"): (f.name, _converter(hints[f.name])) for f in fields(cls)
    }
    required = {
        f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING
    }

    def convert(raw: Any, path: str, reading: Reading) -> Any:
        if not isinstance(raw, Mapping):
            reading.wrong(path, f"should be a table, is {_kind(raw)}")
            return None
        values: dict[str, Any] = {}
        for key, value in raw.items():
            where = f"{path}.{key}" if path else key
            if key not in converters:
                reading.wrong(where, f"unknown key; {_allowed(key, converters)}")
                continue
            name, read = converters[key]
            values[name] = read(value, where, reading)
        missing = required.difference(values)
        for name in sorted(missing):
            key = name.replace("_", "-")
            reading.wrong(f"{path}.{key}" if path else key, "is missing")
        return None if missing else cls(**values)

    return convert


@cache
def _converter(hint: Any) -> Convert:
    origin = get_origin(hint)
    if origin is Annotated:
        base, *marks = get_args(hint)
        return _marked(_converter(base), marks)
    if origin in (Union, types.UnionType):
        inner = [arg for arg in get_args(hint) if arg is not type(None)]
        return _converter(inner[0])
    if origin is tuple:
        return _list_of(_converter(get_args(hint)[0]))
    if origin is dict:
        return _table_of(_converter(get_args(hint)[1]))
    if is_dataclass(hint) and isinstance(hint, type):
        return _record(hint)
    return _plain(hint)


_PLAIN_WORDS = {
    str: "a text", int: "a whole number", float: "a number", bool: "true or false",
    date: "a date such as 2026-11-21",
}  # fmt: skip


def _plain(kind: type) -> Convert:
    def convert(raw: Any, path: str, reading: Reading) -> Any:
        if kind is float and type(raw) is int:
            return float(raw)
        if type(raw) is not kind:
            reading.wrong(path, f"should be {_PLAIN_WORDS[kind]}, is {_kind(raw)}")
            return None
        if isinstance(raw, str) and not raw.strip():
            reading.wrong(path, "is empty; leave the key out when nothing is known")
        return raw

    return convert


def _list_of(read: Convert) -> Convert:
    def convert(raw: Any, path: str, reading: Reading) -> Any:
        if not isinstance(raw, list):
            reading.wrong(path, f"should be a list, is {_kind(raw)}")
            return ()
        return tuple([read(item, f"{path}[{n}]", reading) for n, item in enumerate(raw)])

    return convert


def _table_of(read: Convert) -> Convert:
    def convert(raw: Any, path: str, reading: Reading) -> Any:
        if not isinstance(raw, Mapping):
            reading.wrong(path, f"should be a table, is {_kind(raw)}")
            return {}
        return {key: read(value, f"{path}.{key}", reading) for key, value in raw.items()}

    return convert


def _marked(read: Convert, marks: list[Any]) -> Convert:
    def convert(raw: Any, path: str, reading: Reading) -> Any:
        value = read(raw, path, reading)
        if isinstance(value, str):
            for mark in marks:
                _check_mark(mark, value, path, reading)
        return value

    return convert


def _check_mark(mark: Any, value: str, path: str, reading: Reading) -> None:
    if isinstance(mark, In):
        allowed = reading.words.get(mark.vocabulary, {})
        if value not in allowed:
            reading.wrong(
                path, f"{value!r} is not a word of {mark.vocabulary}; {_allowed(value, allowed)}"
            )
    elif isinstance(mark, Form) and not mark.pattern.fullmatch(value):
        reading.wrong(path, f"{value!r} should be {mark.says}")


def _allowed(word: str, allowed: Mapping[str, Any]) -> str:
    close = nearest(word, allowed, 1)
    guess = f"did you mean {close[0]!r}? " if close else ""
    return f"{guess}allowed: {', '.join(allowed)}"


def _kind(raw: Any) -> str:
    if raw is None:
        return "nothing"
    names = {str: "a text", bool: "true or false", int: "a whole number", float: "a number",
             list: "a list", dict: "a table"}  # fmt: skip
    return names.get(type(raw), f"a {type(raw).__name__}")
