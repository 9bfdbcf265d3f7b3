"""Reads config.json: what kind of model it is, what it was made from, whether it brings code."""

from collections.abc import Mapping

from msgspec import Struct

from freehold.formats.structured import as_table, as_text, as_texts, read_json, remote_code
from freehold.formats.text import Source


class Config(Struct, frozen=True):
    """What the configuration of a model says; `inner` are the names in its nested parts."""

    architectures: tuple[str, ...]
    model_type: str | None
    name_or_path: str | None
    inner: tuple[str, ...]
    remote_code: tuple[str, ...]
    transformers_version: str | None
    dtype: str | None
    quantization: str | None

    @property
    def needs_remote_code(self) -> bool:
        """Whether loading it runs code from the model's own repository."""
        return bool(self.remote_code)


def read_config(source: Source, name: str = "config.json") -> Config:
    """The configuration of a model; nothing that it names is imported."""
    table = read_json(source, name)
    return Config(
        architectures=as_texts(table.get("architectures")),
        model_type=as_text(table.get("model_type")),
        name_or_path=as_text(table.get("_name_or_path")),
        inner=tuple(dict.fromkeys(_inner(table))),
        remote_code=remote_code(table.get("auto_map")),
        transformers_version=as_text(table.get("transformers_version")),
        dtype=as_text(table.get("dtype")) or as_text(table.get("torch_dtype")),
        quantization=as_text(as_table(table.get("quantization_config")).get("quant_method")),
    )


def architecture(table: Mapping[str, object]) -> str:
    """The class that a configuration is for; in the layout of timm, the name it has there."""
    names = as_texts(table.get("architectures"))
    told = as_text(table.get("architecture")) if "pretrained_cfg" in table else None
    return names[0] if names else told or ""


def _inner(table: dict[str, object]) -> list[str]:
    """The models that parts of it were taken from, such as a vision tower."""
    parts = [as_table(value) for value in table.values()]
    return [name for part in parts if (name := as_text(part.get("_name_or_path")))]
