"""Prithvi-EO (IBM and NASA): satellite pictures over time as vectors, on the library's own layers.

The folder holds the published config.json and the published weights after `freehold convert`,
under their own names; of these the encoder is read. Version 1 names it without `encoder.`.
Pictures are reflectance times 10,000 in the bands of the configuration, -9999 where nothing is
known. A vector is the mean over all patches. Szwarcman et al., Prithvi-EO-2.0, 2024.
"""

import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from freehold.core.errors import UsageError
from freehold.engines.workers.language.shaping import dense, result
from freehold.engines.workers.order import Order
from freehold.engines.workers.pictures.prithvi_encoder import Encoder, of_encoder, read_weights
from freehold.engines.workers.pictures.prithvi_told import read_told
from freehold.engines.workers.pictures.stacks import opened_stack
from freehold.engines.workers.torchwork import TYPES, prepared, wanted_type
from freehold.tasks.base import Progress, Work
from freehold.tasks.feature_extraction import Request, Result

Answer = Generator[Progress | Result, None, None]
UNKNOWN, INSTEAD = -9999, 0.0001
"""What stands in a picture where nothing was seen, and what the model takes for it."""
BRIGHT = 2.0
"""Reflectance is at most about 1, so larger numbers were multiplied."""


def load(order: Order) -> Callable[[Request], Answer]:
    """Read the weights of the encoder."""
    return Prithvi(order).answer


class Prithvi:
    """The encoder, whose patches are averaged."""

    def __init__(self, order: Order) -> None:
        prepared(order)
        folder = Path(order.model)
        self.told = read_told(folder)
        self.pooling = order.options.get("pooling", "mean")
        if self.pooling not in ("mean", "cls"):
            raise UsageError(f"pooling by {self.pooling!r}: Prithvi knows mean and cls")
        kind = getattr(torch, TYPES[wanted_type(order, folder)])
        weights = of_encoder(read_weights(folder), order.device, kind)
        self.encoder = Encoder(order, self.told, weights, kind)

    def answer(self, request: Request) -> Answer:
        """One vector for each picture, or one for each of its patches."""
        _possible(request)
        started, found, notes, seen = time.monotonic(), [], dict[str, None](), 0
        layers = len(self.encoder.layers)
        for number, item in enumerate(request.items):
            if isinstance(item, str):
                raise UsageError("Prithvi takes pictures of many bands, not texts")
            stack = opened_stack(item, self.told.in_chans)
            notes |= dict.fromkeys(self._remarks(stack))
            values, of = self._values(stack), layers * len(request.items)
            with torch.inference_mode():
                states, _ = yield from self.encoder.states(values, layers * number, of)
                seen += len(states[-1]) - 1
                found.append(self._made(states[-1].float().cpu(), request))
        work = Work(time.monotonic() - started, seen, "patches")
        yield result(request, found, seen, work, (), tuple(notes))

    def _made(self, tokens: Tensor, request: Request) -> Any:
        if request.form == "multi-vector":
            return tokens.shape[-1], b"".join(dense(request, tokens[1:], False))
        vector = tokens[1:].mean(0) if self.pooling == "mean" else tokens[0]
        return dense(request, vector[None], False)[0]

    def _values(self, stack: Any) -> Tensor:
        """Numbers as the model was trained on, bands x times x height x width."""
        values = torch.from_numpy(stack)
        mean, deviation = (
            torch.tensor(numbers).view(-1, 1, 1, 1) for numbers in (self.told.mean, self.told.std)
        )
        return torch.where(values == UNKNOWN, INSTEAD, (values - mean) / deviation)

    def _remarks(self, stack: Any) -> Generator[str, None, None]:
        """What must be said about a picture."""
        high, wide = (
            side % patch for side, patch in zip(stack.shape[2:], self.told.patch[1:], strict=True)
        )
        if high or wide:
            yield f"the last {high} rows and {wide} columns are no whole patch and were left out"
        if stack.max() <= BRIGHT:
            yield "its numbers look like reflectance; the model knows reflectance times 10,000"
        if missing := float((stack == UNKNOWN).mean()):
            yield f"{missing:.1%} of it is unknown ({UNKNOWN})"
        if stack.shape[1] != self.told.num_frames:
            yield f"{stack.shape[1]} times; the model was trained on {self.told.num_frames}"
        if lacking := self.encoder.lacking():
            yield f"computed without {lacking}, which options (dates, place) can say"


def _possible(request: Request) -> None:
    if request.form == "sparse" or request.dimensions is not None or request.role is not None:
        raise UsageError("Prithvi gives dense vectors of one size, without roles")
