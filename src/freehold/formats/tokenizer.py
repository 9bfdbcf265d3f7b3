"""Reads tokenizer_config.json: class, chat template, and whether it brings code."""

from msgspec import Struct

from freehold.formats.structured import as_text, read_json, remote_code
from freehold.formats.text import Source


class Tokenizer(Struct, frozen=True):
    """What the configuration of a tokenizer says."""

    tokenizer_class: str | None
    name_or_path: str | None
    chat_template: bool
    remote_code: tuple[str, ...]


def read_tokenizer(source: Source, name: str = "tokenizer_config.json") -> Tokenizer:
    """The configuration of a tokenizer; its template is not rendered."""
    table = read_json(source, name)
    return Tokenizer(
        tokenizer_class=as_text(table.get("tokenizer_class")),
        name_or_path=as_text(table.get("name_or_path")),
        chat_template=bool(table.get("chat_template")),
        remote_code=remote_code(table.get("auto_map")),
    )
