"""The optimizer of the matrices: momentum whose update is made orthogonal (Muon).

Matrices of one shape are worked on together. The five steps of Newton and Schulz and their
numbers are those that Keller Jordan published in 2024.
"""

import torch
from torch import Tensor

STEPS = 5
FACTORS = (3.4445, -4.7750, 2.0315)


class Muon:
    """Keeps one momentum for each shape of matrix."""

    def __init__(self, matrices: list[Tensor], momentum: float = 0.95) -> None:
        shapes: dict[torch.Size, list[Tensor]] = {}
        for matrix in matrices:
            shapes.setdefault(matrix.shape, []).append(matrix)
        self.groups = list(shapes.values())
        self.kept = [torch.zeros_like(torch.stack([*group]).detach()) for group in self.groups]
        self.momentum = momentum

    @torch.no_grad()
    def step(self, rate: float | Tensor) -> None:
        """Move every matrix by `rate`, whatever the size of its gradient, and forget gradients."""
        for group, kept in zip(self.groups, self.kept, strict=True):
            gradient = torch.stack([m.grad for m in group])  # type: ignore[arg-type, misc]
            kept.lerp_(gradient, 1 - self.momentum)
            update = orthogonal(gradient.lerp(kept, self.momentum))
            rows, columns = group[0].shape
            scale = max(1.0, rows / columns) ** 0.5
            for matrix, change in zip(group, update, strict=True):
                matrix.mul_(1 - 0.01 * rate).sub_(change * (rate * scale))
                matrix.grad = None


def orthogonal(matrices: Tensor) -> Tensor:
    """Each matrix with its singular values brought near one."""
    a, b, c = FACTORS
    x = matrices.bfloat16()
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(STEPS):
        square = x @ x.mT
        x = a * x + (b * square + c * (square @ square)) @ x
    return (x.mT if tall else x).float()
