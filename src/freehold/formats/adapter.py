"""Reads adapter_config.json: which base an adapter needs."""

from msgspec import Struct

from freehold.formats.structured import as_text, read_json
from freehold.formats.text import Source


class Adapter(Struct, frozen=True):
    """What an adapter says of itself; `base` may be a Hub repository or a path on some machine."""

    base: str | None
    revision: str | None
    peft_type: str | None
    task_type: str | None


def read_adapter(source: Source, name: str = "adapter_config.json") -> Adapter:
    """The configuration of an adapter."""
    table = read_json(source, name)
    return Adapter(
        base=as_text(table.get("base_model_name_or_path")),
        revision=as_text(table.get("revision")),
        peft_type=as_text(table.get("peft_type")),
        task_type=as_text(table.get("task_type")),
    )
