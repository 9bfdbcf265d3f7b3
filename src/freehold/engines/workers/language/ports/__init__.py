"""Architectures that no library implements, written anew from what is public about them.

Each module has a `Config` and a `Model` whose names of weights are those of the published files.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

ANEW = {"crystalcoder": "crystalcoder", "grok-1": "grok", "qwen": "qwen"}
"""Kinds of models and their modules."""
PARTS = {"llava_llama": "vila", "NVLM_D": "nvlm", "molmo": "molmo"}
"""Kinds of models that are put together from parts of the library, and their modules."""


def ported(config: Mapping[str, Any]) -> Any | None:
    """The module for a configuration, or None where the library has its own."""
    name = ANEW.get(str(config.get("model_type")))
    if config.get("model_type") == "mpt" and not _as_the_library(config):
        name = "mpt"
    return import_module(f"{__name__}.{name}") if name else None


def assembly(config: Mapping[str, Any]) -> Any | None:
    """The module that puts a model together from its parts; None for a usual model."""
    name = PARTS.get(str(config.get("model_type")))
    return import_module(f"{__name__}.{name}") if name else None


def _as_the_library(config: Mapping[str, Any]) -> bool:
    """Whether a model of MPT's kind is the one that the library computes, whatever it is told."""
    attention = config.get("attn_config") or {}
    if not isinstance(attention, Mapping):
        attention = attention.to_dict()
    usual = attention.get("alibi", True) and not attention.get("qk_ln")
    return bool(usual and config.get("no_bias", True))
