"""The bytes that keep what a model has read: keys, values and recurrent state, per engine.

Each engine lays it out in its own way, so each has a function of its own:

- `least`: what the model needs at least; no engine takes less.
- `llamacpp`: cells padded to 256; a window's cells are its length and one batch more.
- `vllm`: pages of tokens, layers in groups of one page size.
- `transformers`: tensors that grow with the text; latent attention is kept decompressed.

Sources, read on 2026-11-27: llama.cpp (`llama-kv-cache*.cpp`, `llama-memory-recurrent.cpp`),
vLLM (`v1/core/kv_cache_utils.py`, `v1/kv_cache_interface.py`), Transformers 5
(`cache_utils.py`).
"""

from collections.abc import Callable, Iterable

from freehold.judge.anatomy.shapes import (
    Anatomy,
    Attention,
    Compressed,
    Cross,
    Latent,
    Mixer,
    Recurrent,
)
from freehold.judge.fitting.parts import BITS_OF_STATE, Setting

CELLS = 256
"""llama.cpp rounds the number of cells up to a multiple of this."""
FLOAT = 4
"""Bytes per value of recurrent state."""


def least(anatomy: Anatomy, setting: Setting) -> int:
    """What the model itself needs: windows cut to their length, nothing padded."""
    one = sum(_least(part, setting) for part in _mixers(anatomy))
    return one * setting.parallel


def _least(part: Mixer, setting: Setting) -> int:
    if isinstance(part, Attention):
        seen = min(setting.context, part.window or setting.context)
        return _pairs(part, seen, setting)
    return _fixed(part, setting, lambda tokens: tokens)


def llamacpp(anatomy: Anatomy, setting: Setting, *, unified: bool = False) -> int:
    """What llama.cpp allocates; `unified` when all sequences share one set of cells."""
    streams = 1 if unified else setting.parallel
    cells = padded(setting.context * (setting.parallel if unified else 1))
    ahead = setting.batch + CELLS if unified else setting.batch
    shared = setting.parallel if unified else 1

    def seen(window: int) -> int:
        if setting.full_window:
            return cells
        return min(cells, padded(window * shared + min(ahead, setting.batch)))

    return sum(_llamacpp(part, setting, cells, seen, streams) for part in _mixers(anatomy))


def _llamacpp(
    part: Mixer, setting: Setting, cells: int, seen: Callable[[int], int], streams: int
) -> int:
    if isinstance(part, Attention):
        rows = seen(part.window) if part.window else cells
        return _pairs(part, rows, setting) * streams
    if isinstance(part, Compressed):
        return _summaries(part, setting, cells, seen(part.window)) * setting.parallel
    if isinstance(part, Recurrent):
        return (part.convolution + part.memory) * FLOAT * setting.parallel
    if isinstance(part, Latent):
        return _bytes((part.rank + part.rope + part.index) * cells, setting.keys) * streams
    return _fixed(part, setting, padded) * setting.parallel


