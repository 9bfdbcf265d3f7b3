"""Speech with VITS: MMS-TTS and other checkpoints in that layout."""

from typing import Any

from transformers import AutoTokenizer, VitsModel

from freehold.core.errors import EnvironmentProblem, UsageError
from freehold.engines.workers.aside import Tell
from freehold.engines.workers.order import Order
from freehold.engines.workers.sound.loading import weights
from freehold.engines.workers.sound.speaking import Answer, chosen, speaker
from freehold.tasks.text_to_audio import Request


def load(order: Order) -> Answer:
    """The model and how it answers."""
    tokenizer = AutoTokenizer.from_pretrained(order.model, local_files_only=True)
    model = weights(VitsModel, order)
    voices = [str(n) for n in range(model.config.num_speakers)]
    voices = voices if len(voices) > 1 else []
    usual = model.speaking_rate

    def make(request: Request, _: Tell) -> tuple[Any, tuple[str, ...]]:
        voice = chosen(request.voice, voices)
        notes = _readable(tokenizer, request.text)
        model.speaking_rate = usual * (request.speed or 1.0)
        made = tokenizer(request.text, return_tensors="pt").to(model.device)
        if voices:
            made["speaker_id"] = int(voice or 0)
        notes += ("voice 0 of several",) if voices and voice is None else ()
        return model(**made).waveform[0], notes

    return speaker("this model", model.config.sampling_rate, ("voice", "speed"), make)


def _readable(tokenizer: Any, text: str) -> tuple[str, ...]:
    """Notes on letters that the model does not know; an error when nothing would be left."""
    if tokenizer.phonemize:
        raise EnvironmentProblem(
            "the model speaks phonemes and needs the programs phonemizer and espeak-ng for that, "
            "which are not in the runtime",
            hint="use a checkpoint that reads letters, such as those of MMS-TTS",
        )
    if tokenizer.is_uroman and any(ord(letter) >= 0x250 for letter in text):
        raise UsageError(
            "the model reads this language in Latin letters only (uroman)",
            hint="romanize the text first",
        )
    kept, _ = tokenizer.prepare_for_tokenization(text)
    lost = sorted(set(tokenizer.normalize_text(text)) - set(kept) - {" ", "\n"})
    if not kept.strip():
        raise UsageError("the model knows none of these letters")
    return (f"left out, because the model does not know them: {' '.join(lost)}",) if lost else ()
