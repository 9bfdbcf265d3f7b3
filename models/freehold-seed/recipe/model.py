"""The network: a decoder of Llama's shape in plain PyTorch, with tied embeddings."""

import torch
from torch import Tensor, nn
from torch.nn import functional as f

NORM_EPSILON = 1e-5
ROPE_BASE = 10000.0
HEAD = 64
"""Width of an attention head."""


class Shape:
    """How large the network is."""

    vocabulary = 4096
    width = 128
    layers = 4
    heads = 2
    feed = 384
    context = 256

    def __init__(self, **changes: int) -> None:
        for name, value in changes.items():
            setattr(self, name, value)


class Block(nn.Module):
    """Attention, then the gated feed-forward layer."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width, feed = shape.width, shape.feed
        self.heads = shape.heads
        self.input_norm = nn.Parameter(torch.ones(width))
        self.q = nn.Linear(width, width, bias=False)
        self.k = nn.Linear(width, width, bias=False)
        self.v = nn.Linear(width, width, bias=False)
        self.o = nn.Linear(width, width, bias=False)
        self.post_norm = nn.Parameter(torch.ones(width))
        self.gate = nn.Linear(width, feed, bias=False)
        self.up = nn.Linear(width, feed, bias=False)
        self.down = nn.Linear(feed, width, bias=False)

    def forward(self, x: Tensor, hidden: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """The stream after this block; `hidden` is what may not be looked at."""
        batch, length, width = x.shape
        parts = batch, length, self.heads, width // self.heads
        y = norm(x, self.input_norm)
        q, k, v = (part(y).view(parts).transpose(1, 2) for part in (self.q, self.k, self.v))
        q, k = turned(q, cos, sin), turned(k, cos, sin)
        seen = (q @ k.transpose(-1, -2)) * parts[-1] ** -0.5 + hidden
        y = torch.softmax(seen.float(), -1).to(v.dtype) @ v
        x = x + self.o(y.transpose(1, 2).reshape(batch, length, width))
        y = norm(x, self.post_norm)
        return x + self.down(f.silu(self.gate(y)) * self.up(y))


class Network(nn.Module):
    """The whole decoder."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = nn.Parameter(torch.ones(shape.width))
        deep = (2 * shape.layers) ** -0.5
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                scale = 0.02 if "embedding" in name else weight.shape[1] ** -0.5
                nn.init.normal_(
                    weight, 0.0, scale * (deep if "o." in name or "down" in name else 1)
                )

    def forward(self, tokens: Tensor, pairs: Tensor, places: Tensor, targets: Tensor) -> Tensor:
        """The mean loss at these places of the flattened batch; a target of -100 counts nothing.

        `pairs` numbers the pairs that share a row, so that none looks into another.
        """
        logits = self.logits(tokens, pairs, places)
        return f.cross_entropy(logits.float(), targets, ignore_index=-100)

    def logits(self, tokens: Tensor, pairs: Tensor, places: Tensor) -> Tensor:
        """The logits at these places of the flattened batch."""
        length, half = tokens.shape[1], self.shape.width // self.shape.heads // 2
        here = tokens.device
        later = torch.ones(length, length, dtype=torch.bool, device=here).triu(1)
        apart = (pairs[:, :, None] != pairs[:, None, :]) | later
        hidden = apart[:, None].to(torch.float32) * -1e4
        turns = ROPE_BASE ** (-torch.arange(half, device=here) / half)
        angles = torch.arange(length, device=here)[:, None] * torch.cat((turns, turns))[None]
        x = self.embedding(tokens)
        for block in self.blocks:
            x = block(x, hidden, angles.cos(), angles.sin())
        x = norm(x, self.norm).flatten(0, 1)[places]
        return x @ self.embedding.weight.T


def norm(x: Tensor, weight: Tensor) -> Tensor:
    """Root mean square normalization."""
    x = x.float()
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + NORM_EPSILON) * weight


def turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary positions, halves turned against each other as Transformers does."""
    half = x.shape[-1] // 2
    return x * cos + torch.cat((-x[..., half:], x[..., :half]), -1) * sin
