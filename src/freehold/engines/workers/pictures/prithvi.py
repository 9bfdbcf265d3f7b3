"""Prithvi-EO (IBM and NASA): satellite pictures over time as vectors, on the library's own layers.

The folder holds the published config.json and the published weights after `freehold convert`,
under their own names; of these the encoder is read. Version 1 names it without `encoder.`.
Pictures are reflectance times 10,000 in the bands of the configuration, -9999 where nothing is
known. A vector is the mean over all patches. Szwarcman et al., Prithvi-EO-2.0, 2024; places of
patches as in its published code: half sines and half cosines, of columns, rows and times.
"""

import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv3d, interpolate, layer_norm
from transformers import ViTMAEConfig
from transformers.models.vit_mae.modeling_vit_mae import ViTMAELayer

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.language.shaping import dense, result
from freehold.engines.workers.order import Order
from freehold.engines.workers.pictures.prithvi_told import dates, place, read_told
from freehold.engines.workers.pictures.stacks import opened_stack
from freehold.engines.workers.torchwork import TYPES, prepared, wanted_type
from freehold.tasks.base import Progress, Work
from freehold.tasks.feature_extraction import Request, Result

Answer = Generator[Progress | Result, None, None]
UNKNOWN, INSTEAD = -9999, 0.0001
"""What stands in a picture where nothing was seen, and what the model takes for it."""
SLOWEST = 10_000.0
BRIGHT = 2.0
"""Reflectance is at most about 1, so larger numbers were multiplied."""
MOST_PATCHES = 2**15
NAMES = {
    "norm1": "layernorm_before", "norm2": "layernorm_after", "attn.proj": "attention.o_proj",
    "mlp.fc1": "mlp.fc1", "mlp.fc2": "mlp.fc2",
}  # fmt: skip
"""Names of weights of a layer, as published and as the library has them."""


def load(order: Order) -> Callable[[Request], Answer]:
    """Read the weights of the encoder."""
    return Prithvi(order).answer


class Prithvi:
    """The encoder."""

    def __init__(self, order: Order) -> None:
        prepared(order)
        folder = Path(order.model)
        self.told = read_told(folder)
        self.kind = getattr(torch, TYPES[wanted_type(order, folder)])
        self.device, self.pooling = order.device, order.options.get("pooling", "mean")
        if self.pooling not in ("mean", "cls"):
            raise UsageError(f"pooling by {self.pooling!r}: Prithvi knows mean and cls")
        self.dates, self.place = dates(order.options, self.told), place(order.options, self.told)
        self.weights = _weights(folder, self.device, self.kind)
        self.layers = [self._layer(number) for number in range(self.told.depth)]

    def answer(self, request: Request) -> Answer:
        """One vector for each picture, or one for each of its patches."""
        _possible(request)
        started, found, notes, seen = time.monotonic(), [], dict[str, None](), 0
        for number, item in enumerate(request.items):
            if isinstance(item, str):
                raise UsageError("Prithvi takes pictures of many bands, not texts")
            stack = opened_stack(item, self.told.in_chans)
            notes |= dict.fromkeys(self._remarks(stack))
            with torch.inference_mode():
                tokens = yield from self._tokens(stack, number, len(request.items))
                seen += len(tokens) - 1
                found.append(self._made(tokens, request))
        work = Work(time.monotonic() - started, seen, "patches")
        yield result(request, found, seen, work, (), tuple(notes))

    def _made(self, tokens: Tensor, request: Request) -> Any:
        patches = tokens[1:].float().cpu()
        if request.form == "multi-vector":
            made = dense(request, patches, False)
            return patches.shape[-1], b"".join(made)
        vector = patches.mean(0) if self.pooling == "mean" else tokens[0].float().cpu()
        return dense(request, vector[None], False)[0]

    def _tokens(self, stack: Any, item: int, items: int) -> Generator[Progress, None, Tensor]:
        """What the last layer gives: for the whole first, then for each patch."""
        deep, *size = self.told.patch
        values = self._values(stack)
        if values.shape[1] % deep or min(values.shape[2:]) < max(size):
            raise UsageError(
                f"{values.shape[1]} times of {values.shape[3]} x {values.shape[2]} pixels are no"
                f" patches of {deep} x {size[1]} x {size[0]}"
            )
        weight, bias = self.of("patch_embed.proj.weight"), self.of("patch_embed.proj.bias")
        patches = conv3d(values[None], weight, bias, stride=self.told.patch)[0]
        grid = (patches.shape[1], patches.shape[2], patches.shape[3])
        if grid[0] * grid[1] * grid[2] > MOST_PATCHES:
            raise UsageError(f"the picture has {grid} patches; {MOST_PATCHES:,} are taken at once")
        tokens = patches.flatten(1).T + self._where(grid)
        tokens = torch.cat([self.of("cls_token")[0], tokens])[None]
        for done, layer in enumerate(self.layers):
            yield Progress(item * len(self.layers) + done, items * len(self.layers), "layers")
            tokens = layer(tokens)
        weight, bias = self.of("norm.weight"), self.of("norm.bias")
        return layer_norm(tokens, weight.shape, weight, bias, self.told.eps)[0]

    def _values(self, stack: Any) -> Tensor:
        """Numbers as the model was trained on, bands x times x height x width."""
        values = torch.from_numpy(stack)
        mean, deviation = (
            torch.tensor(numbers).view(-1, 1, 1, 1) for numbers in (self.told.mean, self.told.std)
        )
        ready = torch.where(values == UNKNOWN, INSTEAD, (values - mean) / deviation)
        return ready.to(self.device, self.kind)

    def _where(self, grid: tuple[int, int, int]) -> Tensor:
        """What tells where each patch is, and when and where on Earth the picture was taken."""
        width, told = self.told.embed_dim, self.told.grid
        found = positions(width, (grid[0], *told[1:]))
        if grid[1:] != told[1:]:
            planes = found.unflatten(0, (grid[0], *told[1:])).permute(0, 3, 1, 2)
            planes = interpolate(planes, grid[1:], mode="bicubic", align_corners=True)
            found = planes.permute(0, 2, 3, 1).flatten(0, 2)
        if self.dates:
            if len(self.dates) != grid[0]:
                raise UsageError(f"{len(self.dates)} dates were said for {grid[0]} times")
            when = (
                pairs(torch.tensor(self.dates), width) * self.of("temporal_embed_enc.scale").cpu()
            )
            found = found + when.repeat_interleave(grid[1] * grid[2], 0)
        if self.place:
            scale = self.of("location_embed_enc.scale").cpu()
            found = found + pairs(torch.tensor([self.place]), width) * scale
        return found.to(self.device, self.kind)

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
        said = {"time": self.dates, "location": self.place}
        if lacking := [name for name in self.told.coords_encoding if not said.get(name)]:
            yield f"computed without {' and '.join(lacking)}, which options (dates, place) can say"

    def of(self, name: str) -> Tensor:
        """A weight of the encoder; BrokenInput when it is missing."""
        found = self.weights.get(name)
        if found is None:
            raise BrokenInput(f"no weights of Prithvi: {name} is missing")
        return found

    def _layer(self, number: int) -> Any:
        """One layer of the library's, with the published weights."""
        told, at = self.told, f"blocks.{number}"
        config = ViTMAEConfig(
            hidden_size=told.embed_dim,
            num_attention_heads=told.num_heads,
            intermediate_size=int(told.embed_dim * told.mlp_ratio),
            layer_norm_eps=told.eps,
            attn_implementation="sdpa",
        )
        with torch.device("meta"):
            layer = ViTMAELayer(config)
        weights = {}
        for kind in ("weight", "bias"):
            for theirs, ours in NAMES.items():
                weights[f"{ours}.{kind}"] = self.of(f"{at}.{theirs}.{kind}")
            three = self.of(f"{at}.attn.qkv.{kind}").chunk(3)
            for name, part in zip("qkv", three, strict=True):
                weights[f"attention.{name}_proj.{kind}"] = part
        try:
            layer.load_state_dict(weights, assign=True)
        except RuntimeError as error:
            raise BrokenInput(f"the weights do not fit: {error}"[:300]) from error
        return layer.eval()


