"""Speech translation with SeamlessM4T: speech or text goes in, speech and text come out."""

import time
from collections.abc import Generator
from typing import Any

import numpy
import torch
import transformers
from msgspec import Struct
from transformers import SeamlessM4TProcessor

from freehold.core.errors import UsageError
from freehold.engines.workers.aside import Pace, Tell, aside
from freehold.engines.workers.order import Order
from freehold.engines.workers.sound.cutting import at_quiet_places
from freehold.engines.workers.sound.loading import architecture, only, seeded, weights
from freehold.engines.workers.sound.reading import read_sound
from freehold.engines.workers.sound.watching import at_each_step
from freehold.engines.workers.sound.writing import written
from freehold.tasks import audio_to_audio, automatic_speech_recognition, text_to_audio
from freehold.tasks.base import File, Work

LONGEST = 30.0
"""Seconds of speech that are heard at once."""
Answer = Any
"""A function from a request of the task to what it yields."""


def load(order: Order) -> Answer:
    """The model and how it answers in the task of the order."""
    model = Translator(order)
    return {
        "audio-to-audio": model.translate,
        "automatic-speech-recognition": model.recognize,
        "text-to-audio": model.speak,
    }[order.task]


class Translator:
    """SeamlessM4T, first or second version."""

    def __init__(self, order: Order) -> None:
        self.processor = SeamlessM4TProcessor.from_pretrained(order.model, local_files_only=True)
        self.model = weights(getattr(transformers, architecture(order)), order)
        self.second = self.model.config.model_type == "seamless_m4t_v2"
        config = self.model.generation_config
        self.written = sorted(config.text_decoder_lang_to_code_id)
        self.spoken = sorted(config.vocoder_lang_code_to_id)
        self.rate = self.processor.feature_extractor.sampling_rate
        self.voices = int(self.model.config.vocoder_num_spkrs)

    def translate(self, request: audio_to_audio.Request) -> Generator[Any, None, None]:
        """What was said, in another language, as text and speech."""
        only(request, "this model", "said", "language", "source", "spoken", "voice", "max_tokens",
             "seed")  # fmt: skip
        seeded(request.seed)
        known = self.spoken if request.spoken else self.written
        wish = Wish(
            said=request.said,
            language=_must(request.language, known),
            source=request.source,
            voice=self._voice(request.voice) if request.spoken else None,
            most=request.max_tokens,
        )
        done = yield from aside(lambda tell: self._done(wish, tell))
        file, clipped = written(done.samples, self.out) if request.spoken else (None, ())
        seconds = len(done.samples) / self.out
        yield audio_to_audio.Result(
            text=done.text,
            audio=file,
            rate=self.out if file else None,
            seconds=seconds,
            work=Work(time.monotonic() - done.began, seconds, "seconds of audio"),
            notes=done.notes + clipped,
        )

    def recognize(
        self, request: automatic_speech_recognition.Request
    ) -> Generator[Any, None, None]:
        """What was said, written down."""
        only(request, "this model", "audio", "language", "translate")
        language = "eng" if request.translate else _must(request.language, self.written)
        wish = Wish(said=request.audio, language=language)
        done = yield from aside(lambda tell: self._done(wish, tell))
        yield automatic_speech_recognition.Result(
            text=done.text,
            language=language,
            seconds=done.seconds,
            work=Work(time.monotonic() - done.began, done.seconds, "seconds of audio"),
            notes=done.notes,
        )

    def speak(self, request: text_to_audio.Request) -> Generator[Any, None, None]:
        """A text, spoken in its own language."""
        only(request, "this model", "language", "voice", "seed")
        seed, language = seeded(request.seed), _must(request.language, self.spoken)
        wish = Wish(said=request.text, language=language, source=language,
                    voice=self._voice(request.voice))  # fmt: skip
        done = yield from aside(lambda tell: self._done(wish, tell))
        file, clipped = written(done.samples, self.out)
        seconds = len(done.samples) / self.out
        yield text_to_audio.Result(
            audio=file,
            rate=self.out,
            seconds=seconds,
            seed=seed,
            work=Work(time.monotonic() - done.began, seconds, "seconds of audio"),
            notes=done.notes + clipped,
        )

    def _done(self, wish: "Wish", tell: Tell) -> "Done":
        """Part by part, put together."""
        began, texts, sounds = time.monotonic(), [], [numpy.zeros(0, "float32")]
        parts, seconds, notes = self._parts(wish)
        pace = Pace(len(parts), "parts")
        for number, part in enumerate(parts):
            with torch.inference_mode(), at_each_step(self.model.text_decoder, tell):
                text, sound = self._one(part, wish)
            texts.append(text)
            sounds.append(sound)
            tell(pace.at(number + 1))
        return Done(" ".join(texts), numpy.concatenate(sounds), notes, seconds, began)

    def _parts(self, wish: "Wish") -> tuple[list[dict[str, Any]], float, tuple[str, ...]]:
        """What goes into the model, part by part; how long it is, and notes."""
        if isinstance(wish.said, str):
            known = sorted(self.model.generation_config.text_decoder_lang_to_code_id)
            source = _must(wish.source, known, "the language of the text")
            return [self.processor(text=wish.said, src_lang=source, return_tensors="pt")], 0.0, ()
        if wish.source is not None:
            raise UsageError("the model hears itself which language is spoken: leave it out")
        sound = read_sound(wish.said, self.rate)
        cuts = at_quiet_places(sound.samples, sound.rate, LONGEST)
        parts = [
            self.processor(
                audio=sound.samples[begin:end], sampling_rate=self.rate, return_tensors="pt"
            )
            for begin, end in cuts
        ]
        cut = (f"it was heard in {len(parts)} parts, cut at quiet places",) * (len(parts) > 1)
        return parts, sound.seconds, sound.notes + cut

    def _one(self, part: Any, wish: "Wish") -> tuple[str, Any]:
        """The text and the sound of one part."""
        said: dict[str, Any] = {"tgt_lang": wish.language}
        if wish.most is not None:
            said["text_max_new_tokens" if wish.voice is not None else "max_new_tokens"] = wish.most
        part = part.to(self.model.device, self.model.dtype)
        if wish.voice is None:
            out = self.model.generate(**part, **said, generate_speech=False)
            return self._text(out.sequences), numpy.zeros(0, "float32")
        said["speaker_id" if self.second else "spkr_id"] = wish.voice
        out = self.model.generate(**part, **said, return_intermediate_token_ids=True)
        return self._text(out.sequences), out.waveform.reshape(-1).float().cpu().numpy()

    def _text(self, tokens: Any) -> str:
        return str(self.processor.decode(tokens[0], skip_special_tokens=True)).strip()

    @property
    def out(self) -> int:
        """Samples per second of what it speaks."""
        return int(self.model.config.sampling_rate)

    def _voice(self, name: str | None) -> int:
        """The number of a voice."""
        if name is None:
            return 0
        if not name.isdecimal() or int(name) >= self.voices:
            raise UsageError(f"the voices are 0 to {self.voices - 1}, and {name!r} is none of them")
        return int(name)


class Wish(Struct, frozen=True, kw_only=True):
    """What to translate into which language; without a voice, in writing only."""

    said: str | File
    language: str
    source: str | None = None
    voice: int | None = None
    most: int | None = None


class Done(Struct, frozen=True):
    """What came of it; `seconds` is how long the speech that went in was."""

    text: str
    samples: Any
    notes: tuple[str, ...]
    seconds: float
    began: float


def _must(language: str | None, known: list[str], what: str = "the language to answer in") -> str:
    """The code of a language that the model knows; UsageError for any other."""
    if language in known:
        return str(language)
    told = f"is missing: {what}" if language is None else f"{language!r} is not known"
    raise UsageError(f"a language {told}", hint=f"codes are {' '.join(known)}")
