"""Text generation: picks the worker that knows a model, one that hears or one that reads."""

from importlib import import_module
from pathlib import Path
from typing import Any

from freehold.engines.workers.order import Order
from freehold.formats.config import architecture as named

HEARS = frozenset({"Qwen2AudioForConditionalGeneration"})


def architecture(order: Order) -> str:
    """The class that a model says it is made for; empty when it does not say."""
    from freehold.engines.workers.language.loading import said

    return named(said(Path(order.model), "config.json"))


def load(order: Order) -> Any:
    """The model and how it answers."""
    if architecture(order) in HEARS:
        from freehold.engines.workers.sound.loading import telling

        module = import_module("freehold.engines.workers.sound.listening")
        return telling(module.load(order))
    return import_module("freehold.engines.workers.language.text").load(order)
