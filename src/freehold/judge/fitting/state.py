"""The bytes that keep what a model has read: keys, values and recurrent state, per engine.

Each engine lays it out in its own way, so each has a function of its own:

- `least`: what the model needs at the precision asked for, nothing padded.
- `llamacpp`: cells padded to 256; a window's cells are its length and one batch more.
- `vllm` (in `pages`): pages of tokens, layers in groups of one page size.
- `transformers`: tensors that grow with the text.

Sources: llama.cpp (`llama-kv-cache*.cpp`, `llama-memory-recurrent.cpp`), read on 2026-11-27; the
caches that Transformers 5.24 builds for its own default configurations, measured that day.
"""

from collections.abc import Iterable

from freehold.judge.anatomy.shapes import (
    Anatomy,
    Attention,
    Compressed,
    Cross,
    Latent,
    Mixer,
    Recurrent,
)
from freehold.judge.fitting.parts import BITS_OF_STATE, Precision, Setting

CELLS = 256
"""llama.cpp rounds the number of cells up to a multiple of this."""
FLOAT = 4
"""Bytes per value of recurrent state."""


def least(anatomy: Anatomy, setting: Setting) -> int:
    """What the model itself needs: windows cut to their length, nothing padded."""
    return sum(_least(part, setting) for part in keeping(anatomy)) * setting.parallel


def _least(part: Mixer, setting: Setting) -> int:
    tokens = setting.context
    if isinstance(part, Attention):
        return pairs(part, min(tokens, part.window or tokens), setting)
    if isinstance(part, Latent):
        return in_bytes((part.rank + part.rope + part.index) * tokens, setting.keys)
    if isinstance(part, Compressed):
        return summaries(part, min(tokens, part.window), _rows(part, tokens), setting)
    return recurrent(part) if isinstance(part, Recurrent) else looked_at(part, setting)


def transformers(anatomy: Anatomy, setting: Setting, *, decompressed: bool = False) -> int:
    """What the cache of Transformers holds: windows are cut, convolutions kept whole.

    `decompressed` is for code that keeps whole keys and values of latent attention, as
    Transformers did before version 5 and as the code in many repositories does.
    """
    one = sum(_transformers(part, setting, decompressed) for part in keeping(anatomy))
    return one * setting.parallel


def _transformers(part: Mixer, setting: Setting, decompressed: bool) -> int:
    if isinstance(part, Latent) and decompressed:
        tokens = setting.context * part.heads
        keys = in_bytes(tokens * (part.nope + part.rope), setting.keys)
        index = in_bytes(setting.context * part.index, setting.keys)
        return keys + in_bytes(tokens * part.value, setting.values) + index
    if isinstance(part, Compressed):
        return _least(part, setting) + in_bytes(making(part), setting.keys)
    if not isinstance(part, Recurrent):
        return _least(part, setting)
    whole = part.convolution // (part.kernel - 1) * part.kernel if part.kernel > 1 else 0
    if part.kind == "lightning":
        return in_bytes(part.memory, setting.keys)
    return in_bytes(whole, setting.keys) + part.memory * FLOAT


def llamacpp(anatomy: Anatomy, setting: Setting, *, unified: bool = False) -> int:
    """What llama.cpp allocates; `unified` when all sequences share one set of cells."""
    many = setting.parallel
    streams, shared = (1, many) if unified else (many, 1)
    cells = padded(setting.context * shared)

    def seen(window: int) -> int:
        """The cells of a layer that sees a window."""
        if setting.full_window:
            return cells
        return min(cells, padded(window * shared + setting.batch))

    def one(part: Mixer) -> int:
        if isinstance(part, Attention):
            return pairs(part, seen(part.window) if part.window else cells, setting) * streams
        if isinstance(part, Latent):
            values = (part.rank + part.rope + part.index) * cells
            return in_bytes(values, setting.keys) * streams
        if isinstance(part, Compressed):
            rows = padded(_rows(part, cells)) if part.ratio else 0
            kept = summaries(part, seen(part.window), rows, setting)
            return (kept + making(part) * FLOAT) * many
        return (recurrent(part) if isinstance(part, Recurrent) else looked_at(part, setting)) * many

    return sum(one(part) for part in keeping(anatomy))


def making(part: Compressed) -> int:
    """The values from which the next summary is made; twice as many and wide if they overlap."""
    wide = 2 if part.index else 1
    return 2 * wide * wide * part.ratio * (part.entry + part.index)


def keeping(anatomy: Anatomy) -> Iterable[Mixer]:
    """All parts that keep something between tokens; an encoder keeps nothing."""
    if anatomy.kind == "encoder":
        return ()
    return (part for layer in anatomy.layers for part in layer.mixers)


def padded(tokens: int) -> int:
    """To the next multiple of 256."""
    return -(-tokens // CELLS) * CELLS


def in_bytes(values: int, precision: Precision) -> int:
    """How many bytes so many values take."""
    return -(-int(values * BITS_OF_STATE[precision]) // 8)


def pairs(part: Attention, tokens: int, setting: Setting) -> int:
    """Keys and values of so many tokens; none where another layer's are used."""
    if part.borrows:
        return 0
    keys = in_bytes((part.kv_heads * part.key + part.index) * tokens, setting.keys)
    return keys + in_bytes(part.kv_heads * part.value * tokens, setting.values)


def summaries(part: Compressed, window: int, rows: int, setting: Setting) -> int:
    """The last tokens whole and so many summaries, with the index key of each."""
    return in_bytes(part.entry * (window + rows) + part.index * rows, setting.keys)


def recurrent(part: Recurrent) -> int:
    """Both states of one layer and sequence."""
    return (part.convolution + part.memory) * FLOAT


def looked_at(part: Cross, setting: Setting) -> int:
    """Keys and values of what an encoder made."""
    values = part.kv_heads * part.tokens
    return in_bytes(values * part.key, setting.keys) + in_bytes(values * part.value, setting.values)


def _rows(part: Compressed, tokens: int) -> int:
    return -(-tokens // part.ratio) if part.ratio else 0
