"""Embedding: picks the worker that knows a model: one that hears, that reads, or does it all."""

from importlib import import_module
from typing import Any

from freehold.engines.workers.order import Order
from freehold.engines.workers.writing import architecture

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
    kind = architecture(order)
    module = "sound.vectors" if kind in HEARS else "language.vectors"
    if kind == "ImageBindModel":
        module = "pictures.imagebind"
    if kind.startswith("prithvi_eo_"):
        module = "pictures.prithvi"
    return import_module(f"freehold.engines.workers.{module}").load(order)
