"""Speech recognition with models that hear a short recording and write: Moonshine, Canary, ..."""

import time
from collections.abc import Callable, Generator
from typing import Any

import transformers
from transformers import AutoProcessor

from freehold.core.errors import UsageError
from freehold.engines.workers.aside import Pace, Tell, aside
from freehold.engines.workers.order import Order
from freehold.engines.workers.sound.cutting import at_quiet_places
from freehold.engines.workers.sound.loading import architecture, moved, only, weights
from freehold.engines.workers.sound.reading import Sound, read_sound
from freehold.engines.workers.sound.watching import at_each_token
from freehold.tasks.automatic_speech_recognition import Piece, Request, Result, Segment
from freehold.tasks.base import Work

LONGEST = 30.0
"""Seconds that are heard at once."""
TOKENS_A_SECOND = 10
HONORED = {
    "CanaryForConditionalGeneration": ("language", "translate"),
    "Speech2TextForConditionalGeneration": (),
    "MoonshineForConditionalGeneration": (),
    "ParakeetForTDT": (),
    "ParakeetForRNNT": (),
    "ConformerForRNNT": (),
}


def load(order: Order) -> Callable[[Request], Generator[Any, None, None]]:
    """The model and how it answers."""
    return Writer(order).answer


class Writer:
    """A model that writes what it hears, and what goes with it."""

    def __init__(self, order: Order, kind: Any = None) -> None:
        """Load it; `kind` is its class, where that is none of the library's."""
        self.name = architecture(order)
        self.processor = AutoProcessor.from_pretrained(order.model, local_files_only=True)
        self.model = weights(kind or getattr(transformers, self.name), order)
        self.rate = self.processor.feature_extractor.sampling_rate
        self.notes: list[str] = []

    def answer(self, request: Request) -> Generator[Any, None, None]:
        """Part by part, then all of it."""
        only(request, "a model of this kind", "timestamps", *HONORED[self.name])
        if request.timestamps == "word":
            raise UsageError("the model does not say when single words were spoken")
        began = time.monotonic()
        self.notes.clear()
        sound = read_sound(request.audio, self.rate)
        segments = yield from aside(lambda tell: self._all(request, sound, tell))
        notes = sound.notes + tuple(self.notes)
        if len(segments) > 1:
            notes += (f"it was heard in {len(segments)} parts, cut at quiet places",)
        yield Result(
            text=" ".join(s.text for s in segments if s.text),
            language=request.language,
            seconds=sound.seconds,
            segments=tuple(segments) if request.timestamps else (),
            work=Work(time.monotonic() - began, sound.seconds, "seconds of audio"),
            notes=notes,
        )

    def _all(self, request: Request, sound: Sound, tell: Tell) -> list[Segment]:
        """What was said in each part."""
        segments: list[Segment] = []
        pace = Pace(int(sound.seconds), "seconds of audio")
        for begin, end in at_quiet_places(sound.samples, sound.rate, LONGEST):
            text = self._text(request, sound.samples[begin:end], tell)
            start, stop = round(begin / sound.rate, 3), round(end / sound.rate, 3)
            tell(Piece(text if not segments else f" {text}"))
            tell(pace.at(end // sound.rate))
            segments.append(Segment(start, stop, text))
        return segments

    def _text(self, request: Request, samples: Any, tell: Tell) -> str:
        """What was said in one part."""
        made = moved(self._inputs(request, samples), self.model)
        before = made["decoder_input_ids"].shape[1] if "decoder_input_ids" in made else 0
        most = min(max(len(samples) * TOKENS_A_SECOND // self.rate, 8), self._room() - before - 1)
        said = {} if self.name.endswith(("RNNT", "TDT")) else {"max_new_tokens": most}
        out = self.model.generate(**made, **said, stopping_criteria=at_each_token(tell))
        tokens = getattr(out, "sequences", out)[0][before:]
        if said and len(tokens) >= most:
            self.notes.append(f"a part was cut after {most} tokens, the most that it may have")
        return str(self.processor.decode(tokens, skip_special_tokens=True)).strip()

    def _room(self) -> int:
        """How many tokens the model can write at most."""
        config = getattr(self.model.config, "decoder_config", self.model.config)
        for name in ("max_target_positions", "max_position_embeddings"):
            if getattr(config, name, None):
                return int(getattr(config, name))
        return 2**15

    def _inputs(self, request: Request, samples: Any) -> Any:
        """What goes into the model."""
        if self.name.startswith("Canary"):
            source = request.language or "en"
            target = "en" if request.translate else source
            return self.processor.apply_transcription_request(
                samples, source_language=source, target_language=target
            )
        return self.processor(samples, sampling_rate=self.rate, return_tensors="pt")
