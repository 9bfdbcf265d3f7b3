"""Speech with SpeechT5 and its HiFi-GAN; the voice is a vector that stands in a file."""

from pathlib import Path
from typing import Any

import numpy
import torch
from transformers import SpeechT5ForTextToSpeech, SpeechT5HifiGan, SpeechT5Processor

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.aside import Pace, Tell
from freehold.engines.workers.order import Order
from freehold.engines.workers.sound.loading import beside, weights
from freehold.engines.workers.sound.speaking import Answer, chosen, speaker
from freehold.engines.workers.sound.watching import at_each_step
from freehold.tasks.text_to_audio import Request

FRAMES_A_LETTER = 20
"""How many mel frames the library lets it write for each token, at most."""


def load(order: Order) -> Answer:
    """The model and how it answers."""
    processor = SpeechT5Processor.from_pretrained(order.model, local_files_only=True)
    model = weights(SpeechT5ForTextToSpeech, order)
    vocoder = weights(SpeechT5HifiGan, order, beside(order, "vocoder", "hifigan"))
    folder = Path(order.model)

    def make(request: Request, tell: Tell) -> tuple[Any, tuple[str, ...]]:
        voice = _voice(request, folder, model.config.speaker_embedding_dim)
        voice = voice.to(model.device, model.dtype)
        ids = processor(text=request.text, return_tensors="pt")["input_ids"].to(model.device)
        most = model.config.max_text_positions
        if ids.shape[-1] > most:
            raise UsageError(f"the text has {ids.shape[-1]} tokens and the model takes {most}")
        frames = ids.shape[-1] * FRAMES_A_LETTER // model.config.reduction_factor
        pace = Pace(frames, "steps at most")
        with at_each_step(model.speecht5.decoder, tell, pace.at):
            return model.generate_speech(ids, voice, vocoder=vocoder), ()

    return speaker("this model", vocoder.config.sampling_rate, ("voice", "like"), make)


def _voice(request: Request, folder: Path, size: int) -> Any:
    """The vector of the voice: from the file that was given, or one that lies with the model."""
    known = sorted(path.stem for path in folder.glob("**/*.npy"))
    if request.like is None:
        if chosen(request.voice, known) is None:
            raise UsageError(
                f"the model needs a voice: a file (.npy) with {size} numbers",
                hint="give one beside the text" + (f", or a name: {known[0]}" if known else ""),
            )
        path = next(path for path in sorted(folder.glob("**/*.npy")) if path.stem == request.voice)
    elif request.like.kind != "array":
        raise UsageError("this model takes its voice from a vector (.npy), not from a recording")
    else:
        path = request.like.path
    try:
        found = numpy.load(path, allow_pickle=False).reshape(-1)
    except (ValueError, OSError, EOFError) as error:
        raise BrokenInput(f"the voice cannot be read: {error}") from error
    if found.size != size or not numpy.isfinite(found.astype("float64")).all():
        raise BrokenInput(f"the voice must be {size} numbers, and it has {found.size}")
    return torch.from_numpy(found.astype("float32"))[None]
