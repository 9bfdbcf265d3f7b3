"""Speech recognition with models that name a letter or piece for each short frame (CTC)."""

import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import AutoProcessor

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.aside import Pace
from freehold.engines.workers.order import Order
from freehold.engines.workers.sound.cutting import overlapping
from freehold.engines.workers.sound.loading import architecture, moved, only, weights
from freehold.engines.workers.sound.reading import Sound, read_sound
from freehold.engines.workers.sound.words import framed_words
from freehold.tasks.automatic_speech_recognition import Piece, Request, Result, Segment
from freehold.tasks.base import Work

PART, AROUND = 24.0, 3.0
"""Seconds that are heard at once, and how many more on both sides go in to be understood."""


def load(order: Order) -> Callable[[Request], Generator[Any, None, None]]:
    """The model and how it answers."""
    return Listener(order).answer


class Listener:
    """A model with a CTC head and what goes with it."""

    def __init__(self, order: Order, kind: Any = None) -> None:
        """Load it; `kind` is its class, where that is none of the library's."""
        self.processor = AutoProcessor.from_pretrained(order.model, local_files_only=True)
        self.model = weights(kind or getattr(transformers, architecture(order)), order)
        self.rate = self.processor.feature_extractor.sampling_rate
        self.blank = self.model.config.pad_token_id
        self.folder = Path(order.model)
        self.usual = getattr(self.processor.tokenizer, "target_lang", None)
        self.spoken = self.usual
        self.hop = _hop(self.model.config, self.processor.feature_extractor)

    def answer(self, request: Request) -> Generator[Any, None, None]:
        """Part by part, then all of it."""
        only(request, "a model of this kind", "language", "timestamps")
        began = time.monotonic()
        self._switch(request.language)
        sound = read_sound(request.audio, self.rate)
        frames: list[int] = []
        pace = Pace(int(sound.seconds), "seconds of audio")
        told = 0
        for found, end in self._parts(sound):
            frames += found
            text = self._text(frames)
            yield Piece(text[told:])
            told = len(text)
            yield pace.at(end // sound.rate)
        words = self._words(frames) if request.timestamps else ()
        text = self._text(frames)
        yield Result(
            text=text,
            language=request.language or self.usual,
            seconds=sound.seconds,
            segments=(Segment(0.0, round(sound.seconds, 3), text),) if request.timestamps else (),
            words=words if request.timestamps == "word" else (),
            work=Work(time.monotonic() - began, sound.seconds, "seconds of audio"),
            notes=sound.notes,
        )

    def _switch(self, language: str | None) -> None:
        """Take the adapter of a language, where the model has one for each."""
        wanted = language or self.usual
        if wanted == self.spoken:
            return
        if getattr(self.model.config, "adapter_attn_dim", None) is None:
            raise UsageError("the model was made for its own languages: none can be chosen")
        if not (self.folder / f"adapter.{wanted}.safetensors").is_file():
            raise UsageError(f"the model has no adapter for the language {wanted!r}")
        self.processor.tokenizer.set_target_lang(wanted)
        self.model.load_adapter(wanted, local_files_only=True)
        self.spoken = wanted

    def _parts(self, sound: Sound) -> Generator[tuple[list[int], int], None, None]:
        """The tokens of the frames of each part, and where it ends."""
        length, around = (int(x * sound.rate) // self.hop * self.hop for x in (PART, AROUND))
        for first, last, begin, end in overlapping(len(sound.samples), length, around):
            found = self._frames(sound.samples[first:last])
            ahead = (begin - first) // self.hop
            own = (
                found[ahead:] if end == len(sound.samples) else found[ahead:][: length // self.hop]
            )
            yield own, end

    def _frames(self, samples: Any) -> list[int]:
        """The likeliest token of each frame."""
        found = self.processor.feature_extractor(
            samples, sampling_rate=self.rate, return_tensors="pt"
        )
        made = moved(found, self.model)
        try:
            with torch.inference_mode():
                if self.model.config.model_type == "parakeet_ctc":
                    return list(self.model.generate(**made)[0].tolist())  # leaves out its padding
                logits = self.model(**made).logits[0]
        except RuntimeError as error:
            if len(samples) >= 4 * self.hop:
                raise
            raise BrokenInput("the sound is too short for this model") from error
        if not logits.isfinite().all():
            raise BrokenInput("the model heard what is not a number")
        return list(logits.argmax(-1).tolist())

    def _text(self, frames: list[int]) -> str:
        """What was written in these frames."""
        return str(self.processor.tokenizer.decode(frames, skip_special_tokens=True)).strip()

    def _words(self, frames: list[int]) -> tuple[Segment, ...]:
        """The words with their times."""
        tokenizer = self.processor.tokenizer
        return framed_words(
            frames,
            self.blank,
            lambda token: str(tokenizer.convert_ids_to_tokens(token)),
            getattr(tokenizer, "word_delimiter_token", None),
            self.hop / self.rate,
        )


def _hop(config: Any, extractor: Any) -> int:
    """How many samples one frame of the answer stands for."""
    encoder = getattr(config, "encoder_config", None)
    if encoder is not None:
        return int(extractor.hop_length * encoder.subsampling_factor)
    if config.model_type == "wav2vec2-bert":
        return int(extractor.sampling_rate // 100 * extractor.stride)
    return int(config.inputs_to_logits_ratio)
