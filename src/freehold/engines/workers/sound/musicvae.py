"""Melodies as numbers with MusicVAE: encoded, invented, blended (flat melody models).

The model is that of Roberts et al. 2018 (arXiv 1803.05428): a bidirectional LSTM tells the middle
of a normal distribution, a stack of LSTMs unrolls a point of that space into signs. Names and
layout of the weights are those of Magenta's checkpoints, as Magenta.js publishes them.
"""

import json
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import torch

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.aside import Pace
from freehold.engines.workers.files import new_file
from freehold.engines.workers.order import Order
from freehold.engines.workers.sound.arrays import kept_array
from freehold.engines.workers.sound.cells import tf_lstm
from freehold.engines.workers.sound.loading import on_processor, seeded
from freehold.engines.workers.sound.melody import notes_of, signs
from freehold.engines.workers.sound.midi import midi, read_midi
from freehold.engines.workers.sound.tensors import named_weights, taken
from freehold.tasks.base import File, Work
from freehold.tasks.music_latents import Request, Result

ENCODER = "encoder/cell_0/bidirectional_rnn/{}/multi_rnn_cell/cell_0/lstm_cell/"
DECODER = "decoder/multi_rnn_cell/cell_{}/lstm_cell/"
FORGET = 1.0
USUAL = 0.5
"""How freely it draws when nothing is said."""


def load(order: Order) -> Callable[[Request], Generator[Any, None, None]]:
    """The model and how it answers."""
    on_processor(order)
    model = MusicVae(Path(order.model))

    def answer(request: Request) -> Generator[Any, None, None]:
        began, seed, notes = time.monotonic(), seeded(request.seed), []
        with torch.inference_mode():
            points = []
            for file in request.notes:
                melody, lost = signs(read_midi(file.path), model.steps, model.low, model.high)
                if lost:
                    notes.append(f"only one voice of {model.steps} sixteenths of "
                                 f"{file.path.name} was taken")  # fmt: skip
                points.append(model.encoded(melody))
            latents = _points(points, request, model.size)
            pieces, pace = [], Pace(model.steps, "steps")
            warmth = USUAL if request.temperature is None else request.temperature
            for step, done in model.unrolled(latents, warmth):
                pieces = done
                yield pace.at(step)
        yield Result(
            pieces=tuple(_written(piece, model.low) for piece in pieces),
            latents=kept_array(latents.numpy()),
            seed=seed,
            work=Work(time.monotonic() - began, len(pieces), "pieces"),
            notes=tuple(notes),
        )

    return answer


class MusicVae:
    """A flat melody model: `size` numbers stand for `steps` sixteenths."""

    def __init__(self, folder: Path) -> None:
        try:
            told = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            converter = told["dataConverter"]
            said = converter["args"]
            self.steps = int(said["numSteps"])
            self.low, self.high = int(said["minPitch"]), int(said["maxPitch"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BrokenInput(f"config.json does not describe a MusicVAE: {error!r}") from error
        flat = not said.get("numSegments") and not told.get("chordEncoder")
        if converter.get("type") != "MelodyConverter" or not flat:
            raise UsageError("only flat melody models of MusicVAE are known here")
        weights = named_weights(folder)
        self.forth, self.back = (
            tf_lstm(taken(weights, ENCODER.format(way) + "kernel", None, None),
                    taken(weights, ENCODER.format(way) + "bias", None), FORGET)
            for way in ("fw", "bw")
        )  # fmt: skip
        self.depth = self.high - self.low + 3
        self.mu = _layer(weights, "encoder/mu")
        self.begin = _layer(weights, "decoder/z_to_initial_state")
        self.out = _layer(weights, "decoder/output_projection")
        self.size = self.mu[1].shape[0]
        self.layers: list[Any] = []
        while (name := DECODER.format(len(self.layers))) + "kernel" in weights:
            kernel, bias = (taken(weights, name + "kernel", None, None),
                            taken(weights, name + "bias", None))  # fmt: skip
            self.layers.append(tf_lstm(kernel, bias, FORGET))
        if not self.layers or self.out[1].shape[0] != self.depth:
            raise BrokenInput("the weights do not belong to the pitches of config.json")

    def encoded(self, melody: list[int]) -> Any:
        """The middle of where a melody lies: `size` numbers."""
        given = torch.nn.functional.one_hot(torch.tensor([melody]), self.depth).float()
        ends = [lstm(x)[1][0][0] for lstm, x in ((self.forth, given), (self.back, given.flip(1)))]
        return (torch.cat(ends, 1) @ self.mu[0] + self.mu[1])[0]

    def unrolled(self, points: Any, warmth: float) -> Generator[tuple[int, list[list[int]]]]:
        """The melodies of some points, sign by sign; with a warmth of 0 the likeliest ones."""
        parts = (points @ self.begin[0] + self.begin[1]).tanh().chunk(2 * len(self.layers), 1)
        states = [
            (parts[2 * n + 1][None].contiguous(), parts[2 * n][None].contiguous())
            for n in range(len(self.layers))
        ]
        before = torch.zeros(len(points), self.depth)
        melodies: list[list[int]] = [[] for _ in points]
        for step in range(self.steps):
            flow = torch.cat([before, points], 1)[:, None]
            for n, lstm in enumerate(self.layers):
                flow, states[n] = lstm(flow, states[n])
            logits = flow[:, 0] @ self.out[0] + self.out[1]
            chosen = logits.argmax(1)
            if warmth > 0:
                chosen = torch.multinomial((logits / warmth).softmax(1), 1)[:, 0]
            before = torch.nn.functional.one_hot(chosen, self.depth).float()
            for melody, sign in zip(melodies, chosen.tolist(), strict=True):
                melody.append(sign)
            yield step + 1, melodies


def _layer(weights: dict[str, Any], name: str) -> tuple[Any, Any]:
    return taken(weights, f"{name}/kernel", None, None), taken(weights, f"{name}/bias", None)


def _points(points: list[Any], request: Request, size: int) -> Any:
    """The points to unroll: drawn anew, one encoded, or on the way from one to another."""
    if not points:
        return torch.randn(request.count, size)
    if len(points) == 1:
        return points[0][None].repeat(request.count, 1)
    if request.count < 2:
        raise UsageError("from one melody to another takes at least two pieces (--count)")
    way = torch.linspace(0, 1, request.count)[:, None]
    return points[0] * (1 - way) + points[1] * way


def _written(melody: list[int], low: int) -> File:
    """A melody as a file."""
    file = new_file("notes")
    file.path.write_bytes(midi(notes_of(melody, low)))
    return file
