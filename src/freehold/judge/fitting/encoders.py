"""The memory of encoder-only models: embeddings, rerankers, classifiers, pictures, patched series.

Nothing is kept between runs: it is the weights, and one block at work on all tokens at once.
"""

from collections.abc import Sequence

from freehold.core.tensors import Tensor
from freehold.judge.anatomy.shapes import Anatomy, Attention, Layer
from freehold.judge.fitting import live
from freehold.judge.fitting.live import BYTES, Device, Dtype
from freehold.judge.fitting.parts import Parts
from freehold.judge.fitting.residency import resident
from freehold.judge.fitting.transformers import block_of

FUSED_GATE = 4
"""Inner tensors where one matrix makes gate and value: both halves, the gate's, the product."""

UNROTATED = 8
"""Vectors in attention without rotation: input, norm, residual, query, key, value, both results."""


def memory(
    anatomy: Anatomy, tensors: Sequence[Tensor], *, batch: int, tokens: int,
    dtype: Dtype = "f32", device: Device = "cpu", flash: bool = True,
) -> Parts:  # fmt: skip
    """Parts for so many texts, pairs or pictures of so many tokens in one batch."""
    value = BYTES[dtype]
    held = resident(tensors, dtype, device)
    layers = [_layer(layer, anatomy.width, batch, tokens, value, flash) for layer in anatomy.layers]
    return Parts(
        weights=held.weights,
        state=0,
        compute=max(layers, default=0) + _masks(anatomy, batch, tokens),
        overhead=live.overhead("transformers", device),
        loading=held.loading,
        bound=not anatomy.sure,
        notes=anatomy.notes,
    )


def _layer(layer: Layer, width: int, batch: int, tokens: int, value: int, flash: bool) -> int:
    """The most of its feed-forward part and of its attention."""
    rows = batch * tokens
    found = [rows * value * _inner(layer, width)]
    for part in layer.mixers:
        if not isinstance(part, Attention):
            found.append(rows * value * 12 * width)
            continue
        block = block_of(part, width)
        mask = rows * tokens * value if part.window and part.window < tokens else 0
        found.append(
            mask + live.attending(block, rows, value) if flash
            else live.scoring(block, rows, batch, value)
        )  # fmt: skip
    return max(found)


def _inner(layer: Layer, width: int) -> int:
    """Values per token in the feed-forward part: input, residual and norm, and what it widens."""
    if layer.feed is None:
        return 4 * width
    if layer.feed.matrices == 3:
        return 5 * width + FUSED_GATE * layer.feed.width
    return 3 * width + 2 * layer.feed.width


def _masks(anatomy: Anatomy, batch: int, tokens: int) -> int:
    """A yes or no per pair of tokens, once there are windows."""
    windows = {p.window for layer in anatomy.layers for p in layer.mixers
               if isinstance(p, Attention) and p.window and p.window < tokens}  # fmt: skip
    return batch * tokens * tokens if windows else 0


def plain(
    tensors: Sequence[Tensor], *, width: int, feed: int, batch: int, tokens: int,
    inner: int = 3, dtype: Dtype = "f32", device: Device = "cpu",
) -> Parts:  # fmt: skip
    """A stack of plain blocks of which only the widths are known: vision towers, patched series.

    `inner` is how many widened tensors live at once: 2 with a GELU of one kernel, 3 where the
    activation is made of several (CLIP).
    """
    value, rows = BYTES[dtype], batch * tokens
    held = resident(tensors, dtype, device)
    widest = max(5 * width + inner * feed, UNROTATED * width)
    return Parts(
        weights=held.weights,
        state=0,
        compute=rows * value * widest,
        overhead=live.overhead("transformers", device),
        loading=held.loading,
    )
