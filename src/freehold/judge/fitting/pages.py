"""The state of a model in vLLM: pages of tokens, the same size for all kinds of layers.

Layers of one kind form groups of equal size; a group takes whole pages for all its layers, also
where it is filled up with layers that are not there. Recurrent layers take one page, as large as
their state; the blocks of the other layers grow until the pages are equal.

Sources, read on 2026-11-27: vLLM `v1/core/kv_cache_utils.py`, `v1/kv_cache_interface.py`.
"""

import math

from freehold.judge.anatomy.shapes import (
    Anatomy,
    Attention,
    Compressed,
    Cross,
    Latent,
    Mixer,
    Recurrent,
)
from freehold.judge.fitting.parts import Setting
from freehold.judge.fitting.state import (
    FLOAT,
    in_bytes,
    keeping,
    looked_at,
    making,
    pairs,
    summaries,
)


def vllm(anatomy: Anatomy, setting: Setting, *, block: int = 16, batched: int = 8192) -> int:
    """The bytes of the pages that all sequences need at full length.

    A layer that sees a window also keeps what one step of at most `batched` tokens reads.
    """
    kinds = _kinds(anatomy, setting)
    apart = sum(_apart(part, setting, batched) for part in keeping(anatomy))
    if not any(_differs(part) for part in kinds):
        whole = -(-setting.context // block) * block
        return (whole * vllm_token(anatomy, setting) + apart) * setting.parallel
    return (_grouped(kinds, setting, block, batched) + apart) * setting.parallel


def _differs(part: Mixer) -> bool:
    """Whether a layer does not keep all tokens; where none does so, nothing is grouped."""
    return isinstance(part, Recurrent) or (isinstance(part, Attention) and part.window is not None)


def _grouped(kinds: dict[Mixer, int], setting: Setting, block: int, batched: int) -> int:
    """The pages of one sequence where layers keep different numbers of tokens."""
    state = max((_state(part) for part in kinds if isinstance(part, Recurrent)), default=0)
    token = max((_token(part, setting) for part in kinds), default=0)
    if state and token:
        block *= max(1, math.ceil(state / token / block))
    page = max(block * token, state)
    group = _group(list(kinds.values()))
    return page * sum(
        -(-many // group) * group * _blocks(part, setting, page, block, batched)
        for part, many in kinds.items()
    )


def vllm_token(anatomy: Anatomy, setting: Setting) -> int:
    """The bytes for one token by which vLLM divides its memory when it names its cache size."""
    return sum(_token(part, setting) for part in keeping(anatomy))


def _kinds(anatomy: Anatomy, setting: Setting) -> dict[Mixer, int]:
    """The kinds of layers that keep pages, and how many of each there are."""
    found: dict[Mixer, int] = {}
    for part in keeping(anatomy):
        if isinstance(part, Recurrent) or _token(part, setting):
            key = _kept(part)
            found[key] = found.get(key, 0) + 1
    return found


def _kept(part: Mixer) -> Mixer:
    """The same part for layers that keep the same: how they ask does not matter."""
    if isinstance(part, Attention):
        return Attention(1, part.kv_heads, part.key, part.value, part.window, index=part.index)
    if isinstance(part, Latent):
        return Latent(1, part.rank, part.rope, 0, 0, part.index)
    return part


def _token(part: Mixer, setting: Setting) -> int:
    """The bytes that one token takes in one layer."""
    if isinstance(part, Attention):
        return pairs(part, 1, setting)
    return _latent(part, setting) if isinstance(part, Latent) else 0


def _latent(part: Latent, setting: Setting) -> int:
    """A sparse model in fp8 keeps scales and the rotated part whole; its index is always fp8."""
    index = part.index + part.index // 128 * 4
    if setting.keys == "fp8" and part.index:
        return part.rank + part.rank // 128 * 4 + 2 * part.rope + index
    return in_bytes(part.rank + part.rope, setting.keys) + index


def _state(part: Recurrent) -> int:
    return in_bytes(part.convolution, "bf16") + part.memory * FLOAT


def _group(counts: list[int]) -> int:
    """How many layers share a group: the rarest kind's number, or the most if about equal."""
    if not counts:
        return 1
    return max(counts) if max(counts) < 1.5 * min(counts) else min(counts)


def _blocks(part: Mixer, setting: Setting, page: int, block: int, batched: int) -> int:
    """How many pages one layer needs for one sequence."""
    if isinstance(part, Recurrent):
        return 1
    own = block * max(1, page // (block * _token(part, setting)))
    window = part.window if isinstance(part, Attention) else None
    if window is None:
        return -(-setting.context // own)
    return -(-min(window - 1 + batched, setting.context) // own) + 1


def _apart(part: Mixer, setting: Setting, batched: int) -> int:
    """What is not kept in pages of tokens: summaries, and what an encoder made."""
    if isinstance(part, Cross):
        return looked_at(part, setting)
    if not isinstance(part, Compressed):
        return 0
    rows = -(-setting.context // part.ratio) if part.ratio else 0
    window = min(part.window + batched, setting.context)
    return summaries(part, window, rows, setting) + making(part) * FLOAT
