"""Prithvi-EO tuned with TerraTorch: where floods, burn scars or crops are in a satellite picture.

The folder holds the published config.json and the published checkpoint after
`freehold convert --under state_dict`. Four layers of the encoder become pictures of four sizes,
which UperNet (the library's) or a U-Net brings together. A picture is filled by reflection up to
two whole patches, as TerraTorch does it.
"""

import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import torch
from msgspec import Struct
from torch import Tensor
from torch.nn import functional
from transformers import UperNetConfig
from transformers.models.upernet.modeling_upernet import UperNetHead

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.order import Order
from freehold.engines.workers.pictures.masks import by_label, label_map, takes
from freehold.engines.workers.pictures.prithvi_encoder import (
    Encoder,
    Grid,
    of_encoder,
    read_weights,
)
from freehold.engines.workers.pictures.prithvi_tuned import read_tuned
from freehold.engines.workers.pictures.stacks import opened_stack
from freehold.engines.workers.torchwork import TYPES, finite, prepared, wanted_type
from freehold.tasks.base import Work
from freehold.tasks.image_segmentation import Request, Result

Answer = Generator[Any, None, None]
UNKNOWN = -9999
POOLS = (1, 2, 3, 6)
LAST = "head.head.2."


def load(order: Order) -> Callable[[Request], Answer]:
    """Read the weights of the encoder and of what divides."""
    return Divider(order).answer


class Divider:
    """An encoder, and what makes of its layers a label for each pixel."""

    def __init__(self, order: Order) -> None:
        prepared(order)
        folder = Path(order.model)
        weights = read_weights(folder)
        self.tuned = read_tuned(folder, weights)
        self.kind = getattr(torch, TYPES[wanted_type(order, folder)])
        inner = of_encoder(weights, order.device, self.kind)
        self.encoder = Encoder(order, self.tuned.told, inner, self.kind)
        outer = {
            name: value.to(order.device, self.kind) if value.is_floating_point() else value
            for name, value in weights.items()
            if name.startswith(("decoder.", "head.", "neck."))
        }
        self.pyramid = Pyramid(outer)
        self.divide = divider(outer)

    def answer(self, request: Request) -> Answer:
        """The label map, and a mask for each label in it."""
        takes(request, "Prithvi")
        started, told = time.monotonic(), self.tuned.told
        stack = together([opened_stack(file, told.in_chans) for file in request.images])
        if stack.shape[1] != told.num_frames:
            raise UsageError(f"it takes {told.num_frames} times, and this has {stack.shape[1]}")
        values = self._values(stack)
        with torch.inference_mode():
            states, grid = yield from self.encoder.states(values, 0, told.depth)
            maps = [as_picture(states[number], grid) for number in self.tuned.looked_at]
            found = self.divide(self.pyramid(maps))
            found = functional.interpolate(found.float(), values.shape[2:], mode="bilinear")
        finite(found, "what the model computes")
        numbers = found[0, :, : stack.shape[2], : stack.shape[3]].argmax(0).cpu().numpy()
        labels = {n: self.tuned.labels.get(n, f"class {n}") for n in range(found.shape[1])}
        there = {int(n): labels[int(n)] for n in set(numbers.flatten().tolist())}
        yield Result(
            masks=tuple(by_label(numbers, labels)),
            map=label_map(numbers),
            labels=there,
            work=Work(time.monotonic() - started, 1, "images"),
            notes=tuple(self._remarks(stack)),
        )

    def _values(self, stack: Any) -> Tensor:
        """Numbers as the model was tuned on, filled up to two whole patches."""
        told, tuned = self.tuned.told, self.tuned
        values = torch.from_numpy(stack)
        values = torch.where(values == UNKNOWN, tuned.instead, values) * tuned.scale
        mean, deviation = (torch.tensor(n).view(-1, 1, 1, 1) for n in (told.mean, told.std))
        high, wide = (
            -side % (2 * patch) for side, patch in zip(stack.shape[2:], told.patch[1:], strict=True)
        )
        if high >= stack.shape[2] or wide >= stack.shape[3]:
            raise UsageError(f"{stack.shape[3]} x {stack.shape[2]} pixels are too few")
        return functional.pad((values - mean) / deviation, (0, wide, 0, high), mode="reflect")

    def _remarks(self, stack: Any) -> Generator[str, None, None]:
        if missing := float((stack == UNKNOWN).mean()):
            yield f"{missing:.1%} of it is unknown ({UNKNOWN})"
        if abs(stack).max() * self.tuned.scale > 10 * max(self.tuned.told.mean):
            yield "its numbers are far from those that the model was tuned on"
        if lacking := self.encoder.lacking():
            yield f"computed without {lacking}, which options (dates, place) can say"


