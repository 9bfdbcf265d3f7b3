"""Parses JSON and YAML with limits on size, number of values and nesting, and takes values out."""

from collections.abc import Iterator
from typing import Any

from freehold.core.errors import BrokenInput
from freehold.formats.text import Source, name_of, plain, text_of

MOST_JSON = 10 * 2**20
MOST_YAML = 2**20
MOST_VALUES = 500_000
"""Values in one JSON text: each takes up to about 100 bytes of memory."""
MOST_NODES = 50_000
"""Values in one YAML text: parsing takes some 10 microseconds for each."""
DEEPEST = 64
MOST_LISTED = 1_000
"""Items that are kept of one list."""

Table = dict[str, Any]


def read_json(source: Source, name: str) -> Table:
    """The object that a JSON text holds; NaN and Infinity are taken, as Python writes them."""
    import json

    name = name_of(source, name)
    text = text_of(source, MOST_JSON, name)
    check_values(sum(text.count(sign) for sign in ",:[{"), name)
    try:
        found = json.loads(text)
    except RecursionError as error:
        raise BrokenInput(f"{name}: is nested too deeply") from error
    except ValueError as error:
        raise BrokenInput(f"{name}: is not JSON: {_first_line(error)}") from error
    return _table(found, name, "a JSON object")


def check_values(count: int, name: str, most: int = MOST_VALUES) -> None:
    """Refuse what holds more values than memory is meant for."""
    if count > most:
        raise BrokenInput(f"{name}: holds more than {most:,} values")


def refuse_doubles(text: str | bytes, name: str) -> None:
    """Refuse a JSON text with an object that has one key twice: readers differ in which they take.

    The text is one that could be parsed, and whose number of values is bounded.
    """
    import json

    def look(pairs: list[tuple[str, object]]) -> None:
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise BrokenInput(f"{name}: has the key {plain(key)[:100]!r} twice")
            seen.add(key)

    try:
        json.loads(text, object_pairs_hook=look)
    except (RecursionError, ValueError) as error:
        raise BrokenInput(f"{name}: is not JSON: {_first_line(error)}") from error


def read_yaml(source: Source, name: str) -> Table:
    """The mapping that a YAML text holds, with every scalar as text; empty where there is none.

    Scalars stay text so that `no` is Norwegian, 1.10 a version and nothing is constructed.
    Aliases are refused: nine lines of them can stand for a billion values.
    """
    import yaml

    name = name_of(source, name)
    text = text_of(source, MOST_YAML, name)
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        _check_yaml(text, loader, name)
        found = yaml.load(text, Loader=loader)
    except RecursionError as error:
        raise BrokenInput(f"{name}: is nested too deeply") from error
    except (yaml.YAMLError, ValueError) as error:
        raise BrokenInput(f"{name}: is not YAML: {_first_line(error)}") from error
    return _table(found or {}, name, "a YAML mapping")


def _check_yaml(text: str, loader: Any, name: str) -> None:
    """Walk the text once without building anything."""
    import yaml

    depth = nodes = 0
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.AliasEvent):
            raise BrokenInput(f"{name}: uses a YAML alias, which is not read")
        if isinstance(event, yaml.NodeEvent):
            nodes += 1
            check_values(nodes, name, MOST_NODES)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise BrokenInput(f"{name}: is nested too deeply")


def as_text(value: object) -> str | None:
    """The value as one line or text; None for what is empty, a number's text for a number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = plain(_number(value)).strip()
    return None if text in ("", "~", "null") else text


def as_texts(value: object) -> tuple[str, ...]:
    """The texts of a list, or the one text; what is no text is left out."""
    items = value[:MOST_LISTED] if isinstance(value, list) else [value]
    return tuple(text for item in items if (text := as_text(item)) is not None)


def as_table(value: object) -> Table:
    """The value where it is a table with text keys, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_tables(value: object) -> list[Table]:
    """The tables of a list."""
    items = value[:MOST_LISTED] if isinstance(value, list) else []
    return [item for item in items if isinstance(item, dict)]


def remote_code(value: object) -> tuple[str, ...]:
    """The classes that `auto_map` lets a library import from the model's own repository."""
    found = (text for entry in as_table(value).values() for text in as_texts(entry))
    return tuple(dict.fromkeys(found))[:MOST_LISTED]


def found_under(value: object, keys: frozenset[str], depth: int = 0) -> Iterator[object]:
    """The values of these keys at any depth."""
    if depth > DEEPEST:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in keys:
                yield inner
            yield from found_under(inner, keys, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from found_under(inner, keys, depth + 1)


def _number(value: str | float) -> str:
    """The text of a number; of an integer with thousands of digits only that it is one."""
    try:
        return str(value)
    except ValueError:
        return ""


def _table(found: object, name: str, wanted: str) -> Table:
    if not isinstance(found, dict):
        raise BrokenInput(f"{name}: does not hold {wanted}")
    return found


def _first_line(error: Exception) -> str:
    """What a parser says, on one line and not longer than a sentence."""
    return plain(" ".join(str(error).split()))[:200]
