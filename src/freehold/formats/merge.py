"""Reads mergekit_config.yml: which models were merged, and by which method."""

from collections.abc import Iterator

from msgspec import Struct

from freehold.formats.structured import as_table, as_tables, as_text, read_yaml
from freehold.formats.text import Source


class Merge(Struct, frozen=True):
    """A merge of models; `models` holds everything that went in, the base too, each once."""

    method: str | None
    base: str | None
    models: tuple[str, ...]


def read_merge(source: Source, name: str = "mergekit_config.yml") -> Merge:
    """The recipe of a merge: models, slices of models, or experts."""
    table = read_yaml(source, name)
    bases = list(_named(table.get("base_model")))
    method = as_text(table.get("merge_method"))
    if method is None and table.get("experts"):
        method = "moe"
    return Merge(method, bases[0] if bases else None, tuple(dict.fromkeys([*bases, *_all(table)])))


def _all(table: dict[str, object]) -> Iterator[str]:
    for row in as_tables(table.get("models")):
        yield from _named(row.get("model"))
    for row in as_tables(table.get("experts")):
        yield from _named(row.get("source_model"))
    for slice in as_tables(table.get("slices")):
        for row in as_tables(slice.get("sources")):
            yield from _named(row.get("model"))
        yield from _named(slice.get("base_model"))


def _named(value: object) -> Iterator[str]:
    """The model of one place and the adapter laid on it: `a/b`, `a/b+c/d`, or tables of them."""
    text = as_text(value)
    if text:
        yield from filter(None, (part.strip() for part in text.split("+")))
    for key in ("model", "lora", "path"):
        inner = as_table(value).get(key)
        if inner:  # nested no deeper than the parser lets pass
            yield from _named(inner)
