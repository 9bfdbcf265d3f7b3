"""Embedding: picks the worker that knows a model, one that hears or one that reads."""

from importlib import import_module
from typing import Any

from freehold.engines.workers.order import Order
from freehold.engines.workers.sound.loading import architecture

HEARS = frozenset(
    {
        "ClapModel",
        "Data2VecAudioModel",
        "HubertModel",
        "UniSpeechModel",
        "Wav2Vec2BertModel",
        "Wav2Vec2ConformerModel",
        "Wav2Vec2ForPreTraining",
        "Wav2Vec2Model",
        "WavLMModel",
    }
)


def load(order: Order) -> Any:
    """The model and how it answers."""
    kind = "sound" if architecture(order) in HEARS else "language"
    return import_module(f"freehold.engines.workers.{kind}.vectors").load(order)
