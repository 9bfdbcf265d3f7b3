"""Speech recognition: picks the worker that knows the architecture of a model."""

from freehold.engines.workers.order import Order
from freehold.engines.workers.sound.loading import loader

MODULES = {
    "WhisperForConditionalGeneration": "whisper",
}


def load(order: Order) -> object:
    """The model and how it answers."""
    return loader(MODULES, order)
