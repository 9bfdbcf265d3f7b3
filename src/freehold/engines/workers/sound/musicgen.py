"""Music and sounds from words with MusicGen, and AudioGen in the same layout."""

from typing import Any

from transformers import AutoTokenizer, MusicgenForConditionalGeneration

from freehold.core.errors import UsageError
from freehold.engines.workers.aside import Pace, Tell
from freehold.engines.workers.order import Order
from freehold.engines.workers.sound.loading import weights
from freehold.engines.workers.sound.speaking import Answer, speaker
from freehold.engines.workers.sound.watching import at_each_token
from freehold.tasks.text_to_audio import Request


def load(order: Order) -> Answer:
    """The model and how it answers."""
    tokenizer = AutoTokenizer.from_pretrained(order.model, local_files_only=True)
    model = weights(MusicgenForConditionalGeneration, order)
    codec = model.config.audio_encoder
    delay = model.config.decoder.num_codebooks - 1
    most = model.config.decoder.max_position_embeddings - delay
    usual = min((model.generation_config.max_length or 1500) - delay, most)

    def make(request: Request, tell: Tell) -> tuple[Any, tuple[str, ...]]:
        frames = round(request.length * codec.frame_rate) if request.length else usual
        if frames > most:
            raise UsageError(
                f"{request.length:g} seconds are more than the model can make at once: "
                f"{most / codec.frame_rate:.1f}"
            )
        steps = max(frames, 1) + delay
        said: dict[str, Any] = {"max_new_tokens": steps}
        if request.guidance is not None:
            said["guidance_scale"] = request.guidance
        if request.temperature is not None:
            said |= {"do_sample": request.temperature > 0}
            said |= {"temperature": request.temperature} if request.temperature > 0 else {}
        made = tokenizer(request.text, return_tensors="pt").to(model.device)
        watch = at_each_token(tell, Pace(steps, "steps").at)
        return model.generate(**made, **said, stopping_criteria=watch)[0], ()

    honored = ("length", "guidance", "temperature")
    return speaker("this model", codec.sampling_rate, honored, make)
