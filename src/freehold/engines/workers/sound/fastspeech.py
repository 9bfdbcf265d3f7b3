"""Speech with FastSpeech2Conformer and its HiFi-GAN, which speak phonemes (ESPnet's models)."""

import json
from pathlib import Path
from typing import Any

import torch
from transformers import (
    FastSpeech2ConformerHifiGan,
    FastSpeech2ConformerModel,
    FastSpeech2ConformerWithHifiGan,
)

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.aside import Tell
from freehold.engines.workers.order import Order
from freehold.engines.workers.sound.loading import architecture, beside, weights
from freehold.engines.workers.sound.speaking import Answer, chosen, speaker
from freehold.tasks.text_to_audio import Request

RATE = 22_050
"""Samples per second of all published checkpoints; their files do not say it."""


def load(order: Order) -> Answer:
    """The model and how it answers."""
    signs = _signs(Path(order.model) / "vocab.json")
    if architecture(order) == "FastSpeech2ConformerWithHifiGan":
        both = weights(FastSpeech2ConformerWithHifiGan, order)
        model, vocoder = both.model, both.vocoder
    else:
        model = weights(FastSpeech2ConformerModel, order)
        vocoder = weights(FastSpeech2ConformerHifiGan, order, beside(order, "vocoder", "hifigan"))
    count = model.config.num_speakers or 0
    voices = [str(n) for n in range(count)] if count > 1 else []
    usual = model.config.speaking_speed

    def make(request: Request, _: Tell) -> tuple[Any, tuple[str, ...]]:
        ids = torch.tensor([_phonemes(request.text, signs)], device=model.device)
        said: dict[str, Any] = {}
        if voices:
            number = int(chosen(request.voice, voices) or 0)
            said["speaker_ids"] = torch.tensor([[number]], device=model.device)
        else:
            chosen(request.voice, voices)
        model.config.speaking_speed = usual / (request.speed or 1.0)
        return vocoder(model(ids, **said, return_dict=True).spectrogram), ()

    return speaker("this model", RATE, ("voice", "speed"), make)


def _signs(path: Path) -> dict[str, int]:
    """The numbers of the phonemes."""
    try:
        return {str(sign): int(n) for sign, n in json.loads(path.read_text("utf-8")).items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise BrokenInput(f"vocab.json does not name the phonemes: {error!r}") from error


def _phonemes(text: str, signs: dict[str, int], end: str = "<sos/eos>") -> list[int]:
    """The numbers of phonemes that stand with spaces between them, and the sign of the end."""
    words = text.split()
    strange = [word for word in words if word not in signs]
    if strange:
        known = " ".join(sorted(sign for sign in signs if not sign.startswith("<")))
        raise UsageError(
            f"the model speaks phonemes, and {strange[0]!r} is none of them",
            hint=f"write phonemes with spaces between them: {known}",
        )
    return [signs[word] for word in words] + ([signs[end]] if end in signs else [])
