"""Spoken conversation with models that hear speech and answer in writing: Qwen2-Audio."""

import time
from collections.abc import Callable, Generator
from typing import Any

from transformers import AutoProcessor, Qwen2AudioForConditionalGeneration

from freehold.core.errors import UsageError
from freehold.engines.workers.order import Order
from freehold.engines.workers.sound.loading import moved, only, seeded, weights
from freehold.engines.workers.sound.reading import read_sound
from freehold.engines.workers.sound.speaking import quietly
from freehold.engines.workers.sound.watching import Pace, Tell, at_each_token, watched
from freehold.tasks.audio_to_audio import Request, Result
from freehold.tasks.base import Work

USUAL = 512
"""Tokens that are written at most when nothing was said."""


def load(order: Order) -> Callable[[Request], Generator[Any, None, None]]:
    """The model and how it answers."""
    processor = AutoProcessor.from_pretrained(order.model, local_files_only=True)
    model = weights(Qwen2AudioForConditionalGeneration, order)
    extractor = processor.feature_extractor

    def answer(request: Request) -> Generator[Any, None, None]:
        only(request, "this model", "said", "max_tokens", "seed", "spoken")
        if request.spoken:
            raise UsageError("the model answers in writing only", hint="ask for that: --silent")
        began = time.monotonic()
        seeded(request.seed)
        part: dict[str, Any] = {"type": "text", "text": request.said}
        notes: tuple[str, ...] = ()
        heard = None
        if not isinstance(request.said, str):
            sound = read_sound(request.said, extractor.sampling_rate)
            if sound.seconds > extractor.chunk_length:
                raise UsageError(
                    f"the model hears {extractor.chunk_length} seconds at once, and the recording "
                    f"has {sound.seconds:.1f}"
                )
            heard, notes = [sound.samples], sound.notes
            part = {"type": "audio", "audio_url": "said"}
        text = processor.apply_chat_template(
            [{"role": "user", "content": [part]}], add_generation_prompt=True, tokenize=False
        )
        said = {"audio": heard, "sampling_rate": extractor.sampling_rate} if heard else {}
        made = moved(processor(text=text, return_tensors="pt", **said), model)
        most = request.max_tokens or USUAL

        def write(_: Request, tell: Tell) -> Any:
            pace = Pace(most, "tokens at most")
            return model.generate(
                **made, max_new_tokens=most, stopping_criteria=at_each_token(tell, pace.at)
            )

        out = yield from watched(lambda tell: quietly(write, request, tell))
        tokens = out[0, made["input_ids"].shape[1] :]
        yield Result(
            text=str(processor.decode(tokens, skip_special_tokens=True)).strip(),
            work=Work(time.monotonic() - began, len(tokens), "tokens"),
            notes=notes,
        )

    return answer
