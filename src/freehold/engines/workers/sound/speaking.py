"""Speech, music and sounds: picks the worker that knows a model, and does what all have in common.

A model is a function from a request to samples; here it is seeded, watched and written down.
"""

import time
from collections.abc import Callable, Generator
from typing import Any

import torch

from freehold.core.errors import UsageError
from freehold.engines.workers.aside import Tell, aside
from freehold.engines.workers.order import Order
from freehold.engines.workers.sound.loading import loader, only, seeded
from freehold.engines.workers.sound.writing import written
from freehold.tasks.base import Work
from freehold.tasks.text_to_audio import Request, Result

MODULES = {
    "SeamlessM4TModel": "translating",
    "SeamlessM4Tv2Model": "translating",
    "BarkModel": "bark",
    "FastSpeech2ConformerModel": "fastspeech",
    "FastSpeech2ConformerWithHifiGan": "fastspeech",
    "JukeboxModel": "jukebox",
    "MusicgenForConditionalGeneration": "musicgen",
    "SpeechT5ForTextToSpeech": "speecht5",
    "VitsModel": "vits",
}
Answer = Callable[[Request], Generator[Any, None, None]]
Make = Callable[[Request, Tell], tuple[Any, tuple[str, ...]]]
"""From a request to samples (a row, as a tensor) and notes; it tells how far it is."""


def load(order: Order) -> Answer:
    """The model and how it answers."""
    loaded: Answer = loader(MODULES, order)
    return loaded


def speaker(what: str, rate: int, honored: tuple[str, ...], make: Make) -> Answer:
    """How a model answers that makes sound at this rate and honors these fields of a request."""

    def answer(request: Request) -> Generator[Any, None, None]:
        only(request, what, "seed", *honored)
        if not request.text.strip():
            raise UsageError("there is nothing to speak: the text is empty")
        began, seed = time.monotonic(), seeded(request.seed)
        samples, notes = yield from aside(lambda tell: quietly(make, request, tell))
        samples = samples.detach().float().cpu().reshape(-1).numpy()
        file, clipped = written(samples, rate)
        seconds = len(samples) / rate
        yield Result(
            audio=file,
            rate=rate,
            seconds=seconds,
            seed=seed,
            work=Work(time.monotonic() - began, seconds, "seconds of audio"),
            notes=notes + clipped,
        )

    return answer


def quietly(make: Callable[[Any, Tell], Any], request: Any, tell: Tell) -> Any:
    """Make it without keeping what only training needs."""
    with torch.inference_mode():
        return make(request, tell)


def chosen(voice: str | None, known: list[str]) -> str | None:
    """The voice that was asked for; UsageError when it is none of the model's."""
    if voice is not None and voice not in known:
        told = f"the voices are {', '.join(known[:40])}" if known else "it has one voice only"
        raise UsageError(f"the model has no voice {voice!r}: {told}")
    return voice
