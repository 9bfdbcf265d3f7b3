"""Writes down what is said, with a Whisper that was converted for OpenVINO."""

import time
from collections.abc import Callable, Generator
from typing import Any

from freehold.core.errors import UsageError
from freehold.engines.workers.aside import Tell, aside, until_given_up
from freehold.engines.workers.openvino.devices import device, genai, properties
from freehold.engines.workers.order import Order
from freehold.engines.workers.samples import recording
from freehold.tasks.automatic_speech_recognition import Piece, Request, Result, Segment
from freehold.tasks.base import Work

RATE = 16_000


def load(order: Order) -> Callable[[Request], Generator[Piece | Result, None, None]]:
    """The pipeline of this model on this device."""
    pipeline = genai().WhisperPipeline(order.model, device(order), **properties(order))

    def answer(request: Request) -> Generator[Piece | Result, None, None]:
        """The pieces as they are heard, then the result."""
        refuse(request)
        began, sound = time.monotonic(), recording(request.audio, RATE).tolist()
        config = configured(pipeline.get_generation_config(), request)

        def work(tell: Tell) -> Any:
            return pipeline.generate(sound, config, streamer=until_given_up(tell))

        pieces = aside(work)
        try:
            while True:
                yield Piece(next(pieces))
        except StopIteration as done:
            heard = done.value
        finally:
            pieces.close()
        seconds = len(sound) / RATE
        yield Result(
            text=str(heard.texts[0]),
            language=request.language,
            seconds=seconds,
            segments=tuple(segments(heard, seconds)) if request.timestamps else (),
            work=Work(time.monotonic() - began, seconds, "seconds of sound"),
        )

    return answer


def refuse(request: Request) -> None:
    """Refuse by name what this pipeline does not do."""
    if request.timestamps == "word":
        raise UsageError("openvino tells times of segments, not of words")
    if request.temperature:
        raise UsageError("openvino takes the likeliest words, so a temperature is refused")


def configured(config: Any, request: Request) -> Any:
    """What was asked for, over what the model's own file says."""
    if request.language is not None:
        sign = f"<|{request.language}|>"
        if sign not in config.lang_to_id:
            known = " ".join(sorted(name.strip("<|>") for name in config.lang_to_id))
            raise UsageError(f"it does not know the language {request.language}", hint=known)
        config.language = sign
    if config.is_multilingual:
        config.task = "translate" if request.translate else "transcribe"
    elif request.translate:
        raise UsageError("this model does not translate")
    if request.prompt is not None:
        config.initial_prompt = request.prompt
    config.return_timestamps = request.timestamps is not None
    return config


def segments(heard: Any, seconds: float) -> Generator[Segment, None, None]:
    """What was said with its times; an open end is that of the recording."""
    for chunk in heard.chunks or ():
        end = float(chunk.end_ts)
        yield Segment(float(chunk.start_ts), end if end >= 0 else seconds, str(chunk.text))
