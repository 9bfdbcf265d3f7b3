"""The tensors that PyTorch holds at the same time while one block of a transformer runs.

Read off the code of Transformers 5.24 with a trace of every tensor that was alive at the peak
(2026-11-27). A moment is a place in that code; the peak is the largest moment. All sizes are
bytes; `rows` are all tokens that run together, of all sequences.
"""

from typing import Literal

from msgspec import Struct

MIB = 2**20
Dtype = Literal["f32", "f16", "bf16"]
Device = Literal["cpu", "cuda"]
BYTES: dict[Dtype, int] = {"f32": 4, "f16": 2, "bf16": 2}
SCORE = {4: 8, 2: 10}
"""Bytes per attention score without a fused kernel, by bytes per value: the softmax is taken in
f32, of a copy in f32 where values have 16 bits."""

ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "1048576"}
"""What the environment of a PyTorch process on Linux must say for these numbers to hold.

Without it glibc keeps freed tensors of up to 32 MiB in its heap: the same run takes up to twice
the activations.
"""
BARE = {"transformers": 340 * MIB, "diffusers": 372 * MIB}
"""Resident after the imports: torch 2.13 (CPU), Python 3.11, x86-64 Linux."""
WARM = {"transformers": 18 * MIB, "diffusers": 30 * MIB}
"""Code and scratch of the kernels that the first run brings in: more for many convolutions."""
KERNEL = MIB // 4
"""The code of one matrix product that oneDNN makes for one shape in 16 bits."""
CONTEXT = 735 * MIB
"""What CUDA takes for a process that has touched the device, with the work space of cuBLAS.

H200, driver 580, torch 2.11 for CUDA 13: 688 to 714 MiB beside what the allocator holds, and 32
for cuBLAS inside it (`benchmarks/fit_cuda.py`, 2026-11-28). Smaller cards take less.
"""


class Block(Struct, frozen=True, kw_only=True):
    """One block, as its activations see it: widths in values per token."""

    width: int
    asked: int
    """All heads of the queries together."""
    kept: int
    """All heads of the keys and of the values together."""
    feed: int
    matrices: int = 3
    heads: int = 1
    used: int = 0
    """Experts per token; 0 for a dense block."""


def attending(block: Block, rows: int, value: int, *, masked: bool = False) -> int:
    """While queries are rotated, or with keys and values repeated for a masked kernel."""
    rotating = 3 * block.width + 4 * block.asked + 2 * block.kept
    grouped = masked and block.kept < 2 * block.asked
    repeated = 3 * block.width + 4 * block.asked + block.kept if grouped else 0
    return rows * value * max(rotating, repeated)


def scoring(block: Block, rows: int, sequences: int, value: int) -> int:
    """Without a fused kernel: every score of every head, keys and values repeated for each."""
    tokens = rows // max(sequences, 1)
    scores = block.heads * rows * tokens * SCORE[value]
    mask = rows * tokens * value
    return scores + mask + rows * value * (3 * block.width + 3 * block.asked)


def feeding(block: Block, rows: int, value: int) -> int:
    """Before the last matrix of the feed-forward part: three inner tensors, two if not gated."""
    if block.used:
        return rows * value * (4 * block.width + block.used * _routed(block))
    inner = 3 if block.matrices == 3 else 2
    return rows * value * (4 * block.width + inner * block.feed)


def _routed(block: Block) -> int:
    """Values per token and expert: the inputs sorted by expert, and what becomes of them."""
    return max(4 * block.width, block.width + 4 * block.feed)


def overhead(library: str, device: Device) -> int:
    """What the process takes without a model: on a device, what the device gives up for it."""
    return CONTEXT if device == "cuda" else BARE[library] + WARM[library]
