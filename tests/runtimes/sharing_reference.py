"""Checks the mathematics of shared attention against computations without any shortcut.

Run by the Python of the runtime: `python sharing_reference.py FOLDER SOURCE`; prints what failed.
"""

import math
import sys

sys.path.insert(0, sys.argv[2])
import torch

from freehold.engines.workers.pictures.consistory import (
    Sharing,
    extended,
    grid,
    otsu,
)


def by_hand(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """Every weight computed alone, in 64 bits."""
    count, heads, places, width = q.shape
    out = torch.zeros(q.shape, dtype=torch.float64)
    for i in range(count):
        seen = [(j, p) for j in range(count) for p in range(places) if j == i or bool(masks[j, p])]
        for h in range(heads):
            for p in range(places):
                scores = [
                    math.exp(float(q[i, h, p].double() @ k[j, h, r].double()) / math.sqrt(width))
                    for j, r in seen
                ]
                total = sum(scores)
                for score, (j, r) in zip(scores, seen, strict=True):
                    out[i, h, p] += score / total * v[j, h, r].double()
    return out


def main() -> None:
    """Run all checks."""
    torch.manual_seed(1)
    q, k, v = (torch.randn(3, 2, 6, 4) for _ in range(3))
    masks = torch.rand(3, 6) > 0.5
    assert torch.allclose(extended(q, k, v, masks).double(), by_hand(q, k, v, masks), atol=1e-6)
    alone = torch.nn.functional.scaled_dot_product_attention(q, k, v)
    assert torch.allclose(extended(q, k, v, torch.zeros(3, 6, dtype=torch.bool)), alone, atol=1e-6)
    assert torch.equal(extended(q, k, v, None), alone)
    one = extended(q[:1], k[:1], v[:1], torch.ones(1, 6, dtype=torch.bool))
    assert torch.allclose(one, alone[:1], atol=1e-6)

    values = torch.tensor([0.1, 0.12, 0.11, 0.9, 0.95])
    assert [bool(x > otsu(values)) for x in values] == [False, False, False, True, True]
    assert (grid(64, (16, 16)), grid(12, (8, 6)), grid(48, (8, 6))) == ((8, 8), (4, 3), (8, 6))

    sharing = Sharing(("a", "b"), (4, 4), seed=0)
    sharing.tokens = [[1], [2]]
    weights = torch.full((2, 1, 16, 3), 0.01)
    weights[0, 0, :4, 1] = weights[1, 0, 8:, 2] = 1.0
    assert sharing.masks(16) is None
    sharing.look(weights)
    assert sharing.masks(16) is None  # a step must be over first
    sharing.step()
    found = torch.stack([sharing.masks(16) for _ in range(200)]).float().mean(0)
    assert 0.4 < float(found[0, :4].mean()) < 0.6
    assert float(found[0, 4:].sum() + found[1, :8].sum()) == 0
    print("all is as it should be")


if __name__ == "__main__":
    main()
