"""Speech and other sounds with Bark, in three stages: meaning, coarse and fine codes."""

from contextlib import ExitStack
from functools import partial
from typing import Any

from transformers import BarkModel, BarkProcessor

from freehold.core.errors import UsageError
from freehold.engines.workers.aside import Pace, Tell
from freehold.engines.workers.order import Order
from freehold.engines.workers.sound.loading import weights
from freehold.engines.workers.sound.speaking import Answer, chosen, speaker
from freehold.engines.workers.sound.watching import at_each_step
from freehold.tasks.base import Progress
from freehold.tasks.text_to_audio import Request

MOST_TOKENS = 256


def load(order: Order) -> Answer:
    """The model and how it answers."""
    processor = BarkProcessor.from_pretrained(order.model, local_files_only=True)
    model = weights(BarkModel, order)
    rate = model.generation_config.sample_rate

    def make(request: Request, tell: Tell) -> tuple[Any, tuple[str, ...]]:
        voice = chosen(request.voice, processor.available_voice_presets)
        tokens = len(processor.tokenizer(request.text, add_special_tokens=False)["input_ids"])
        if tokens > MOST_TOKENS:
            raise UsageError(
                f"the text has {tokens} tokens and the model takes {MOST_TOKENS}",
                hint="speak it in parts",
            )
        made = processor(request.text, voice_preset=voice).to(model.device)
        said: dict[str, Any] = {} if request.temperature is None else _drawn(request.temperature)
        stages = (model.semantic, model.coarse_acoustics, model.fine_acoustics.layers[0])
        with ExitStack() as stack:
            for number, stage in enumerate(stages):
                reached = partial(_reached, Pace(len(stages), "stages").at(number))
                stack.enter_context(at_each_step(stage, tell, reached))
            return model.generate(**made, **said)[0], ()

    return speaker("this model", rate, ("voice", "temperature"), make)


def _reached(stage: Progress, count: int) -> Progress | None:
    """That a stage has begun, at its first step."""
    return stage if count == 1 else None


def _drawn(temperature: float) -> dict[str, Any]:
    """How freely the meaning is drawn."""
    if temperature == 0:
        return {"semantic_do_sample": False}
    return {"semantic_do_sample": True, "semantic_temperature": temperature}
