"""The part of a file of weights that is resident once PyTorch has loaded it.

Transformers and diffusers map a safetensors file and use it in place where nothing is to be
converted: then only what is touched becomes resident. Else the whole file is mapped beside the
converted copy for a moment. Seen with Transformers 5.24 and safetensors 0.8, 2026-11-27.
"""

import re
from collections.abc import Sequence

from msgspec import Struct

from freehold.core.tensors import Tensor
from freehold.judge.fitting.live import BYTES, MIB, Device, Dtype
from freehold.judge.fitting.weights import HEAD, in_memory

AROUND = 2**16
"""Linux brings in 64 KiB around the page of a mapped file that is touched."""
EXPERT = re.compile(r"\.experts\.\d+\.")
TABLE = re.compile(r"(^|\.)(embed_tokens|wte|word_embeddings|tok_embeddings|shared|token_embedding|"
                   r"embeddings)\.weight$")  # fmt: skip
STORED = {"F32": "f32", "F16": "f16", "BF16": "bf16"}
TAKEN = 5 * MIB
"""What loading leaves behind beside the weights."""


class Resident(Struct, frozen=True):
    """`weights` stay; `loading` is beside them for a moment; `late` is not touched before the end.

    `late` is what only the logits touch where weights are used in place, after the peak of the
    layers: the head, or the rest of a table that is also the head.
    """

    weights: int
    loading: int
    late: int = 0


def resident(
    tensors: Sequence[Tensor], dtype: Dtype, device: Device, rows: int, *, tied: bool = False
) -> Resident:
    """What stays of the weights after a run in which `rows` words were looked up."""
    whole = sum(in_memory(tensor, BYTES[dtype]) for tensor in tensors)
    largest = max((in_memory(tensor, BYTES[dtype]) for tensor in tensors), default=0)
    experts = sum(in_memory(t, BYTES[dtype]) for t in tensors if EXPERT.search(t.name))
    if device == "cuda":
        return Resident(whole, largest + _stacking(tensors, dtype, experts))
    stored = sum(tensor.size for tensor in tensors)
    if not in_place(tensors, dtype):
        return Resident(whole + _left(tensors, dtype) + TAKEN, stored)
    tables = [t.size for t in tensors if TABLE.search(t.name)]
    untouched = sum(size - touched(size, rows) for size in tables)
    if tied:
        return Resident(whole + experts + TAKEN, 0, untouched)
    late = sum(t.size for t in tensors if HEAD.search(t.name))
    return Resident(whole + experts - untouched + TAKEN, 0, late)


def in_place(tensors: Sequence[Tensor], dtype: Dtype) -> bool:
    """Whether every number is stored as it is to be used."""
    return {STORED.get(tensor.dtype.upper()) for tensor in tensors} <= {dtype, None}


def touched(size: int, rows: int) -> int:
    """How much of a mapped table so many look-ups of random words bring in."""
    pieces = max(1, size // AROUND)
    return int(size * (1 - (1 - 1 / pieces) ** rows))


def _left(tensors: Sequence[Tensor], dtype: Dtype) -> int:
    """Single experts are converted, then stacked: of small ones the heap keeps about half."""
    sizes = (in_memory(t, BYTES[dtype]) for t in tensors if EXPERT.search(t.name))
    return sum(size for size in sizes if size < MIB) // 2


def _stacking(tensors: Sequence[Tensor], dtype: Dtype, experts: int) -> int:
    """On a device: the experts of one layer beside their stack."""
    layers = {t.name.split(".experts.")[0] for t in tensors if EXPERT.search(t.name)}
    return experts // len(layers) if layers else 0
