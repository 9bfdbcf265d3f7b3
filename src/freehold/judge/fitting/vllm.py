"""The memory that vLLM needs for a model: what it must have, not what it reserves.

It takes a share of the card and gives pages for keys and values all that is left of it. What the
model needs is its weights, the pages for the sequences asked for, the activations of the largest
step, and the recorded CUDA graphs. Read off its source; never measured here.
"""

from collections.abc import Sequence

from freehold.core.tensors import Tensor
from freehold.judge.anatomy.shapes import Anatomy
from freehold.judge.fitting import live, pages, weights
from freehold.judge.fitting.parts import Parts, Setting
from freehold.judge.fitting.transformers import moment

BATCHED = 8192
"""Tokens of one step at most (`max_num_batched_tokens` for serving)."""
GRAPHS = 2**30
"""Recorded CUDA graphs; published logs say 0.5 to 3 GB."""
NOTE = "vLLM then takes 90 % of the card whatever the model needs; this is what it needs at least"


def memory(anatomy: Anatomy, tensors: Sequence[Tensor], setting: Setting) -> Parts:
    """Weights in 16 bits or as packed, pages, the largest step, context and graphs."""
    rows = min(BATCHED, setting.context * setting.parallel)
    widest = max(
        (moment(layer, anatomy.width, rows, setting, 2) for layer in anatomy.layers), default=0
    )
    logits = 4 * anatomy.vocabulary * setting.parallel
    return Parts(
        weights=weights.loaded(anatomy, tensors),
        state=pages.vllm(anatomy, setting),
        compute=widest + logits,
        overhead=live.CONTEXT + GRAPHS,
        bound=True,
        notes=(*anatomy.notes, NOTE, "the memory of vLLM was never held against a running one"),
    )
