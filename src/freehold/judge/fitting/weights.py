"""The bytes that the weights of a model take in memory, and how many of them a token reads.

From the header of a file where there is one, else counted from the anatomy: within a hundredth of
what is published.
"""

import re
from collections.abc import Iterable, Sequence

from freehold.core.tensors import Tensor
from freehold.judge.anatomy.counting import Counts, count
from freehold.judge.anatomy.shapes import Anatomy
from freehold.judge.anatomy.storage import Storage

WHOLE = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
"""The formats of numbers that an engine turns into its own; all others stay as they are."""
SCALES = re.compile(r"(scale|scales|scale_inv|zeros|qzeros|g_idx|absmax|quant_map|_bias)$")
DRAFTS = re.compile(r"(^|\.)(mtp|nextn|eh_proj|enorm|hnorm|shared_head)(\.|$)")
TOWERS = re.compile(
    r"(^|\.)(visual|vision_tower|vision_model|audio_tower|audio_model|multi_modal_projector|"
    r"mm_projector|embed_vision|embed_audio|vision_embedder|aligner|vit)(\.|$)"
)
LAYER = re.compile(r"(?:^|\.)(?:layers|h|blocks|blk)\.(\d+)\.")
HEAD = re.compile(r"(^|\.)(lm_head|embed_out)\.weight$")
INPUT = re.compile(r"(^|\.)(embed_tokens|wte|word_embeddings|token_embd|embed_in)\.weight$")
LOOKED_UP = re.compile(r"(embed_tokens_per_layer|per_layer_token_embd|wpe|position_embd)\.weight$")


def counted(anatomy: Anatomy, bits: Storage, *, drafts: bool = False, towers: bool = True) -> int:
    """The bytes of all weights, without a file: counted, times the declared bits."""
    counts = count(anatomy)
    total = counts.mixing * bits.mixing + counts.dense * bits.dense
    total = (total + counts.experts * bits.experts) / counts.repeats
    total += (counts.embedding + counts.head + counts.lookups) * bits.other
    total += counts.towers * bits.towers if towers else 0
    total += counts.drafts * max(bits.mixing, bits.experts) if drafts else 0
    return -(-int(total) // 8)


def read_per_token(anatomy: Anatomy, bits: Storage) -> int:
    """The bytes of weights that one token of text reads: tables and idle experts are left out."""
    counts = count(anatomy)
    total = counts.mixing * bits.mixing + counts.dense * bits.dense + counts.used * bits.experts
    return -(-int(total + _head(counts) * bits.other) // 8)


def _head(counts: Counts) -> int:
    return counts.embedding if counts.shared_head else counts.head


def llamacpp(tensors: Sequence[Tensor], *, on_device: bool = False) -> int:
    """What llama.cpp holds: all of the file; a tied table twice once layers are on a device.

    Text models keep the input table in main memory and need a copy beside the last layer.
    """
    names = {tensor.name for tensor in tensors}
    total = sum(tensor.size for tensor in tensors)
    if on_device and "output.weight" not in names:
        total += sum(tensor.size for tensor in tensors if tensor.name == "token_embd.weight")
    return total


def loaded(
    anatomy: Anatomy, tensors: Iterable[Tensor], *, width: int | None = 2, drafts: bool = False,
    towers: bool = True,
) -> int:  # fmt: skip
    """What vLLM or Transformers hold of a file: plain numbers in `width` bytes, packed ones as is.

    A width of None keeps every number as it is stored. Layers that guess further tokens and the
    head of a model with tied tables are left out.
    """
    return sum(
        in_memory(tensor, width)
        for tensor in tensors
        if _kept(anatomy, tensor.name, drafts=drafts, towers=towers)
    )


def in_memory(tensor: Tensor, width: int | None) -> int:
    """The bytes of one tensor once loaded; scales stay in their own precision."""
    own = WHOLE.get(tensor.dtype.upper())
    if own is None or width is None or SCALES.search(tensor.name):
        return tensor.size
    return tensor.size // own * width


def _kept(anatomy: Anatomy, name: str, *, drafts: bool, towers: bool) -> bool:
    if not towers and TOWERS.search(name):
        return False
    if not drafts and is_draft(anatomy, name):
        return False
    return not (anatomy.tied and HEAD.search(name))


def is_draft(anatomy: Anatomy, name: str) -> bool:
    """Whether a tensor belongs to the layers that guess further tokens."""
    found = LAYER.search(name)
    beyond = bool(anatomy.drafts) and found is not None and int(found[1]) >= len(anatomy.layers)
    return beyond or bool(DRAFTS.search(name))


def read_of_file(anatomy: Anatomy, tensors: Iterable[Tensor]) -> int:
    """The bytes of a file that one token of text reads; experts count by the share that runs."""
    total = 0
    for tensor in tensors:
        name = tensor.name
        if TOWERS.search(name) or is_draft(anatomy, name) or LOOKED_UP.search(name):
            continue
        if INPUT.search(name) and not anatomy.tied:
            continue
        used, of = _share(anatomy, name)
        total += tensor.size * used // of
    return total


def _share(anatomy: Anatomy, name: str) -> tuple[int, int]:
    """How many of how many experts run, for a tensor of experts; else one of one."""
    routed = re.search(r"(_exps\.|\.experts\.|block_sparse_moe\.experts|\.experts_)", name)
    if not routed:
        return 1, 1
    found = LAYER.search(name)
    number = int(found[1]) if found else 0
    rows = anatomy.layers[number : number + 1]
    feed = rows[0].feed if rows else None
    return (feed.used, feed.experts) if feed and feed.experts else (1, 1)
