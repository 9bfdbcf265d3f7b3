"""Speech recognition with Whisper: recordings of any length, times of segments and words."""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from transformers import WhisperForConditionalGeneration, WhisperProcessor

from freehold.core.errors import UsageError
from freehold.engines.workers.aside import Pace, Tell, aside
from freehold.engines.workers.order import Order
from freehold.engines.workers.sound.loading import weights
from freehold.engines.workers.sound.reading import Sound, read_sound
from freehold.engines.workers.sound.watching import at_each_token
from freehold.engines.workers.sound.words import spoken_words
from freehold.tasks.automatic_speech_recognition import Piece, Request, Result, Segment
from freehold.tasks.base import Work

FRAMES_A_SECOND = 100
Parts = list[dict[str, Any]]


def load(order: Order) -> Callable[[Request], Generator[Any, None, None]]:
    """The model and how it answers."""
    return Whisper(order).answer


class Whisper:
    """A Whisper model and what goes with it."""

    def __init__(self, order: Order) -> None:
        self.processor = WhisperProcessor.from_pretrained(order.model, local_files_only=True)
        self.model = weights(WhisperForConditionalGeneration, order)
        self.rate = self.processor.feature_extractor.sampling_rate
        self.window = 2 * self.model.config.max_source_positions
        self.languages = getattr(self.model.generation_config, "lang_to_id", None) or {}

    def answer(self, request: Request) -> Generator[Any, None, None]:
        """Segment by segment, then all of it."""
        began = time.monotonic()
        self._check(request)
        sound = read_sound(request.audio, self.rate)
        features = self._features(sound)
        language = self._language(request, features)
        parts: Parts = []
        heard = partial(self._heard, request, features, language, parts=parts)
        tokens = yield from aside(heard)
        yield Result(
            text=self.text(tokens).strip(),
            language=language,
            seconds=sound.seconds,
            segments=self._segments(parts) if request.timestamps else (),
            words=self._words(parts, language) if request.timestamps == "word" else (),
            work=Work(time.monotonic() - began, sound.seconds, "seconds of audio"),
            notes=sound.notes,
        )

    def _check(self, request: Request) -> None:
        """Refuse what this model cannot do."""
        if not self.languages and (request.translate or request.language not in (None, "en")):
            raise UsageError("this Whisper knows English only: it neither translates nor switches")
        if request.language and self.languages and f"<|{request.language}|>" not in self.languages:
            known = " ".join(sorted(name.strip("<|>") for name in self.languages))
            raise UsageError(f"{request.language!r} is none of the model's languages: {known}")
        heads = getattr(self.model.generation_config, "alignment_heads", None)
        if request.timestamps == "word" and not heads:
            raise UsageError(
                "the model does not say which heads tell the times of words "
                "(alignment_heads in generation_config.json)"
            )

    def _features(self, sound: Sound) -> Any:
        """Mel frames of all of it, at least those of one window."""
        long = sound.seconds > self.processor.feature_extractor.chunk_length
        given = {"padding": "longest", "truncation": False} if long else {}
        made = self.processor(sound.samples, sampling_rate=sound.rate, return_tensors="pt", **given)
        return made.input_features.to(self.model.device, self.model.dtype)

    def _language(self, request: Request, features: Any) -> str | None:
        """The one that was said, or the one that the model hears in the first window."""
        if request.language or not self.languages:
            return request.language or "en"
        heard = self.model.detect_language(features, num_segment_frames=self.window)
        found = int(heard[0])
        names = {number: name for name, number in self.languages.items()}
        return str(names[found]).strip("<|>")

    def _heard(
        self, request: Request, features: Any, language: str | None, tell: Tell, parts: Parts
    ) -> Any:
        """The tokens; segments are told, and added to `parts`, as they are found."""
        pace = Pace(features.shape[-1] // FRAMES_A_SECOND, "seconds of audio")

        def far(progress: Any) -> None:
            tell(pace.at(int(progress[0, 0]) // FRAMES_A_SECOND))

        def found(segments: Parts) -> None:
            parts.extend(segments)
            for part in segments:
                tell(Piece(self.text(part["tokens"])))

        timed = request.timestamps is not None or features.shape[-1] > self.window
        with told_segments(self.model, found):
            made = self.model.generate(
                features,
                return_timestamps=timed,
                return_token_timestamps=request.timestamps == "word" or None,
                return_segments=True,
                monitor_progress=far,
                stopping_criteria=at_each_token(tell),
                **self._said(request, language),
            )
        return made["sequences"][0]

    def _said(self, request: Request, language: str | None) -> dict[str, Any]:
        """What was asked for, in the words of `generate`."""
        said: dict[str, Any] = {}
        if self.languages:
            task = "translate" if request.translate else "transcribe"
            said = {"language": language, "task": task}
        if request.prompt:
            ids = self.processor.get_prompt_ids(request.prompt, return_tensors="pt")
            said["prompt_ids"] = ids.to(self.model.device)
        if request.temperature:
            said["temperature"] = request.temperature
        return said

    def text(self, tokens: Any) -> str:
        """The letters of these tokens."""
        return str(self.processor.tokenizer.decode(tokens, skip_special_tokens=True))

    def _segments(self, parts: Parts) -> tuple[Segment, ...]:
        """Segments with their times."""
        return tuple(
            Segment(round(float(p["start"]), 3), round(float(p["end"]), 3), self.text(p["tokens"]))
            for p in parts
        )

    def _words(self, parts: Parts, language: str | None) -> tuple[Segment, ...]:
        """Words with their times: a token lasts until the next one begins."""
        special = set(self.processor.tokenizer.all_special_ids)
        first_time = self.model.generation_config.no_timestamps_token_id
        tokens = []
        for part in parts:
            times = [float(time) for time in part["token_timestamps"]]
            ends = [*times[1:], float(part["end"])]
            for number, start, end in zip(part["tokens"].tolist(), times, ends, strict=True):
                if number not in special and number < first_time:
                    tokens.append((number, start, max(start, end)))
        return spoken_words(tokens, self.text, language)


@contextmanager
def told_segments(model: Any, found: Callable[[Parts], None]) -> Iterator[None]:
    """Let the library's own walk through a long recording say which segments it found.

    A window that ends where it began would be heard again for ever; it is left instead.
    """
    kept = model._retrieve_segment

    def heard(**said: Any) -> Any:
        segments, offset = kept(**said)
        found(segments)
        return segments, offset if offset > 0 else said["seek_num_frames"][said["prev_idx"]]

    model._retrieve_segment = heard
    try:
        yield
    finally:
        del model._retrieve_segment
