"""The memory of encoder-decoders: Whisper, T5 and what is built on them.

The keys and values of the source are kept once per layer and per sequence that is written: beams
and samples multiply them.
"""

from collections.abc import Sequence

from freehold.core.tensors import Tensor
from freehold.judge.anatomy.shapes import Anatomy, Attention, Cross, Tower
from freehold.judge.fitting import live
from freehold.judge.fitting.live import BYTES, Device, Dtype
from freehold.judge.fitting.parts import Parts
from freehold.judge.fitting.residency import resident

UNSTATED = 1500


def memory(
    anatomy: Anatomy, tensors: Sequence[Tensor], *, batch: int, source: int | None = None,
    new: int = 448, copies: int = 1, dtype: Dtype = "f32", device: Device = "cpu",
) -> Parts:  # fmt: skip
    """Parts for a batch of sources of so many tokens or frames (None: as many as it takes in).

    `copies` are beams or samples of each, `new` the tokens that are written.
    """
    value = BYTES[dtype]
    tokens = source or _taken(anatomy)
    held = resident(tensors, dtype, device)
    reading = max((_reading(t, batch, tokens, value) for t in anatomy.towers), default=0)
    cross, own = _per_token(anatomy, Cross), _per_token(anatomy, Attention)
    kept = batch * copies * value * (cross * tokens + own * new)
    return Parts(
        weights=held.weights,
        state=kept,
        compute=max(reading - kept, _writing(anatomy, batch, copies, tokens, value)),
        overhead=live.overhead("transformers", device),
        loading=held.loading,
        bound=not anatomy.sure and source is None,
        notes=anatomy.notes if source is None else (),
    )


def _taken(anatomy: Anatomy) -> int:
    return max((tower.tokens or UNSTATED for tower in anatomy.towers), default=UNSTATED)


def _per_token(anatomy: Anatomy, kind: type[Attention] | type[Cross]) -> int:
    """Values that all layers keep for one token of the text or of the source."""
    return sum(
        part.kv_heads * (part.key + part.value)
        for layer in anatomy.layers
        for part in layer.mixers
        if isinstance(part, kind)
    )


def _reading(tower: Tower, batch: int, tokens: int, value: int) -> int:
    """One block of the encoder; for text also the bias of every pair of positions (T5).

    A gate of several kernels (T5's `gelu_new`) has four widened tensors at once, else two.
    """
    inner = 4 if tower.matrices == 3 else 2
    rows = batch * tokens * value
    bias = tower.heads * tokens * tokens * value if tower.kind == "text" else 0
    return bias + rows * (4 * tower.width + inner * tower.feed)


def _writing(anatomy: Anatomy, batch: int, copies: int, tokens: int, value: int) -> int:
    """The first word: the source once per copy, one layer's keys and values twice; the logits."""
    layers = max(len(anatomy.layers), 1)
    again = batch * copies * value * tokens * (_per_token(anatomy, Cross) // layers)
    rows = batch * copies * value * tokens * anatomy.width
    source = batch * value * tokens * anatomy.width if copies > 1 else 0
    logits = batch * copies * anatomy.vocabulary * 4 * (4 if copies > 1 else 2)
    return rows + source + max(again, logits)
