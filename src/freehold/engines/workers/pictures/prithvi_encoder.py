"""The encoder of Prithvi-EO: patches over time, and what the library's layers make of them.

Weights keep their published names. Places of patches as in the published code: half sines and half
cosines, of columns, rows and times; between the places it was trained on by bicubic interpolation.
"""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv3d, interpolate, layer_norm
from transformers import ViTMAEConfig
from transformers.models.vit_mae.modeling_vit_mae import ViTMAELayer

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.order import Order
from freehold.engines.workers.pictures.prithvi_told import Told, dates, place
from freehold.tasks.base import Progress

Grid = tuple[int, int, int]
"""Patches along times, rows and columns."""
SLOWEST = 10_000.0
MOST_PATCHES = 2**15
NAMES = {
    "norm1": "layernorm_before", "norm2": "layernorm_after", "attn.proj": "attention.o_proj",
    "mlp.fc1": "mlp.fc1", "mlp.fc2": "mlp.fc2",
}  # fmt: skip
"""Names of weights of a layer, as published and as the library has them."""


class Encoder:
    """The layers, and when and where the pictures of this run were taken."""

    def __init__(self, order: Order, told: Told, weights: dict[str, Tensor], kind: Any) -> None:
        self.told, self.weights, self.device, self.kind = told, weights, order.device, kind
        self.dates, self.place = dates(order.options, told), place(order.options, told)
        self.layers = [self._layer(number) for number in range(told.depth)]

    def states(
        self, values: Tensor, done: int, of: int
    ) -> Generator[Progress, None, tuple[list[Tensor], Grid]]:
        """What each layer gives, the last one brought to a norm, and how many patches there are.

        The first row of each is for the whole, then one for each patch. Layers before are `done`.
        """
        deep, *size = self.told.patch
        if values.shape[1] % deep or any(
            a < b for a, b in zip(values.shape[2:], size, strict=True)
        ):
            raise UsageError(
                f"{values.shape[1]} times of {values.shape[3]} x {values.shape[2]} pixels are no"
                f" patches of {deep} x {size[1]} x {size[0]}"
            )
        values = values[None].to(self.device, self.kind)
        weight, bias = self.of("patch_embed.proj.weight"), self.of("patch_embed.proj.bias")
        patches = conv3d(values, weight, bias, stride=self.told.patch)[0]
        grid = (patches.shape[1], patches.shape[2], patches.shape[3])
        if grid[0] * grid[1] * grid[2] > MOST_PATCHES:
            raise UsageError(f"the picture has {grid} patches; {MOST_PATCHES:,} are taken at once")
        tokens = patches.flatten(1).T + self._where(grid)
        tokens = torch.cat([self.of("cls_token")[0], tokens])[None]
        found: list[Tensor] = []
        for layer in self.layers:
            yield Progress(done + len(found), of, "layers")
            tokens = layer(tokens)
            found.append(tokens[0])
        weight, bias = self.of("norm.weight"), self.of("norm.bias")
        found[-1] = layer_norm(tokens, weight.shape, weight, bias, self.told.eps)[0]
        return found, grid

    def _where(self, grid: Grid) -> Tensor:
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

    def lacking(self) -> str:
        """What the model could have been told and was not; empty where nothing is missing."""
        said = {"time": self.dates, "location": self.place}
        return " and ".join(name for name in self.told.coords_encoding if not said.get(name))

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


def positions(width: int, grid: Grid) -> Tensor:
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


def read_weights(folder: Path) -> dict[str, Tensor]:
    """All weights of a folder by their published names; of a tuned model without `model.`."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        found = {
            name.removeprefix("model."): value
            for path in sorted(folder.glob("*.safetensors"))
            for name, value in load_file(path).items()
        }
    except (SafetensorError, OSError) as error:
        raise BrokenInput(f"{folder.name}: its weights cannot be read: {error}") from error
    return found


def of_encoder(weights: dict[str, Tensor], device: str, kind: Any) -> dict[str, Tensor]:
    """Those of the encoder, without `encoder.`; places are computed, so theirs are not needed."""
    return {
        name.removeprefix("encoder."): value.to(device, kind)
        for name, value in weights.items()
        if not name.startswith(("decoder", "head", "neck")) and not name.endswith("pos_embed")
    }
