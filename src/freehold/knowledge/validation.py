"""Checks of the whole knowledge base that one file alone cannot show: ids, dates, sources."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from msgspec import Struct

from freehold.core.errors import nearest
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.schema import Problem, references
from freehold.knowledge.types import Family, License, Source

STALE_AFTER = timedelta(days=365)


def validate(base: KnowledgeBase, today: date) -> list[Problem]:
    """Every problem of every file, in reading order."""
    for folder in base.folders.values():
        for _ in folder.all():
            pass
    found = list(base.problems)
    for folder in base.folders.values():
        found += folder.explain()
    for name, folder in base.folders.items():
        for thing in folder.all():
            file = folder.files[thing.id][-1].path
            found += [Problem(file, *p) for p in _references(base, thing)]
            found += [Problem(file, *p) for p in _dates(thing, today)]
            if isinstance(thing, Family):
                found += [Problem(file, *p) for p in _family(base, thing)]
            if isinstance(thing, License):
                found += [Problem(file, *p) for p in _license(thing)]
            if name in ("accelerators", "prices", "precisions"):
                found += [Problem(file, *p) for p in _sourced(thing)]
    return found + list(_unique_members(base)) + list(_unique_aliases(base))


def stale(base: KnowledgeBase, today: date) -> list[tuple[str, str, date]]:
    """(file id, field, date) of every fact looked at more than a year ago, oldest first."""
    rows = [
        (f"{name}/{thing.id}", path, seen)
        for name, folder in base.folders.items()
        for thing in folder.all()
        for path, key, seen in _walk_dates(thing)
        if key == "checked" and today - seen > STALE_AFTER
    ]
    return sorted(rows, key=lambda row: row[2])


def _walk(thing: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every record inside `thing` with its path."""
    yield path, thing
    for name in thing.__struct_fields__:
        value = getattr(thing, name)
        where = f"{path}.{name}" if path else name
        rows: list[tuple[str, Any]] = [(where, value)]
        if isinstance(value, tuple):
            rows = [(f"{where}[{n}]", item) for n, item in enumerate(value)]
        elif isinstance(value, dict):
            rows = [(f"{where}.{key}", item) for key, item in value.items()]
        for inner, item in rows:
            if isinstance(item, Struct):
                yield from _walk(item, inner)


def _walk_dates(thing: Any) -> Iterator[tuple[str, str, date]]:
    for path, part in _walk(thing):
        for name in part.__struct_fields__:
            value = getattr(part, name)
            if isinstance(value, date):
                yield (f"{path}.{name}" if path else name), name, value


def _references(base: KnowledgeBase, thing: Any) -> Iterator[tuple[str, str]]:
    for path, part in _walk(thing):
        for name, folder in references(type(part)):
            id, known = getattr(part, name), base.folders[folder].files
            if id is not None and id not in known:
                close = ", ".join(nearest(id, known, 3)) or "none alike"
                yield f"{path}.{name}", f"{id!r} is not a file of {folder}; nearest: {close}"


def _dates(thing: Any, today: date) -> Iterator[tuple[str, str]]:
    for path, key, value in _walk_dates(thing):
        if value > today and key != "released":
            yield path, f"{value} lies in the future"


def _family(base: KnowledgeBase, family: Family) -> Iterator[tuple[str, str]]:
    yield from _sourced(family)
    kinds = [component.kind for component in family.components]
    for kind in {kind for kind in kinds if kinds.count(kind) > 1}:
        yield "components", f"{kind!r} is listed twice"
    if family.kind == "model" and "model-parameters" not in kinds:
        yield "components", "a model needs the component model-parameters"
    if family.kind == "model" and not family.members:
        yield "members", "a model needs at least one member"
    own = {member.id for member in family.members}
    for n, link in enumerate(family.lineage):
        for id in set(link.members) - own:
            yield f"lineage[{n}].members", f"{id!r} is not a member of this family"
        if (
            "/" not in link.base
            and base.family(link.base) is None
            and link.base not in base.members
        ):
            yield (
                f"lineage[{n}].base",
                (f"{link.base!r} is neither a family or member here nor an owner/name on the Hub"),
            )
    for n, member in enumerate(family.members):
        if member.active and member.parameters and member.active > member.parameters:
            yield f"members[{n}].active", "is more than all parameters"
    if family.successor and base.family(family.successor) is None:
        yield "successor", f"{family.successor!r} is not a family here"


def _sourced(thing: Any) -> Iterator[tuple[str, str]]:
    sources: dict[str, Source] = thing.sources
    used: set[str] = set()
    for path, part in _walk(thing):
        key = getattr(part, "source", None)
        if key is None:
            continue
        used.add(key)
        if key not in sources:
            close = ", ".join(sources) or "none"
            yield f"{path}.source", f"{key!r} is not one of this file's sources: {close}"
    for key in sources.keys() - used:
        yield f"sources.{key}", "is used by nothing in this file"


def _license(license: License) -> Iterator[tuple[str, str]]:
    both = {"commercial": "non-commercial", "modify": "no-modification", "host": "no-hosting",
            "distribute": "no-distribution", "train-on-outputs": "no-training"}  # fmt: skip
    for permission, limit in both.items():
        if permission in license.permissions and limit in license.limits:
            yield "permissions", f"{permission!r} is granted and {limit!r} refused"
    if license.thresholds and "threshold" not in license.limits:
        yield "limits", "has thresholds but does not list 'threshold'"
    if license.territory and "territory" not in license.limits:
        yield "limits", "has a territory but does not list 'territory'"
    if license.text.read and license.text.sha256 is None:
        yield "text.sha256", "a text that was read needs its digest"
    if license.text.read and not (license.permissions or license.kind == "service-terms"):
        yield "permissions", "a text that was read grants something; nothing is listed"
    known = {*license.permissions, *license.conditions, *license.limits}
    for word in license.clauses.keys() - known:
        yield f"clauses.{word}", "is not one of this license's permissions, conditions or limits"


def _unique_members(base: KnowledgeBase) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for family in base.families():
        for member in family.members:
            if member.id in seen:
                file = base.folders["families"].files[family.id][-1].path
                yield Problem(file, "members", f"{member.id!r} is also in {seen[member.id]}")
            seen[member.id] = family.id


def _unique_aliases(base: KnowledgeBase) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for license in base.licenses():
        for alias in {a.casefold() for a in (license.id, *license.aliases)}:
            if alias in seen:
                file = base.folders["licenses"].files[license.id][-1].path
                yield Problem(file, "aliases", f"{alias!r} also names {seen[alias]}")
            seen[alias] = license.id