def _summaries(part: Compressed, setting: Setting, cells: int, window: int) -> int:
    """The last tokens whole, the summaries in cells of their own, and those being made (F32)."""
    rows = padded(-(-cells // part.ratio)) if part.ratio else 0
    kept = _bytes(part.entry * (window + rows) + part.index * rows, setting.keys)
    wide = 2 if part.index else 1
    making = 2 * wide * wide * part.ratio * (part.entry + part.index)
    return kept + making * FLOAT


def vllm(
    anatomy: Anatomy, setting: Setting, *, block: int = 16, batched: int = 8192
) -> int:
    """The pages that vLLM needs for all sequences at full length.

    Layers of one kind form groups of equal size, and a group takes whole pages for all its
    layers, also for those that only fill it up. A window keeps what one step of `batched` tokens
    reads beside it. Recurrent layers take one page, which is as large as their state; the block
    of the other layers grows until the pages are equal.
    """
    kinds = _by_page(anatomy, setting)
    state = max((_page_of_state(part, setting) for part in kinds if _is_state(part)), default=0)
    token = max((_token(part, setting) for part in kinds if not _is_state(part)), default=0)
    if state and token:
        block = max(block, -(-(-(-state // token)) // block) * block)
    page = max(block * token, state)
    size = _group(list(kinds.values()))
    pages = sum(
        -(-many // size) * size * _blocks(part, setting, block, batched, page)
        for part, many in kinds.items()
    )
    fixed = sum(_fixed(part, setting, int) for part in _mixers(anatomy) if _apart(part))
    return (pages * page + fixed) * setting.parallel


def vllm_token(anatomy: Anatomy, setting: Setting) -> int:
    """The bytes for one token by which vLLM divides its memory when it names its cache size."""
    return sum(_token(part, setting) for part in _mixers(anatomy) if not _is_state(part))


def _by_page(anatomy: Anatomy, setting: Setting) -> dict[Mixer, int]:
    """The kinds of layers that keep pages, and how many of each there are."""
    found: dict[Mixer, int] = {}
    for part in _mixers(anatomy):
        if not _apart(part) and (_is_state(part) or _token(part, setting)):
            key = _kept(part)
            found[key] = found.get(key, 0) + 1
    return found


def _kept(part: Mixer) -> Mixer:
    """The same part for layers that keep the same: how they ask does not matter."""
    if isinstance(part, Attention):
        return Attention(1, part.kv_heads, part.key, part.value, part.window, index=part.index)
    return part


def _apart(part: Mixer) -> bool:
    return isinstance(part, Cross)


def _is_state(part: Mixer) -> bool:
    return isinstance(part, Recurrent)


def _token(part: Mixer, setting: Setting) -> int:
    """The bytes that one token takes in one layer."""
    if isinstance(part, Attention):
        return _pairs(part, 1, setting)
    if isinstance(part, Latent):
        return _latent_token(part, setting)
    if isinstance(part, Compressed):
        return _bytes(part.entry + part.index, setting.keys)
    return 0


def _latent_token(part: Latent, setting: Setting) -> int:
    """A sparse model in fp8 keeps scales and the rotated part whole; its index is always fp8."""
    index = part.index + part.index // 128 * 4
    if setting.keys == "fp8" and part.index:
        return part.rank + part.rank // 128 * 4 + 2 * part.rope + index
    return _bytes(part.rank + part.rope, setting.keys) + index


def _page_of_state(part: Mixer, setting: Setting) -> int:
    assert isinstance(part, Recurrent)
    return _bytes(part.convolution, "bf16") + part.memory * FLOAT


def _group(counts: list[int]) -> int:
    """How many layers share a group: the rarest kind's number, unless the kinds are about equal."""
    if not counts:
        return 1
    rarest, most = min(counts), max(counts)
    return most if most < 1.25 * rarest else rarest


def _blocks(part: Mixer, setting: Setting, block: int, batched: int, page: int) -> int:
    """How many pages one layer needs for one sequence."""
    if isinstance(part, Recurrent):
        return 1
    if isinstance(part, Compressed):
        kept = _summed(part, setting, lambda tokens: tokens)
        return -(-kept // page) + 1
    window = part.window if isinstance(part, Attention) else None
    if window is None:
        return -(-setting.context // block)
    seen = min(window - 1 + batched, setting.context)
    return -(-seen // block) + 1


def transformers(anatomy: Anatomy, setting: Setting) -> int:
    """What the cache of Transformers holds: windows are cut, latent attention is decompressed."""
    one = sum(_transformers(part, setting) for part in _mixers(anatomy))
    return one * setting.parallel


def _transformers(part: Mixer, setting: Setting) -> int:
    if isinstance(part, Latent):
        tokens = setting.context * part.heads
        index = _bytes(part.index * setting.context, setting.keys)
        keys = _bytes(tokens * (part.nope + part.rope), setting.keys)
        return keys + _bytes(tokens * part.value, setting.values) + index
    if isinstance(part, Recurrent) and part.kernel > 1:
        whole = part.convolution * part.kernel // (part.kernel - 1)
        return _bytes(whole, setting.keys) + part.memory * FLOAT
    return _least(part, setting)


def padded(tokens: int) -> int:
    """To the next multiple of 256."""
    return -(-tokens // CELLS) * CELLS


def _mixers(anatomy: Anatomy) -> Iterable[Mixer]:
    if anatomy.kind == "encoder":
        return ()
    return (part for layer in anatomy.layers for part in layer.mixers)


def _bytes(values: int, precision: str) -> int:
    return -(-int(values * BITS_OF_STATE[precision]) // 8)  # type: ignore[index]


def _pairs(part: Attention, tokens: int, setting: Setting) -> int:
    """Keys and values of so many tokens; none where another layer's are used."""
    if part.borrows:
        return 0
    keys = _bytes((part.kv_heads * part.key + part.index) * tokens, setting.keys)
    return keys + _bytes(part.kv_heads * part.value * tokens, setting.values)


def _fixed(part: Mixer, setting: Setting, rounded: Callable[[int], int]) -> int:
    """Everything but attention with keys and values, of one sequence."""
    if isinstance(part, Latent):
        values = (part.rank + part.rope + part.index) * rounded(setting.context)
        return _bytes(values, setting.keys)
    if isinstance(part, Compressed):
        return _summed(part, setting, rounded)
    if isinstance(part, Recurrent):
        return (part.convolution + part.memory) * FLOAT
    assert isinstance(part, Cross)
    tokens = part.kv_heads * rounded(part.tokens)
    return _bytes(tokens * part.key, setting.keys) + _bytes(tokens * part.value, setting.values)


def _summed(part: Compressed, setting: Setting, rounded: Callable[[int], int]) -> int:
    window = min(part.window, setting.context)
    rows = rounded(-(-setting.context // part.ratio)) if part.ratio else 0
    return _bytes(part.entry * (rounded(window) + rows) + part.index * rows, setting.keys)
