"""Proves that every phrasing can be said: brackets, names and slots, and nothing is missing.

    python checking.py

prints what is wrong, a line each, and how many phrasings there are.
"""

import sys
from collections.abc import Iterator
from typing import Any

from grammar import INNER, Grammar, Part, parse
from kinds import ABILITIES, OPEN, TASKS, USES, WEIGHTS
from needs import SPOKEN, Pair

FORMS = ("thing", "do", "scene")
LISTS = ("do_frames", "thing_frames")
GLUE = ("fillers_before", "fillers_after", "and", "tail", "before", "scene_before", "scene_after")
PLAIN = {f"glue.{name}" for name in GLUE if not name.startswith("scene")}
"""These are taken as they stand."""
LANGUAGE_SLOTS = {first + more for first in "lLF" for more in ("", "2", "3")}


def phrasings(tables: dict[str, Any], where: str = "") -> Iterator[tuple[str, str]]:
    """Every phrasing with the place where it stands."""
    for key, value in tables.items():
        if isinstance(value, dict):
            yield from phrasings(value, f"{where}{key}.")
        else:
            yield from ((f"{where}{key}", phrase) for phrase in value)


def wrong(language: str) -> Iterator[str]:
    """What is wrong with the phrasings of a language."""
    tables = Grammar(language).tables
    for where, phrase in phrasings(tables):
        if where in PLAIN:
            continue
        try:
            parts = parse(phrase)
        except ValueError as error:
            yield f"{language} {where}: {error}"
            continue
        for kind, name in _named(parts):
            if not _known(kind, name, tables):
                yield f"{language} {where}: nothing is called {name!r} in {phrase!r}"
    for meant, phrase in Grammar(language).wholes:
        for word in _meaningless(meant):
            yield f"{language} whole: {word!r} does not go with {meant} in {phrase!r}"
    yield from (f"{language}: {place} is missing" for place in _missing(tables))


def _meaningless(meant: list[str]) -> Iterator[str]:
    """Words of a whole need that are no kind of work, no ability of it and no use."""
    first, *rest = meant
    if first != "none" and first not in TASKS:
        yield first
    known = {*USES.values(), *OPEN, "osi", "not", *ABILITIES.get(first, ())}
    yield from (word for word in rest if word not in known)


def _named(parts: tuple[Part, ...]) -> Iterator[tuple[str, str]]:
    for part in parts:
        if isinstance(part, str):
            continue
        if part[0] == "choice":
            for option in part[1]:
                yield from _named(option)
        else:
            yield part


def _known(kind: str, name: str, tables: dict[str, Any]) -> bool:
    if kind == "name":
        return name in INNER or isinstance(tables.get(name), list)
    return name in LANGUAGE_SLOTS or hasattr(Pair, f"_{name.rstrip('2')}")


def _missing(tables: dict[str, Any]) -> Iterator[str]:
    wanted = [("tasks", task, form) for task in TASKS for form in FORMS]
    wanted += [("abilities", ability) for listed in ABILITIES.values() for ability in listed]
    wanted += [("clauses", kind) for kind in WEIGHTS if kind not in ("ability", "like")]
    wanted += [("glue", part) for part in GLUE] + [(name,) for name in LISTS]
    wanted += [("like", "main"), ("like", "with_task"), ("outside", "lines")]
    for path in dict.fromkeys(wanted):
        found: Any = tables
        for key in path:
            found = found.get(key, {})
        if not found:
            yield ".".join(path)


def main() -> None:
    """All languages."""
    mistakes = [line for language in SPOKEN for line in wrong(language)]
    print("\n".join(mistakes))
    for language in SPOKEN:
        print(f"{language}: {len(list(phrasings(Grammar(language).tables)))} phrasings")
    sys.exit(1 if mistakes else 0)


if __name__ == "__main__":
    main()
