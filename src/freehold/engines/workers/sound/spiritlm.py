"""Spirit LM (Meta): a Llama whose words are also units of speech, so it goes on in either.

The folder is that of the published language model; in it lies `speech_tokenizer` with the folders
`hubert_25hz` and `hifigan_spiritlm_base` of the publisher, their weights after `freehold convert`.
What is said becomes `[Speech]` and units `[Hu5]`, or `[Text]` and words; the answer is held to
units or to words, as in the published code. Pitch and style (the expressive model) are not heard.
"""

import re
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import torch
from msgspec import Struct
from transformers import AutoTokenizer, LlamaForCausalLM

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.aside import Pace, Tell, aside
from freehold.engines.workers.order import Order
from freehold.engines.workers.sound.loading import only, seeded, weights
from freehold.engines.workers.sound.reading import read_sound
from freehold.engines.workers.sound.unit_voice import Voice
from freehold.engines.workers.sound.units import RATE, Ear
from freehold.engines.workers.sound.watching import at_each_token
from freehold.engines.workers.sound.writing import written
from freehold.tasks.audio_to_audio import Request, Result
from freehold.tasks.base import File, Work

TEXT, SPEECH = "[Text]", "[Speech]"
UNIT, TONE = re.compile(r"\[Hu(\d+)\]"), re.compile(r"\[(?:Pi|St)\d+\]")
USUAL = 200
"""Tokens that are written at most when nothing was said, as in the publisher's examples."""
ENDLESS = "speech of this model has no end of its own: it was cut after {} units"


def load(order: Order) -> Callable[[Request], Generator[Any, None, None]]:
    """The models and how they answer."""
    return SpiritLM(order).answer


class Said(Struct, frozen=True):
    """What an answer was made of: the new tokens, and what must be said about the sound."""

    tokens: list[int]
    notes: tuple[str, ...]


class SpiritLM:
    """The language model, what it hears with, and what it speaks with."""

    def __init__(self, order: Order) -> None:
        folder = Path(order.model) / "speech_tokenizer"
        if not folder.is_dir():
            raise BrokenInput(
                "Spirit LM needs the folder speech_tokenizer, which is published beside it",
                hint="put it, or a link to it, into the folder of the language model",
            )
        self.tokenizer = AutoTokenizer.from_pretrained(order.model, local_files_only=True)
        self.model = weights(LlamaForCausalLM, order)
        vocabulary = self.tokenizer.get_vocab()
        self.units = {n: int(found[1]) for word, n in vocabulary.items()
                      if (found := UNIT.fullmatch(word))}  # fmt: skip
        self.tones = {n for word, n in vocabulary.items() if TONE.fullmatch(word)}
        if not self.units or TEXT not in vocabulary or SPEECH not in vocabulary:
            raise BrokenInput("the vocabulary has no units of speech: this is no Spirit LM")
        self.signs = {vocabulary[TEXT], vocabulary[SPEECH]}
        self.ear = Ear(order, folder / "hubert_25hz")
        speaks = folder / "hifigan_spiritlm_base"
        self.voice = None if self.tones or not speaks.is_dir() else Voice(order, speaks)

    def answer(self, request: Request) -> Generator[Any, None, None]:
        """How the model goes on after what was said or written."""
        only(request, "Spirit LM", "said", "max_tokens", "seed", "spoken", "voice")
        voice = self._voice(request)
        seeded(request.seed)
        began = time.monotonic()
        told = aside(lambda tell: self._said(request, tell))
        said = yield from told
        work = Work(time.monotonic() - began, len(said.tokens), "tokens")
        if not request.spoken or self.voice is None:
            text = self.tokenizer.decode(said.tokens, skip_special_tokens=True).strip()
            yield Result(text=text, work=work, notes=said.notes)
            return
        units = [self.units[token] for token in said.tokens]
        samples = self.voice.spoken(units, voice)
        file, clipped = written(samples, self.voice.rate)
        yield Result(
            text="".join(f"[Hu{unit}]" for unit in units),
            audio=file,
            rate=self.voice.rate,
            seconds=len(samples) / self.voice.rate,
            work=work,
            notes=(*said.notes, ENDLESS.format(len(units)), *clipped),
        )

    def _voice(self, request: Request) -> int:
        """The number of the voice; UsageError where nothing speaks, or nothing is heard."""
        if self.tones and isinstance(request.said, File):
            raise UsageError("the expressive model also wants pitch and style, which are not heard")
        if not request.spoken:
            if request.voice is not None:
                raise UsageError("an answer in text has no voice")
            return 0
        if self.voice is None:
            raise UsageError("there is no voice for units here", hint="ask for text: --silent")
        return self.voice.number(request.voice)

    def _said(self, request: Request, tell: Tell) -> Said:
        """The tokens of an answer."""
        prompt, notes = self._prompt(request, tell)
        told = self.tokenizer(prompt, add_special_tokens=False)["input_ids"]
        tokens = torch.tensor([[self.tokenizer.bos_token_id, *told]], device=self.model.device)
        used, room = tokens.shape[1], self.model.config.max_position_embeddings
        if used >= room:
            raise UsageError(f"what was said has {used:,} tokens and the model takes {room:,}")
        most = min(request.max_tokens or USUAL, room - used)
        with torch.inference_mode():
            out = self.model.generate(
                input_ids=tokens,
                attention_mask=torch.ones_like(tokens),
                max_new_tokens=most,
                suppress_tokens=self._never(request.spoken),
                stopping_criteria=at_each_token(tell, Pace(most, "tokens at most").at),
            )
        return Said(out[0, used:].tolist(), notes)

    def _prompt(self, request: Request, tell: Tell) -> tuple[str, tuple[str, ...]]:
        """What was said in the model's own words, up to where the answer begins."""
        if isinstance(request.said, str):
            return TEXT + request.said + (SPEECH if request.spoken else ""), ()
        sound = read_sound(request.said, RATE)
        units = "".join(f"[Hu{unit}]" for unit in self.ear.units(sound, tell))
        return SPEECH + units + ("" if request.spoken else TEXT), sound.notes

    def _never(self, spoken: bool) -> list[int]:
        """The tokens that an answer in speech, or in text, never has."""
        size, known = self.model.config.vocab_size, len(self.tokenizer)
        if spoken and self.voice is not None:
            speaks = {n for n, unit in self.units.items() if unit < len(self.voice.words)}
            return [token for token in range(size) if token not in speaks]
        return sorted({*self.units, *self.tones, *self.signs, *range(known, size)})
