"""Audio codecs: EnCodec, DAC and Mimi turn sound into whole numbers and back."""

import time
from collections.abc import Callable, Generator
from math import log2
from typing import Any

import numpy
import torch
import transformers

from freehold.core.errors import BrokenInput, EnvironmentProblem, UsageError
from freehold.engines.workers.order import Order
from freehold.engines.workers.sound.arrays import kept_array, read_array
from freehold.engines.workers.sound.loading import architecture, telling, weights
from freehold.engines.workers.sound.reading import read_sound
from freehold.engines.workers.sound.writing import written
from freehold.tasks.audio_codec import Request, Result
from freehold.tasks.base import Work

LONGEST = 600.0
"""Seconds that are encoded at once."""
Answer = Callable[[Request], Generator[Any, None, None]]
KINDS = ("DacModel", "EncodecModel", "MimiModel")


def load(order: Order) -> Answer:
    """The codec and how it answers."""
    name = architecture(order)
    if name not in KINDS:
        raise UsageError(f"{name} is not a codec that is known here: {', '.join(KINDS)} are")
    codec = Codec(name, weights(getattr(transformers, name), order))
    found: Answer = telling(codec.answer)
    return found


class Codec:
    """A codec; `size` numbers are in each codebook, `frames` of each codebook make a second."""

    def __init__(self, name: str, model: Any) -> None:
        config = model.config
        if getattr(config, "normalize", False):
            raise EnvironmentProblem(
                "this codec keeps the loudness of each part beside its codes, which is not done yet"
            )
        self.name, self.model = name, model
        self.rate = int(config.sampling_rate)
        self.size = int(config.codebook_size)
        self.hop = int(getattr(config, "hop_length", None) or self.rate // config.frame_rate)
        self.frames = self.rate / self.hop
        self.most = int(getattr(config, "num_quantizers", None) or config.n_codebooks)

    def answer(self, request: Request) -> Generator[Any, None, None]:
        """Sound becomes codes, codes become sound."""
        began = time.monotonic()
        with torch.inference_mode():
            one = self._decoded if request.file.kind == "array" else self._encoded
            made = one(request)
        yield Result(
            **made,
            rate=self.rate,
            work=Work(time.monotonic() - began, made["seconds"], "seconds of audio"),
        )

    def _encoded(self, request: Request) -> dict[str, Any]:
        """Codes of a recording: codebook x time, 32-bit whole numbers."""
        books, notes = self._books(request.bandwidth)
        sound = read_sound(request.file, self.rate, LONGEST)
        samples = sound.samples
        if self.name == "DacModel":
            samples = numpy.pad(samples, (0, -len(samples) % self.hop))
        wave = torch.from_numpy(samples)[None, None].to(self.model.device, self.model.dtype)
        wave = wave.repeat(1, getattr(self.model.config, "audio_channels", 1), 1)
        if self.name == "EncodecModel":
            codes = self.model.encode(wave, bandwidth=self._bandwidth(books)).audio_codes[0, 0]
        elif self.name == "DacModel":
            codes = self.model.encode(wave, n_quantizers=books).audio_codes[0]
        else:
            codes = self.model.encode(wave, num_quantizers=books).audio_codes[0]
        return {
            "file": kept_array(codes.cpu().numpy().astype("<i4")),
            "codebooks": codes.shape[0],
            "frames": codes.shape[1],
            "seconds": sound.seconds,
            "notes": sound.notes + notes,
        }

    def _decoded(self, request: Request) -> dict[str, Any]:
        """Sound from codes."""
        if request.bandwidth is not None:
            raise UsageError("the codes say their bandwidth themselves: it cannot be chosen")
        codes = read_array(request.file, "the file of codes")
        if codes.ndim != 2 or codes.dtype.kind not in "iu":
            told = f"{codes.dtype} of shape {codes.shape}"
            raise BrokenInput(f"codes are whole numbers, codebook x time, and this is {told}")
        if len(codes) > self.most or codes.min() < 0 or codes.max() >= self.size:
            raise BrokenInput(
                f"the codec has {self.most} codebooks of {self.size} numbers, and the file "
                f"{len(codes)} with numbers from {codes.min()} to {codes.max()}"
            )
        if codes.shape[1] > LONGEST * self.frames:
            raise UsageError(f"the codes are of more than {LONGEST / 60:.0f} minutes")
        given = torch.from_numpy(codes.astype("int64"))[None].to(self.model.device)
        if self.name == "EncodecModel":
            wave = self.model.decode(given[None], [None]).audio_values
        else:
            wave = self.model.decode(audio_codes=given).audio_values
        samples = wave[0].float().cpu().numpy()
        samples = samples.mean(axis=0) if samples.ndim > 1 else samples
        file, notes = written(samples, self.rate)
        return {
            "file": file,
            "codebooks": codes.shape[0],
            "frames": codes.shape[1],
            "seconds": len(samples) / self.rate,
            "notes": notes,
        }

    def _bandwidth(self, books: int) -> float:
        """What so many codebooks take, in kbit/s."""
        return books * self.frames * log2(self.size) / 1000

    def _books(self, bandwidth: float | None) -> tuple[int, tuple[str, ...]]:
        """How many codebooks fit into a bandwidth, and a note when that is less than was asked."""
        offered = getattr(self.model.config, "target_bandwidths", None)
        if bandwidth is None:
            return (self._fitting(min(offered)) if offered else self.most), ()
        if offered and bandwidth not in offered:
            known = ", ".join(f"{value:g}" for value in offered)
            raise UsageError(f"the codec was made for {known} kbit/s, not for {bandwidth:g}")
        books = self._fitting(bandwidth)
        if not books:
            least = self._bandwidth(1)
            raise UsageError(f"one codebook already takes {least:.2f} kbit/s")
        books, taken = min(books, self.most), self._bandwidth(min(books, self.most))
        note = f"{books} codebooks take {taken:.2f} kbit/s"
        return books, (note,) * (abs(taken - bandwidth) > 0.005)

    def _fitting(self, bandwidth: float) -> int:
        return int(bandwidth * 1000 / (self.frames * log2(self.size)) + 1e-6)
