"""The bytes that the weights of a model take in memory.

From the header of a file where there is one, else counted from the anatomy: within a hundredth of
what is published.
"""

import re
from collections.abc import Iterable

from freehold.core.tensors import Tensor
from freehold.judge.anatomy.counting import count
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


def counted(anatomy: Anatomy, bits: Storage, *, drafts: bool = False, towers: bool = True) -> int:
    """The bytes of all weights, without a file: counted, times the declared bits."""
    counts = count(anatomy)
    total = counts.mixing * bits.mixing + counts.dense * bits.dense
    total = (total + counts.experts * bits.experts) / counts.repeats
    total += (counts.embedding + counts.head + counts.lookups) * bits.other
    total += counts.towers * bits.towers if towers else 0
    total += counts.drafts * max(bits.mixing, bits.experts) if drafts else 0
    return -(-int(total) // 8)


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
