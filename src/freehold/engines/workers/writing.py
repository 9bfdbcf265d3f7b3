"""Text generation: picks the worker that knows a model, one that hears or one that reads."""

from importlib import import_module
from typing import Any

from freehold.engines.workers.order import Order
from freehold.engines.workers.sound.loading import architecture, telling

HEARS = frozenset({"Qwen2AudioForConditionalGeneration"})


def load(order: Order) -> Any:
    """The model and how it answers."""
    if architecture(order) in HEARS:
        module = import_module("freehold.engines.workers.sound.listening")
        return telling(module.load(order))
    return import_module("freehold.engines.workers.language.text").load(order)
