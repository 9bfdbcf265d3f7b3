"""The part of a file of weights that is resident once PyTorch has loaded it.

Transformers and diffusers map a safetensors file and use it in place where nothing is to be
converted. Of such a file Linux may leave out what was never touched; whether it does depends on
what it happens to have cached, so all of it is counted. Else the whole file is mapped beside the
converted copy for a moment. Seen with Transformers 5.24 and safetensors 0.8, 2026-11-28.
"""

import re
from collections.abc import Sequence

from msgspec import Struct

from freehold.core.tensors import Tensor
from freehold.judge.fitting.live import BYTES, MIB, Device, Dtype
from freehold.judge.fitting.weights import in_memory

EXPERT = re.compile(r"\.experts\.\d+\.")
STORED = {"F32": "f32", "F16": "f16", "BF16": "bf16"}
TAKEN = 5 * MIB
"""What loading leaves behind beside the weights."""


class Resident(Struct, frozen=True):
    """`weights` stay; `loading` is beside them for a moment."""

    weights: int
    loading: int


def resident(tensors: Sequence[Tensor], dtype: Dtype, device: Device) -> Resident:
    """What stays of the weights, and what is beside them while they are loaded."""
    whole = sum(in_memory(tensor, BYTES[dtype]) for tensor in tensors)
    largest = max((in_memory(tensor, BYTES[dtype]) for tensor in tensors), default=0)
    experts = sum(in_memory(t, BYTES[dtype]) for t in tensors if EXPERT.search(t.name))
    if device == "cuda":
        return Resident(whole, largest + _stacking(tensors, dtype, experts))
    if in_place(tensors, dtype):
        return Resident(whole + experts + TAKEN, 0)
    stored = sum(tensor.size for tensor in tensors)
    return Resident(whole + _left(tensors, dtype) + TAKEN, stored)


def in_place(tensors: Sequence[Tensor], dtype: Dtype) -> bool:
    """Whether every number is stored as it is to be used."""
    return {STORED.get(tensor.dtype.upper()) for tensor in tensors} <= {dtype, None}


def _left(tensors: Sequence[Tensor], dtype: Dtype) -> int:
    """Single experts are converted, then stacked: of small ones the heap keeps about half."""
    sizes = (in_memory(t, BYTES[dtype]) for t in tensors if EXPERT.search(t.name))
    return sum(size for size in sizes if size < MIB) // 2


def _stacking(tensors: Sequence[Tensor], dtype: Dtype, experts: int) -> int:
    """On a device: the experts of one layer beside their stack."""
    layers = {t.name.split(".experts.")[0] for t in tensors if EXPERT.search(t.name)}
    return experts // len(layers) if layers else 0