def positions(width: int, grid: tuple[int, int, int]) -> Tensor:
    """Where each patch is: 6 of 16 numbers for the column, 6 for the row, 4 for the time."""
    times, rows, columns = (torch.arange(side, dtype=torch.float64) for side in grid)
    parts = waves(columns, width // 16 * 6), waves(rows, width // 16 * 6), waves(
        times, width // 16 * 4)  # fmt: skip
    column = parts[0].expand(*grid, -1)
    row = parts[1][:, None].expand(*grid, -1)
    when = parts[2][:, None, None].expand(*grid, -1)
    return torch.cat([column, row, when], -1).flatten(0, 2).float()


def pairs(numbers: Tensor, width: int) -> Tensor:
    """Rows of two numbers (year and day, latitude and longitude), each in half of the width."""
    first, second = numbers.float().unbind(1)
    return torch.cat([waves(first, width // 2), waves(second, width - width // 2)], 1)


def waves(numbers: Tensor, width: int) -> Tensor:
    """Sines, then cosines, of each number at `width` / 2 speeds from 1 down to 1 / 10,000."""
    slower = torch.arange(width // 2, dtype=numbers.dtype) / (width / 2)
    angles = numbers[:, None] / SLOWEST**slower
    return torch.cat([angles.sin(), angles.cos()], 1)


def _possible(request: Request) -> None:
    if request.form == "sparse" or request.dimensions is not None or request.role is not None:
        raise UsageError("Prithvi gives dense vectors of one size, without roles")


def _weights(folder: Path, device: str, kind: Any) -> dict[str, Tensor]:
    """The weights of the encoder by their published names, without `encoder.`."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        found = {
            name.removeprefix("encoder."): value.to(device, kind)
            for path in sorted(folder.glob("*.safetensors"))
            for name, value in load_file(path).items()
            if not name.startswith("decoder") and not name.endswith("pos_embed")
        }
    except (SafetensorError, OSError) as error:
        raise BrokenInput(f"{folder.name}: its weights cannot be read: {error}") from error
    return found
