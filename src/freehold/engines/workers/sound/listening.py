"""Conversation with models that hear speech and answer in writing: Qwen2-Audio."""

import time
from collections.abc import Callable, Generator, Sequence
from typing import Any

import torch
from msgspec import Struct
from transformers import AutoProcessor, Qwen2AudioForConditionalGeneration

from freehold.core.errors import UsageError
from freehold.engines.workers.aside import Pace, Tell, aside
from freehold.engines.workers.order import Order
from freehold.engines.workers.sound.loading import moved, only, seeded, weights
from freehold.engines.workers.sound.reading import read_sound
from freehold.tasks import audio_to_audio, text_generation
from freehold.tasks.base import File, Spent, Times, Work

USUAL = 512
"""Tokens that are written at most when nothing was said."""
CHOICE = ("temperature", "top_p", "top_k")


def load(order: Order) -> Callable[[Any], Generator[Any, None, None]]:
    """The model and how it answers in the task of the order."""
    model = Listener(order)
    return model.write if order.task == "text-generation" else model.converse


class Heard(Struct, frozen=True):
    """What goes into the model, and what must be said of how it was heard."""

    inputs: dict[str, Any]
    most: int
    notes: tuple[str, ...]


class Written(Struct, frozen=True):
    """The tokens of an answer, and seconds until the first and the last one."""

    tokens: list[int]
    text: str
    first: float
    last: float


class Listener:
    """A model that hears and what goes with it."""

    def __init__(self, order: Order) -> None:
        self.processor = AutoProcessor.from_pretrained(order.model, local_files_only=True)
        self.model = weights(Qwen2AudioForConditionalGeneration, order)
        self.rate = self.processor.feature_extractor.sampling_rate
        ends = self.model.generation_config.eos_token_id
        self.ends = set(ends if isinstance(ends, list) else [ends])

    def converse(self, request: audio_to_audio.Request) -> Generator[Any, None, None]:
        """An answer to what was said or written."""
        only(request, "this model", "said", "max_tokens", "seed", "spoken")
        if request.spoken:
            raise UsageError("the model answers in writing only", hint="ask for that: --silent")
        began = time.monotonic()
        seeded(request.seed)
        talk = [("user", "" if isinstance(request.said, File) else request.said,
                 (request.said,) if isinstance(request.said, File) else ())]  # fmt: skip
        heard = self._heard(talk, request.max_tokens)
        pace = Pace(heard.most, "tokens at most")
        told = aside(lambda tell: self._written(heard, {}, lambda n, _: tell(pace.at(n))))
        made = yield from told
        yield audio_to_audio.Result(
            text=made.text.strip(),
            work=Work(time.monotonic() - began, len(made.tokens), "tokens"),
            notes=heard.notes,
        )

    def write(self, request: text_generation.Request) -> Generator[Any, None, None]:
        """The next turn of a chat, letter by letter."""
        only(request, "this model", "messages", "max_tokens", "seed", *CHOICE)
        if any(m.calls or m.call_id for m in request.messages) or not request.messages:
            raise UsageError("this model takes the turns of a chat, without tools")
        seed = seeded(request.seed)
        talk = [(m.role, m.content, m.files) for m in request.messages]
        heard = self._heard(talk, request.max_tokens)
        choice = {name: getattr(request, name) for name in CHOICE}
        said = {name: value for name, value in choice.items() if value is not None}
        if said.get("temperature") == 0:
            said = {"do_sample": False}
        elif said:
            said["do_sample"] = True
        made = yield from aside(lambda tell: self._written(heard, said, _pieces(tell)))
        count, prompt = len(made.tokens), heard.inputs["input_ids"].shape[1]
        yield text_generation.Result(
            text=made.text,
            thinking="",
            finish="stop" if made.tokens and made.tokens[-1] in self.ends else "length",
            seed=seed,
            spent=Spent(prompt, count),
            times=Times(made.first, made.first, made.last - made.first, max(count - 1, 0)),
            notes=heard.notes,
        )

    def _heard(self, talk: Sequence[tuple[str, str, tuple[Any, ...]]], most: int | None) -> Heard:
        """The turns in the words of the model's own template, with the sounds in them."""
        sounds, turns = [], []
        notes: list[str] = []
        longest = self.processor.feature_extractor.chunk_length
        for role, text, files in talk:
            parts: list[dict[str, str]] = []
            for file in files:
                if file.kind != "audio":
                    raise UsageError(f"the model hears sounds, and {file.path.name} is {file.kind}")
                sound = read_sound(file, self.rate)
                if sound.seconds > longest:
                    raise UsageError(
                        f"the model hears {longest} seconds at once, and the recording has "
                        f"{sound.seconds:.1f}"
                    )
                sounds.append(sound.samples)
                notes += sound.notes
                parts.append({"type": "audio", "audio_url": "given"})
            if text:
                parts.append({"type": "text", "text": text})
            turns.append({"role": role, "content": parts})
        template = self.processor.apply_chat_template(
            turns, add_generation_prompt=True, tokenize=False
        )
        said = {"audio": sounds, "sampling_rate": self.rate} if sounds else {}
        inputs = moved(self.processor(text=template, return_tensors="pt", **said), self.model)
        room, length = self.model.config.text_config.max_position_embeddings, inputs["input_ids"]
        left = room - length.shape[1]
        if left < 1:
            raise UsageError(f"the talk has {length.shape[1]} tokens and the model takes {room}")
        return Heard(inputs, min(most or USUAL, left), tuple(dict.fromkeys(notes)))

    def _written(
        self, heard: Heard, said: dict[str, Any], tell: Callable[[int, str], None]
    ) -> Written:
        """Token by token; `tell` gets how many there are and all letters so far."""
        began, before = time.monotonic(), heard.inputs["input_ids"].shape[1]
        times: list[float] = []

        def step(ids: Any, scores: Any, **_: Any) -> Any:
            times.append(time.monotonic() - began)
            tell(len(times), self._text(ids[0, before:]))
            return torch.zeros(ids.shape[0], dtype=torch.bool, device=ids.device)

        with torch.inference_mode():
            out = self.model.generate(
                **heard.inputs, **said, max_new_tokens=heard.most, stopping_criteria=[step]
            )
        tokens = out[0, before:]
        return Written(tokens.tolist(), self._text(tokens), times[0], times[-1])

    def _text(self, tokens: Any) -> str:
        return str(self.processor.decode(tokens, skip_special_tokens=True))


def _pieces(tell: Tell) -> Callable[[int, str], None]:
    """What tells new letters once; half a letter waits for its other half."""
    told = ""

    def step(_: int, text: str) -> None:
        nonlocal told
        whole = not text.endswith("\ufffd") and len(text) > len(told)
        tell(text_generation.Piece(text[len(told) :]) if whole else None)
        told = text if whole else told

    return step