def together(stacks: list[Any]) -> Any:
    """Pictures of one place as the times of one; UsageError when they differ in size."""
    import numpy

    if len({stack.shape[2:] for stack in stacks}) != 1:
        raise UsageError("the pictures of one place must have the same height and width")
    return numpy.concatenate(stacks, 1)


def as_picture(tokens: Tensor, grid: Grid) -> Tensor:
    """Patches as a picture whose channels are those of all times: 1 x channels x rows x columns."""
    values = tokens[1:].unflatten(0, grid)
    return values.permute(0, 3, 1, 2).flatten(0, 1)[None]


class Held(Struct, frozen=True):
    """Weights below a name."""

    weights: dict[str, Tensor]
    at: str

    def of(self, name: str) -> Tensor:
        """One of them; BrokenInput when it is missing."""
        found = self.weights.get(f"{self.at}{name}")
        if found is None:
            raise BrokenInput(f"no weights of a tuned Prithvi: {self.at}{name} is missing")
        return found

    def larger(self, x: Tensor, name: str) -> Tensor:
        """Twice as high and wide."""
        return functional.conv_transpose2d(x, self.of(f"{name}.weight"), self.of(f"{name}.bias"), 2)

    def normal(self, x: Tensor, name: str) -> Tensor:
        """Brought to the spread that was seen in training."""
        names = ("running_mean", "running_var", "weight", "bias")
        return functional.batch_norm(x, *(self.of(f"{name}.{kind}") for kind in names))


class Pyramid:
    """Four pictures of one size as four, each half as large as the one before."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        end = "fpn1.0.weight"
        first = next((name for name in weights if name.endswith(f".{end}")), None)
        self.held = Held(weights, first.removesuffix(end)) if first else None

    def __call__(self, maps: list[Tensor]) -> list[Tensor]:
        """The four sizes; where a model has no weights for that, the pictures as they are."""
        if self.held is None:
            return maps
        first = self.held.normal(self.held.larger(maps[0], "fpn1.0"), "fpn1.1")
        first = self.held.larger(functional.gelu(first), "fpn1.3")
        last = functional.max_pool2d(maps[3], 2)
        return [first, self.held.larger(maps[1], "fpn2.0"), maps[2], last]


def divider(weights: dict[str, Tensor]) -> Callable[[list[Tensor]], Tensor]:
    """What brings the pictures together, by the names of its weights."""
    if "decoder.bottleneck.conv.weight" in weights:
        head: Callable[[list[Tensor]], Tensor] = upernet(weights)
        return head
    if "decoder.decoder.blocks.0.conv1.0.weight" in weights:
        return UNet(weights)
    raise UsageError("of TerraTorch's decoders UperNet and the U-Net are known here")


def upernet(weights: dict[str, Tensor]) -> Any:
    """The library's UperNet with TerraTorch's weights, whose corners are aligned."""
    held = Held(weights, "")
    lower = [held.of(f"decoder.lateral_convs.{n}.conv.weight").shape[1] for n in range(3)]
    channels, top = held.of("decoder.psp_modules.0.1.conv.weight").shape[:2]
    classes = held.of(f"{LAST}weight").shape[0]
    config = UperNetConfig(pool_scales=list(POOLS), hidden_size=channels, num_labels=classes)
    with torch.device("meta"):
        head = UperNetHead(config, [*lower, top])
    head.align_corners = head.psp_modules.align_corners = True
    found = {
        name.removeprefix("decoder.").replace(".norm.", ".batch_norm."): value
        for name, value in weights.items()
        if name.startswith("decoder.") and ".fpn1." not in name and ".fpn2." not in name
    }
    found |= {f"classifier.{kind}": held.of(f"{LAST}{kind}") for kind in ("weight", "bias")}
    try:
        head.load_state_dict(found, assign=True)
    except RuntimeError as error:
        raise BrokenInput(f"the weights of UperNet do not fit: {error}"[:300]) from error
    return head.eval()


class UNet:
    """Twice as large step by step, joined by the picture of that size (Ronneberger et al., 2015).

    TerraTorch's, from segmentation_models_pytorch: it begins with the smallest of the pictures, and
    the last step joins nothing.
    """

    def __init__(self, weights: dict[str, Tensor]) -> None:
        self.held, self.last = Held(weights, "decoder.decoder.blocks."), Held(weights, LAST)

    def __call__(self, maps: list[Tensor]) -> Tensor:
        """A number for each label and pixel."""
        x, *others = reversed(maps)
        for step, other in enumerate((*others, None)):
            x = functional.interpolate(x, scale_factor=2, mode="nearest")
            x = x if other is None else torch.cat([x, other], 1)
            for part in ("conv1", "conv2"):
                x = functional.conv2d(x, self.held.of(f"{step}.{part}.0.weight"), padding=1)
                x = self.held.normal(x, f"{step}.{part}.1").relu()
        return functional.conv2d(x, self.last.of("weight"), self.last.of("bias"))
