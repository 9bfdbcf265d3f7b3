"""Vectors of sounds: the frames of wav2vec 2.0 and its kin, and CLAP's of sounds and words."""

import time
from collections.abc import Callable, Generator
from typing import Any

import torch
import transformers
from transformers import AutoFeatureExtractor, AutoTokenizer

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.aside import Pace
from freehold.engines.workers.order import Order
from freehold.engines.workers.sound.loading import architecture, moved, only, telling, weights
from freehold.engines.workers.sound.reading import read_sound
from freehold.tasks.base import File, Work
from freehold.tasks.feature_extraction import Request, Result

LONGEST = 120.0
"""Seconds of one sound: what these models need grows with the square of it."""
Answer = Callable[[Request], Generator[Any, None, None]]
LOADED_AS = {"Wav2Vec2ForPreTraining": "Wav2Vec2Model"}


def load(order: Order) -> Answer:
    """The model and how it answers."""
    embedder = Embedder(order)
    found: Answer = telling(embedder.answer)
    return found


class Embedder:
    """A model that makes vectors of sounds; CLAP makes them of texts, too."""

    def __init__(self, order: Order) -> None:
        name = architecture(order)
        name = LOADED_AS.get(name, name)
        self.model = weights(getattr(transformers, name), order)
        self.extractor = AutoFeatureExtractor.from_pretrained(order.model, local_files_only=True)
        self.clap = name == "ClapModel"
        self.longest = float(self.extractor.max_length_s) if self.clap else LONGEST
        self.tokenizer = (
            AutoTokenizer.from_pretrained(order.model, local_files_only=True) if self.clap else None
        )

    def answer(self, request: Request) -> Generator[Any, None, None]:
        """A vector for each item, or one for each of its frames."""
        forms = ("items", "form", "normalize", "truncate")
        only(request, "this model", *forms)
        if request.form == "sparse" or (self.clap and request.form != "dense"):
            raise UsageError(f"the model makes no {request.form} vectors")
        began, pace = time.monotonic(), Pace(len(request.items), "items")
        made, cut = [], []
        notes: dict[str, None] = {}
        for at, item in enumerate(request.items):
            with torch.inference_mode():
                vectors, was_cut, said = self._one(item, request)
            made.append(vectors)
            cut += [at] if was_cut else []
            notes |= dict.fromkeys(said)
            yield pace.at(at + 1)
        packed = tuple(vectors.astype("<f4").tobytes() for vectors in made)
        several = request.form == "multi-vector"
        yield Result(
            form=request.form,
            size=made[0].shape[-1],
            dense=() if several else packed,
            several=packed if several else (),
            work=Work(time.monotonic() - began, len(made), "items"),
            cut=tuple(cut),
            notes=tuple(notes),
        )

    def _one(self, item: str | File, request: Request) -> tuple[Any, bool, tuple[str, ...]]:
        """The vector or vectors of one item, whether it was cut, and notes."""
        if isinstance(item, str):
            return self._ready(self._of_text(item), request.normalize), False, ()
        if item.kind != "audio":
            raise UsageError(f"the model hears sounds, and this is {item.kind}")
        sound = read_sound(item, self.extractor.sampling_rate)
        samples, most = sound.samples, int(self.longest * sound.rate)
        long = len(samples) > most
        if long and not request.truncate:
            raise UsageError(
                f"a sound has {sound.seconds:.1f} seconds and the model takes {self.longest:g}",
                hint="only its beginning can be taken (truncate)",
            )
        vectors, notes = self._of_sound(samples[:most]), sound.notes
        if not self.clap and request.form == "dense":
            vectors = vectors.mean(0, keepdim=True)
            notes += ("each vector is the mean of all frames",)
        return self._ready(vectors, request.normalize), long, notes

    def _of_text(self, text: str) -> Any:
        """CLAP's vector of a text."""
        if self.tokenizer is None:
            raise UsageError("the model hears sounds and reads no texts")
        made = self.tokenizer(text, return_tensors="pt").to(self.model.device)
        most = self.model.config.text_config.max_position_embeddings
        if made["input_ids"].shape[-1] > most - 2:
            raise UsageError(f"a text is longer than the {most - 2} tokens that the model takes")
        return _pooled(self.model.get_text_features(**made))

    def _of_sound(self, samples: Any) -> Any:
        """The vectors of a sound: one of CLAP, one for each frame of the others."""
        found = self.extractor(
            samples, sampling_rate=self.extractor.sampling_rate, return_tensors="pt"
        )
        made = moved(found, self.model)
        if self.clap:
            return _pooled(self.model.get_audio_features(**made))
        return self.model(**made).last_hidden_state[0]

    def _ready(self, vectors: Any, normalize: bool) -> Any:
        """The same as numbers of 32 bits, of length one where that was asked for."""
        if not vectors.isfinite().all():
            raise BrokenInput("the model makes what is not a number")
        vectors = vectors.float()
        if normalize:
            vectors = torch.nn.functional.normalize(vectors, dim=-1)
        return vectors.cpu().numpy()


def _pooled(made: Any) -> Any:
    """The vector itself: some versions of the library put it into a record."""
    return getattr(made, "pooler_output", made)
