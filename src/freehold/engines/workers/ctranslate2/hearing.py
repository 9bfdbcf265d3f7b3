"""Writes down what is said in up to 30 seconds, with a Whisper converted for CTranslate2."""

import time
from collections.abc import Callable, Generator
from importlib import import_module
from pathlib import Path
from typing import Any

from freehold.core.errors import UsageError
from freehold.engines.workers.ctranslate2.mel import RATE, SECONDS, features
from freehold.engines.workers.ctranslate2.writing import TYPES
from freehold.engines.workers.order import Order
from freehold.engines.workers.samples import recording
from freehold.engines.workers.words import Words, table
from freehold.tasks.automatic_speech_recognition import Request, Result
from freehold.tasks.base import Progress, Work

LONGEST = 448
"""Tokens of one window of Whisper, with those that tell it what to do."""


def load(order: Order) -> Callable[[Request], Generator[Progress | Result, None, None]]:
    """The model on this device, computing in what was asked for and in nothing else."""
    library, folder = import_module("ctranslate2"), Path(order.model)
    wanted = TYPES[order.precision] if order.precision else "default"
    if wanted not in ("default", *library.get_supported_compute_types(order.device)):
        raise UsageError(f"CTranslate2 does not compute in {order.precision} on this device")
    model = library.models.Whisper(
        str(folder), device=order.device, compute_type=wanted, intra_threads=order.threads
    )
    return Hearer(library, model, folder).answer


class Hearer:
    """Answers requests with one model."""

    def __init__(self, library: Any, model: Any, folder: Path) -> None:
        self.library, self.model, self.words = library, model, Words(folder)
        own = table(folder / "generation_config.json")
        self.several = bool(own.get("is_multilingual", model.is_multilingual))
        self.most = int(own.get("max_length") or LONGEST)

    def answer(self, request: Request) -> Generator[Progress | Result, None, None]:
        """How far it is, then the result."""
        refuse(request)
        began, sound = time.monotonic(), recording(request.audio, RATE)
        seconds = len(sound) / RATE
        if seconds > SECONDS:
            raise UsageError(
                f"it hears {SECONDS} seconds, and this recording has {seconds:,.0f}",
                hint="the engines transformers and openvino hear recordings of any length",
            )
        yield Progress(0, 1, "recordings")
        seen = self.library.StorageView.from_array(features(sound, self.model.n_mels)[None])
        language = self._language(request, seen)
        task = "translate" if request.translate else "transcribe"
        signs = [f"<|{language}|>", f"<|{task}|>"] if self.several else []
        prompt = ["<|startoftranscript|>", *signs, "<|notimestamps|>"]
        room = 2 * (self.most - len(prompt))  # half of it is kept for a text before
        (heard,) = self.model.generate(seen, [prompt], beam_size=1, max_length=room)
        yield Result(
            text=self.words.text(list(heard.sequences_ids[0])),
            language=language,
            seconds=seconds,
            work=Work(time.monotonic() - began, seconds, "seconds of sound"),
        )

    def _language(self, request: Request, seen: Any) -> str | None:
        """The language that was said, or the likeliest; None where a model knows only one."""
        if not self.several:
            if request.translate or request.language not in (None, "en"):
                raise UsageError("this model hears English only, and translates nothing")
            return None
        if request.language is None:
            ((likeliest, _), *_) = self.model.detect_language(seen)[0]
            return str(likeliest).strip("<|>")
        if self.words.tokenizer.token_to_id(f"<|{request.language}|>") is None:
            raise UsageError(f"it does not know the language {request.language}")
        return request.language


def refuse(request: Request) -> None:
    """Refuse by name what this engine does not do."""
    told = {
        "timestamps": request.timestamps,
        "a prompt": request.prompt,
        "a temperature": request.temperature,
    }
    for name, there in told.items():
        if there:
            raise UsageError(f"ctranslate2 honors no {name.removeprefix('a ')} when it hears")
