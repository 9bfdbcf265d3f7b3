"""What mixes the tokens of one layer, from the configuration of the model."""

from freehold.judge.anatomy.heads import heads, wide, windowed
from freehold.judge.anatomy.keys import Keys
from freehold.judge.anatomy.kinds import Kind, chunk, window
from freehold.judge.anatomy.recurrent import recurrent
from freehold.judge.anatomy.shapes import Attention, Compressed, Cross, Latent, Mixer

DECOMPRESSED = frozenset(("minicpm3",))
"""Models with a low-rank projection whose engines keep whole keys and values all the same."""


def mixers(keys: Keys, kind: Kind, width: int, index: int, count: int) -> tuple[Mixer, ...]:
    """The mixers of layer `index` of `count`."""
    if kind in ("feed", "experts"):
        return ()
    if kind == "cross":
        return (_looking(keys, width, index),)
    if kind == "linear":
        return (_linear(keys, width, index, count),)
    if kind == "parallel" and keys.text("model_type").startswith("zamba"):
        keys.doubt("layers share weights; counted as if each had its own")
    if kind == "parallel":
        return (_linear(keys, width, index, count), attending(keys, "full", width, index, count))
    twice = 2 if keys.has("zero_expert_num") else 1  # LongCat attends twice in a layer
    return (attending(keys, kind, width, index, count),) * twice


def attending(keys: Keys, kind: Kind, width: int, index: int, count: int) -> Mixer:
    """The attention of one layer: compressed, latent or with keys and values per head."""
    if keys.row("compress_ratios") or keys.inner("compress_rates").table:
        return _compressed(keys, width, index)
    if keys.number("kv_lora_rank"):
        return _latent(keys, width, index)
    return _plain(keys, kind, width, index, count)


def _linear(keys: Keys, width: int, index: int, count: int) -> Mixer:
    found = recurrent(keys, width)
    if found is None:
        keys.doubt("a recurrent layer of unknown kind; the bound is full attention")
        return attending(keys, "full", width, index, count)
    return found


def _plain(keys: Keys, kind: Kind, width: int, index: int, count: int) -> Attention:
    usual = heads(keys, width, index)
    found = windowed(keys, usual, index) if kind == "sliding" else usual
    found = wide(keys, usual) if kind == "full" else found
    seen = chunk(keys) if kind == "chunked" else window(keys) if kind == "sliding" else None
    if kind in ("sliding", "chunked") and seen is None:
        keys.doubt("layers see a window of unknown length; the bound is full attention")
    return Attention(
        heads=found.asking, kv_heads=found.kept, key=found.key, value=found.value, window=seen,
        chunked=kind == "chunked", borrows=_borrows(keys, index, count), index=_index(keys, index),
        gated=keys.flag("attn_output_gate", keys.has("linear_num_value_heads")),
        projected=not (kind == "full" and keys.flag("attention_k_eq_v")),
    )  # fmt: skip


def _borrows(keys: Keys, index: int, count: int) -> bool:
    """Whether the layer is one of the last that reuse the keys and values of another."""
    shared = keys.whole("num_kv_shared_layers") or 0
    return index >= count - shared if shared < count else False


def _index(keys: Keys, index: int) -> int:
    """The length of the index key of a layer with block-sparse attention (MiniMax M3)."""
    table = keys.inner("sparse_attention_config")
    every = table.at("sparse_attention_freq", index) if table.row("sparse_attention_freq") else 1
    return (table.number("sparse_index_dim") or 0) if every else 0


def _latent(keys: Keys, width: int, index: int) -> Mixer:
    """Multi-head latent attention; an indexer that only repeats another's choice keeps no keys."""
    usual = heads(keys, width, index)
    rank, rope = keys.number("kv_lora_rank") or 0, keys.whole("qk_rope_head_dim")
    nope, value = keys.number("qk_nope_head_dim"), keys.number("v_head_dim")
    if rope is None:
        keys.doubt("the rotated part of latent attention is not stated; the bound is 128 values")
        rope = 128
    nope, value = nope or 128, value or nope or 128
    if keys.text("model_type") in DECOMPRESSED:
        return Attention(usual.asking, usual.asking, nope + rope, value)
    types = keys.words("indexer_types")
    repeats = index < len(types) and types[index] == "shared"
    length = 0 if repeats else keys.number("index_head_dim") or 0
    return Latent(
        heads=usual.asking, rank=rank, rope=rope, nope=nope, value=value, index=length,
        query=keys.number("q_lora_rank") or 0, indexers=keys.number("index_n_heads") or 0,
        gated=keys.flag("mla_use_output_gate"),
    )  # fmt: skip


def _compressed(keys: Keys, width: int, index: int) -> Mixer:
    """DeepSeek V4: summaries of `ratio` tokens and a window; an indexer where the ratio is small.

    Weights as in the published reference code: a low-rank query, one key that is also the value,
    a grouped low-rank output, and a compressor (two matrices, double where summaries overlap).
    """
    usual = heads(keys, width, index)
    ratio, entry = _ratio(keys, index), usual.key
    if ratio is None:
        keys.doubt("how far a layer compresses is not stated; the bound is one entry per token")
        ratio = 1
    sparse = 0 < ratio < 32
    length = (keys.number("index_head_dim") or 0) if sparse else 0
    seen = window(keys)
    if seen is None:
        keys.doubt("the window beside the summaries is not stated; the bound is full attention")
        ratio, seen = 1, 0
    weights = _compressed_weights(keys, width, usual.asking, entry)
    weights += (2 * width * entry * (2 if sparse else 1)) if ratio else 0
    if length:
        queries = keys.number("q_lora_rank") or width
        asking = keys.number("index_n_heads") or 1
        weights += queries * asking * length + width * asking + 4 * width * length
    return Compressed(usual.asking, entry, ratio, seen, length, weights)


def _ratio(keys: Keys, index: int) -> int | None:
    """How many tokens one entry stands for: from a list, or by the kind of the layer."""
    if keys.row("compress_ratios"):
        return keys.at("compress_ratios", index)
    words = keys.words("layer_types")
    word = words[index] if index < len(words) else ""
    return 0 if word == "sliding_attention" else keys.inner("compress_rates").number(word)


def _compressed_weights(keys: Keys, width: int, asking: int, entry: int) -> int:
    query, inner = keys.number("q_lora_rank") or 0, asking * entry
    weights = (query * (width + inner) if query else width * inner) + width * entry
    low, groups = keys.number("o_lora_rank") or 0, keys.number("o_groups") or 1
    return weights + (low * (inner + groups * width) if low else inner * width)


def _looking(keys: Keys, width: int, index: int) -> Cross:
    """Attention to a picture (Llama 3.2 Vision): all tiles of the tower, padded to 8 tokens."""
    found = heads(keys, width, index)
    picture = Keys(keys.around).inner("vision_config")
    side, patch = picture.number("image_size") or 560, picture.number("patch_size") or 14
    tokens = ((side // patch) ** 2 + 1) * (picture.number("max_num_tiles") or 4)
    return Cross(found.asking, found.kept, found.key, found.value, tokens)
