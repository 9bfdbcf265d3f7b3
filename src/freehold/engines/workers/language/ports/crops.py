"""Pictures for Molmo: the whole one, and crops that overlap, with what of them is kept.

A crop sees a margin of its neighbors; after four patches became one, what lies in the margins is
left out again, so that the rest covers the picture once.
"""

from typing import Any

import torch
from msgspec import Struct
from torch import Tensor
from torch.nn.functional import interpolate, pad

POOL = 2
"""Patches in each direction that become one."""
NONE = -1.0
"""The share of picture in a patch where it is not known."""


class Rule(Struct, frozen=True, kw_only=True):
    """How pictures are cropped: pixels of a crop and of a patch, patches of the two margins."""

    side: int
    patch: int
    margins: tuple[int, int]
    most: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    @property
    def window(self) -> int:
        """Patches of a crop without its margins."""
        return self.side // self.patch - sum(self.margins)

    @property
    def pooled(self) -> int:
        """Tokens in each direction that a crop becomes."""
        return (self.side // self.patch + POOL - 1) // POOL


class Crops(Struct, frozen=True, kw_only=True):
    """Crops (crops, 3, side, side), the whole picture first, and shares of picture in patches.

    `grids` holds, for the whole picture and for the crops together, the numbers of the tokens
    that are kept, in rows and columns as they lie in the picture.
    """

    images: Tensor
    shares: Tensor
    grids: tuple[Tensor, Tensor]


def cropped(picture: Any, rule: Rule) -> Crops:
    """A picture of PIL as crops."""
    colors = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
    colors = colors.view(picture.height, picture.width, 3).permute(2, 0, 1).float() / 255
    margin = sum(rule.margins) * rule.patch
    window = rule.window * rule.patch
    rows, columns = tiling(picture.height - margin, picture.width - margin, window, rule.most)
    large, there = fitted(colors, rows * window + margin, columns * window + margin, rule)
    small, _ = fitted(colors, rule.side, rule.side, rule)
    cuts = [
        (slice(r * window, r * window + rule.side), slice(c * window, c * window + rule.side))
        for r in range(rows)
        for c in range(columns)
    ]
    shares = [shared(there[y, x], rule.patch) for y, x in cuts]
    unknown = torch.full_like(shares[0], NONE)
    whole = torch.arange(rule.pooled**2).view(rule.pooled, rule.pooled)
    return Crops(
        images=torch.stack([small, *(large[:, y, x] for y, x in cuts)]),
        shares=torch.stack([*shares, unknown]),  # one off, as the model was trained
        grids=(whole, kept(rows, columns, rule)),
    )


def tiling(height: int, width: int, window: int, most: int) -> tuple[int, int]:
    """Rows and columns of crops: the least that a picture must grow, or shrink, to fill them."""
    pairs = [(r, c) for r in range(1, most + 1) for c in range(1, most + 1) if r * c <= most]
    pairs.sort(key=lambda pair: (pair[0] * pair[1], pair[0]))
    sizes = torch.tensor(pairs, dtype=torch.float32) * window
    scales = (sizes / torch.tensor([height, width], dtype=torch.float32)).amin(1).tolist()
    numbers = range(len(pairs))
    if all(scale < 1 for scale in scales):
        return pairs[max(numbers, key=lambda n: scales[n])]
    return pairs[min(numbers, key=lambda n: scales[n] if scales[n] >= 1 else float("inf"))]


def fitted(colors: Tensor, height: int, width: int, rule: Rule) -> tuple[Tensor, Tensor]:
    """Colors (3, height, width) in this size, black around them, and where the picture is."""
    old = torch.tensor(colors.shape[1:], dtype=torch.float32)
    scale = (torch.tensor([height, width], dtype=torch.float32) / old).min()
    new = [int(length) for length in old * scale]
    found = interpolate(colors[None], new, mode="bilinear", antialias=True)[0].clip(0, 1)
    top, left = (height - new[0]) // 2, (width - new[1]) // 2
    around = (left, width - new[1] - left, top, height - new[0] - top)
    mean = torch.tensor(rule.mean)[:, None, None]
    there = pad(torch.ones(new), around)
    return (pad(found, around) - mean) / torch.tensor(rule.deviation)[:, None, None], there


def shared(there: Tensor, patch: int) -> Tensor:
    """For each patch of a crop the share that is picture."""
    cells = there.unflatten(0, (-1, patch)).unflatten(2, (-1, patch))
    return cells.mean((1, 3)).flatten()


def kept(rows: int, columns: int, rule: Rule) -> Tensor:
    """The numbers of the tokens of crops that are kept, as they lie in the picture."""
    side = rule.pooled
    numbers = torch.arange(rows * columns * side**2).view(rows, columns, side, side) + side**2
    bands = [
        torch.cat([numbers[r, c][part(r, rows, rule)][:, part(c, columns, rule)]
                   for c in range(columns)], 1)
        for r in range(rows)
    ]  # fmt: skip
    return torch.cat(bands)


def part(number: int, count: int, rule: Rule) -> slice:
    """The tokens of one crop that are kept in one direction."""
    left, right = rule.margins
    first = left // POOL if number else 0
    length = rule.window + (0 if number else left) + (right if number == count - 1 else 0)
    return slice(first, first + (length + POOL - 1) // POOL)
