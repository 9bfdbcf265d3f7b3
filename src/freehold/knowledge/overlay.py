"""How the user's table is laid over the shipped one."""

from collections.abc import Mapping
from typing import Any

KEYED_BY = {"members": "id", "components": "kind", "accelerators": "id", "prices": "api-name",
            "precisions": "id"}  # fmt: skip


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`below` corrected by `above`: tables merge, rows of named lists merge by their key,
    everything else is replaced.
    """
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            result[key] = merge(old, value)
        elif key in KEYED_BY and _rows(old) and _rows(value):
            result[key] = _merge_rows(old, value, KEYED_BY[key])
        else:
            result[key] = value
    return result


def _rows(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(row, Mapping) for row in value)


def _merge_rows(below: Any, above: Any, key: str) -> list[Mapping[str, Any]]:
    rows: dict[Any, Mapping[str, Any]] = {}
    for row in [*below, *above]:
        id = row.get(key, id_of_nameless(rows))
        rows[id] = merge(rows[id], row) if id in rows else row
    return list(rows.values())


def id_of_nameless(rows: Mapping[Any, Any]) -> int:
    """A key of its own for a row that lacks one, so that validation can name it."""
    return len(rows)
