"""Speech recognition with DeepSpeech: the network of Mozilla's releases 0.6 to 0.9.

Hannun et al. 2014 (arXiv 1412.5567), as Mozilla trained it: 26 coefficients of each 20 ms with
nine frames on both sides, three layers cut off at 20, one LSTM, two layers, CTC. Weights stand
under the names of the training checkpoints in safetensors, letters in `alphabet.txt`.
"""

import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy
import torch

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.aside import Pace
from freehold.engines.workers.order import Order
from freehold.engines.workers.sound.beam import likeliest
from freehold.engines.workers.sound.cells import tf_lstm
from freehold.engines.workers.sound.loading import on_processor, only
from freehold.engines.workers.sound.mfcc import mfcc
from freehold.engines.workers.sound.reading import read_sound
from freehold.engines.workers.sound.tensors import named_weights, taken
from freehold.engines.workers.sound.words import framed_words
from freehold.tasks.automatic_speech_recognition import Piece, Request, Result
from freehold.tasks.base import Work

RATE, WINDOW, STEP, COEFFICIENTS = 16_000, 512, 320, 26
CLIP = 20.0
CELL = "cudnn_lstm/rnn/multi_rnn_cell/cell_0/cudnn_compatible_lstm_cell/"
PART = 500
"""Frames that are computed at once: ten seconds."""


def load(order: Order) -> Callable[[Request], Generator[Any, None, None]]:
    """The model and how it answers; the option `beam` keeps so many texts, 1 the likeliest."""
    on_processor(order)
    width = order.options.get("beam", "1")
    if not width.isdecimal() or not 1 <= int(width) <= 1000:
        raise UsageError(f"beam is a whole number from 1 to 1000, not {width!r}")
    return DeepSpeech(Path(order.model), int(width)).answer


class DeepSpeech:
    """The acoustic model with its letters; there is no language model."""

    def __init__(self, folder: Path, width: int) -> None:
        weights = named_weights(folder)
        self.layers = {
            number: (taken(weights, f"layer_{number}/weights", None, None),
                     taken(weights, f"layer_{number}/bias", None))
            for number in (1, 2, 3, 5, 6)
        }  # fmt: skip
        self.lstm = tf_lstm(
            taken(weights, CELL + "kernel", None, None), taken(weights, CELL + "bias", None), 0.0
        )
        self.letters, self.width = _alphabet(folder / "alphabet.txt"), width
        self.around, odd = divmod(len(self.layers[1][0]) // COEFFICIENTS - 1, 2)
        if odd or len(self.layers[6][1]) != len(self.letters) + 1:
            raise BrokenInput("the weights do not belong to the letters of alphabet.txt")

    def answer(self, request: Request) -> Generator[Any, None, None]:
        """Ten seconds after ten seconds, then all of it."""
        only(request, "DeepSpeech", "audio", "timestamps")
        if request.timestamps and self.width > 1:
            raise UsageError("times come with the likeliest letters only (without beam)")
        began, sound = time.monotonic(), read_sound(request.audio, RATE)
        logs, told, blank = [], 0, len(self.letters)
        pace = Pace(int(sound.seconds), "seconds of audio")
        for found, done in self._logs(sound.samples):
            logs.append(found)
            if self.width == 1:
                text = self._text(_merged(numpy.concatenate(logs).argmax(1).tolist(), blank))
                yield Piece(text[told:])
                told = len(text)
            yield pace.at(int(done * STEP / RATE))
        known = numpy.concatenate(logs) if logs else numpy.zeros((0, blank + 1))
        best = known.argmax(1).tolist()
        if self.width > 1:
            signs = likeliest(known.tolist(), blank, self.width)
        else:
            signs = _merged(best, blank)
        spoken = framed_words(
            best, blank, lambda n: self.letters[n] if n < blank else "", " ", STEP / RATE
        )
        yield Result(
            text=self._text(signs).strip(),
            seconds=sound.seconds,
            words=spoken if request.timestamps == "word" else (),
            work=Work(time.monotonic() - began, sound.seconds, "seconds of audio"),
            notes=(*sound.notes, "written without a language model"),
        )

    def _logs(self, samples: Any) -> Generator[tuple[Any, int], None, None]:
        """Logarithms of probabilities (frame x letter), and how many frames are done."""
        coefficients = mfcc(samples, RATE, WINDOW, STEP, COEFFICIENTS, RATE / 2)
        padded = numpy.pad(coefficients, ((self.around, self.around), (0, 0)))
        state = None
        for first in range(0, len(coefficients), PART):
            last = min(first + PART, len(coefficients))
            windows = [
                padded[at : at + 2 * self.around + 1].reshape(-1) for at in range(first, last)
            ]
            with torch.inference_mode():
                flow = torch.from_numpy(numpy.stack(windows))
                for number in (1, 2, 3):
                    flow = self._dense(flow, number)
                out, state = self.lstm(flow[None], state)
                flow = self._dense(out[0], 5)
                matrix, bias = self.layers[6]
                yield (flow @ matrix + bias).log_softmax(1).numpy(), last

    def _dense(self, flow: Any, number: int) -> Any:
        matrix, bias = self.layers[number]
        return (flow @ matrix + bias).clamp(0, CLIP)

    def _text(self, signs: list[int]) -> str:
        return "".join(self.letters[sign] for sign in signs)


def _alphabet(path: Path) -> list[str]:
    """The letters, one in a line; what begins with # is a remark, and \\# is that sign."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BrokenInput(f"alphabet.txt cannot be read: {error}") from error
    kept = [line.removesuffix("\r") for line in lines if not line.startswith("#")]
    return ["#" if line == "\\#" else line for line in kept if line]


def _merged(frames: list[int], blank: int) -> list[int]:
    """Signs without repetitions and silence."""
    pairs = zip([blank, *frames], frames, strict=False)
    return [sign for before, sign in pairs if sign not in (before, blank)]
