"""How llama.cpp divides a model between a device and main memory, layer by layer.

With `gpu_layers` of N the output and the last N - 1 blocks are on the device; the table of words
never is. State and results follow their layer (`llama_model::load_tensors`, b11549). What each side
computes is not known before the engine splits the graph, so both are given room for all of it:
the weights and the state are exact, the compute buffers upper bounds. A device also borrows the
weights of the host, three matrices at a time, when a whole batch is to be multiplied. Held against
92 answers of llama.cpp on an H200 (`benchmarks/fit_gguf_cuda.py`, 2026-11-28).
"""

from collections.abc import Sequence
from heapq import nlargest

from msgspec import Struct
from msgspec.structs import replace

from freehold.core.tensors import Tensor
from freehold.judge.anatomy.shapes import Anatomy
from freehold.judge.fitting import state
from freehold.judge.fitting.llamacpp import block_of, compute, default_outputs, overhead
from freehold.judge.fitting.parts import Parts, Setting

DEVICE = 880 * 2**20
"""What a driver keeps for a process, and the pools of the kernels: 735 to 855 MiB were seen on an
H200 with driver 580; published figures for smaller cards are 300 to 600 MB."""
INPUT = ("token_embd.weight", "position_embd.weight", "token_types.weight", "per_layer_token_embd")
"""What only looks words up stays on the host."""
ALIGNMENT = 128
ROW = 512
"""Rows of packed numbers are filled up to a multiple of this on CUDA."""
WHOLE = frozenset({"F32", "F16", "BF16", "F64"})


class Split(Struct, frozen=True):
    """The memory of both sides for one number of layers on the device."""

    layers: int
    device: Parts
    host: Parts


def split(
    anatomy: Anatomy, tensors: Sequence[Tensor], setting: Setting, gpu_layers: int,
    *, outputs: int | None = None,
) -> Split:  # fmt: skip
    """The memory of device and host with this many layers offloaded; more than there are is all."""
    outputs = outputs or default_outputs(anatomy, setting)
    every = len(anatomy.layers) + 1
    layers = max(0, min(gpu_layers, every))
    first = every - layers
    room, sure = compute(anatomy, tensors, setting, outputs=outputs, alignment=ALIGNMENT)
    room += _sorted(anatomy, setting)
    on_device, on_host = _weights(anatomy, tensors, first, offloaded=layers > 0)
    kept_there = state.llamacpp(_only(anatomy, first), setting)
    waiting = [t.size for t in tensors if _is_on_host(t, first) and block_of(t.name)]
    lent = sum(nlargest(3, waiting)) if layers else 0
    unknown = f"the graph of {anatomy.architecture} is not known: compute is an upper bound"
    device = Parts(
        weights=on_device, state=kept_there, compute=room + lent if layers else 0,
        overhead=DEVICE if layers else 0, bound=True,
        notes=anatomy.notes if sure else (*anatomy.notes, unknown),
    )  # fmt: skip
    host = Parts(
        weights=on_host,
        state=state.llamacpp(anatomy, setting) - kept_there,
        compute=room,
        overhead=overhead(anatomy, tensors, setting, outputs),
        bound=True,
    )
    return Split(layers, device, host)


def layers_that_fit(
    anatomy: Anatomy, tensors: Sequence[Tensor], setting: Setting, room: int
) -> int:
    """The most layers whose share finds `room` bytes on the device; 0 if none does."""
    every = len(anatomy.layers) + 1
    if split(anatomy, tensors, setting, every).device.total <= room:
        return every
    low, high = 0, every - 1
    while low < high:
        middle = (low + high + 1) // 2
        if split(anatomy, tensors, setting, middle).device.total <= room:
            low = middle
        else:
            high = middle - 1
    return low


def _only(anatomy: Anatomy, first: int) -> Anatomy:
    """The same model with the blocks that are on the device."""
    return replace(anatomy, layers=anatomy.layers[first:])


def _is_on_host(tensor: Tensor, first: int) -> bool:
    block = block_of(tensor.name)
    return tensor.name.startswith(INPUT) if block is None else block[0] < first


def _sorted(anatomy: Anatomy, setting: Setting) -> int:
    """On a device the results of the experts are kept sorted once more."""
    used = max((layer.feed.used for layer in anatomy.layers if layer.feed), default=0)
    return 4 * used * anatomy.width * setting.batch


def _weights(
    anatomy: Anatomy, tensors: Sequence[Tensor], first: int, *, offloaded: bool
) -> tuple[int, int]:
    """Bytes on the device and on the host; a table that is the output, too, is on both sides."""
    output = any(tensor.name == "output.weight" for tensor in tensors)
    tied = not output and not anatomy.headless
    device = host = 0
    for tensor in tensors:
        here = not offloaded or _is_on_host(tensor, first)
        host += tensor.size if here else 0
        twice = tied and offloaded and tensor.name == "token_embd.weight"
        device += _padded(tensor) if not here or twice else 0
    return device, host


def _padded(tensor: Tensor) -> int:
    """The room of a tensor on the device: rows of packed numbers filled up, once per tensor."""
    size, length = tensor.size, tensor.shape[-1] if tensor.shape else 1
    if tensor.dtype not in WHOLE and length % ROW:
        size += -(-tensor.size * (ROW - length % ROW) // max(tensor.count, 1))
    return -(-size // ALIGNMENT) * ALIGNMENT
