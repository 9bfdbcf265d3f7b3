"""Which kind of mixer stands in which layer, from the many ways to say so.

The words are: full, sliding, chunked, linear (a recurrent layer of any kind), parallel (attention
and a recurrent part side by side), cross, and feed and experts (no mixer at all).
"""

from collections.abc import Callable, Iterable
from typing import Literal

from freehold.judge.anatomy.keys import MOST_LAYERS, Keys

Kind = Literal["full", "sliding", "chunked", "linear", "parallel", "feed", "experts", "cross"]

WORDS: dict[str, Kind] = {
    "full_attention": "full", "attention": "full", "full": "full", "global": "full",
    "attn": "full", "nope_attention": "full", "global_attention": "full",
    "compressed_sparse_attention": "full", "heavily_compressed_attention": "full",
    "sliding_attention": "sliding", "sliding_window_attention": "sliding", "local": "sliding",
    "sliding_window": "sliding", "swa": "sliding", "local_attention": "sliding",
    "sliding": "sliding", "chunked_attention": "chunked", "linear_attention": "linear",
    "mamba": "linear", "mamba2": "linear", "recurrent": "linear", "conv": "linear",
    "short_conv": "linear", "linear": "linear", "kda": "linear", "gated_deltanet": "linear",
    "lightning_attention": "linear", "hybrid": "parallel", "moe": "experts", "mlp": "feed",
    "ffn": "feed", "cross_attention": "cross",
}  # fmt: skip
SIGNS: dict[str, Kind] = {
    "m": "linear", "*": "full", "-": "feed", "e": "experts", "a": "full", "d": "linear",
    "l": "sliding", "g": "full", "s": "sliding", "f": "full",
}  # fmt: skip
LISTS = ("layers_block_type", "layer_types", "block_types", "attention_layers", "layer_type_list")

PERIODS = {"gemma2": 2, "gemma3": 6, "gemma3_text": 6, "cohere2": 4, "exaone4": 4, "gpt_oss": 2}
"""Every which layer sees all, in models that state the window but not the pattern."""
UNIFORM = frozenset(
    ("mistral", "mixtral", "phi3", "phi3small", "phimoe", "starcoder2", "ministral", "qwen2",
     "qwen2_moe", "qwen2_vl", "qwen2_5_vl", "qwen3", "qwen3_moe", "step1", "mistral3", "pixtral")
)  # fmt: skip
"""Models in which a stated window holds for each layer (of those that a list does not except)."""


def kinds(keys: Keys, count: int) -> tuple[Kind, ...]:
    """The kind of each of `count` layers; what is not understood counts as full attention."""
    found = next((row for row in _sources(keys, count) if row), ())
    if found and len(found) < count:
        keys.doubt(f"the list of layers has {len(found)} entries for {count} layers")
    return (*found[:count], *same("full", count - len(found)))


def same(kind: Kind, count: int) -> tuple[Kind, ...]:
    """So many layers of one kind."""
    return (kind,) * max(count, 0)


def _sources(keys: Keys, count: int) -> Iterable[tuple[Kind, ...]]:
    """Each way to say it, the most explicit first."""
    ways: tuple[Callable[[Keys, int], tuple[Kind, ...]], ...] = (
        _signs, _words, _hybrid_row, _cross, _linear_table, _attention_rows, _periodic, _alone,
        _chunks, _windows,
    )  # fmt: skip
    return (way(keys, count) for way in ways)


def stated(keys: Keys) -> int | None:
    """How many layers a list says that there are, where no number does."""
    return len(_pattern(keys)) or len(keys.row(*LISTS)) or None


def _pattern(keys: Keys) -> str:
    return "".join(sign for sign in keys.text("hybrid_override_pattern") if sign in SIGNS)[
        :MOST_LAYERS
    ]


def _signs(keys: Keys, _count: int) -> tuple[Kind, ...]:
    """As Nemotron-H has it: one letter for each layer."""
    return tuple(SIGNS[sign] for sign in _pattern(keys))


def _words(keys: Keys, count: int) -> tuple[Kind, ...]:
    words = keys.words(*LISTS)
    if all(WORDS.get(word, "feed") in ("feed", "experts") for word in words):
        return ()
    for word in words:
        if word not in WORDS:
            keys.doubt(f"the kind of layer {word[:40]!r} is not known; it counts as full attention")
    row = tuple(WORDS.get(word, "full") for word in words)
    repeats = -(-count // len(row)) if keys.has("block_types") else 1  # a pattern, repeated
    return row * repeats


def _hybrid_row(keys: Keys, _count: int) -> tuple[Kind, ...]:
    """MiMo: 1 sees a window. MiniMax: attention where it is 1, else linear."""
    if row := keys.numbers("hybrid_layer_pattern"):
        return tuple("sliding" if n == 1 else "full" for n in row)
    return tuple("linear" if n == 0 else "full" for n in keys.numbers("attn_type_list"))


def _cross(keys: Keys, count: int) -> tuple[Kind, ...]:
    """Llama 3.2 Vision: some layers look at the picture only."""
    looking = set(keys.numbers("cross_attention_layers"))
    return tuple("cross" if n in looking else "full" for n in range(count)) if looking else ()


def _linear_table(keys: Keys, count: int) -> tuple[Kind, ...]:
    """Kimi Linear: the layers with full attention, counted from 1."""
    table = keys.inner("linear_attn_config")
    full, linear = set(table.numbers("full_attn_layers")), set(table.numbers("kda_layers"))
    if not full and not linear:
        return ()
    return tuple("linear" if n in linear - full else "full" for n in range(1, count + 1))


def _attention_rows(keys: Keys, count: int) -> tuple[Kind, ...]:
    """The layers with attention by number (LFM2, Bamba); the others are recurrent."""
    for name in ("full_attn_idxs", "attn_layer_indices", "attention_layers_idx"):
        if keys.row(name):
            full = set(keys.numbers(name))
            return tuple("full" if n in full else "linear" for n in range(count))
    return ()


def _periodic(keys: Keys, count: int) -> tuple[Kind, ...]:
    """Every so many layers one with attention (Qwen3-Next, Jamba, PLaMo 2)."""
    if every := keys.number("full_attention_interval"):
        return tuple("linear" if (n + 1) % every else "full" for n in range(count))
    if every := keys.number("attn_layer_period"):
        first = keys.whole("attn_layer_offset") or 0
        return tuple("full" if n % every == first else "linear" for n in range(count))
    if every := keys.number("mamba_step"):
        if count <= every // 2:
            return tuple("full" if n == count - 1 else "linear" for n in range(count))
        return tuple("full" if n % every == every // 2 else "linear" for n in range(count))
    return ()


def _alone(keys: Keys, count: int) -> tuple[Kind, ...]:
    """Nothing but recurrent layers (Mamba, RWKV, xLSTM), or both in every layer (Falcon-H1)."""
    alone = keys.has("attention_hidden_size") or keys.has("qk_dim_factor")
    if keys.text("model_type").startswith("rwkv") or alone:
        return same("linear", count)
    if not keys.has("state_size", "mamba_d_state", "ssm_state_size"):
        return ()
    asks = keys.has("num_attention_heads") and not keys.text("model_type").startswith("mamba")
    return same("parallel" if asks else "linear", count)


def _chunks(keys: Keys, count: int) -> tuple[Kind, ...]:
    """Llama 4: layers with rotated positions see a chunk, the others (every fourth) all."""
    if not keys.number("attention_chunk_size") or not keys.text("model_type").startswith("llama4"):
        return ()
    row = keys.numbers("no_rope_layers")
    every = keys.number("no_rope_layer_interval") or 4
    rotated = row or tuple(int(bool((n + 1) % every)) for n in range(count))
    return tuple("chunked" if n else "full" for n in rotated)


def _windows(keys: Keys, count: int) -> tuple[Kind, ...]:
    """A window without a list: by its pattern, else as the model is known to have it."""
    unused = keys.get("use_sliding_window") is False or keys.row("compress_ratios")
    if not window(keys) or unused:
        return ()
    pattern = keys.get("sliding_window_pattern") or keys.get("_sliding_window_pattern")
    if isinstance(pattern, str) and pattern and set(pattern.casefold()) <= set("lg"):
        row = pattern.casefold()
        return tuple(SIGNS[row[n % len(row)]] for n in range(count))
    model = keys.text("model_type")
    every = keys.number("sliding_window_pattern", "_sliding_window_pattern") or PERIODS.get(model)
    if every:
        return tuple("sliding" if (n + 1) % every else "full" for n in range(count))
    return _uniform(keys, count, model)


def _uniform(keys: Keys, count: int, model: str) -> tuple[Kind, ...]:
    if model.startswith("qwen") and not keys.flag("use_sliding_window"):
        return ()
    if model not in UNIFORM:
        keys.doubt("a window is stated but not in which layers; the bound is full attention")
        return same("full", count)
    first = (keys.whole("max_window_layers") or 0) if keys.flag("use_sliding_window") else 0
    return tuple("sliding" if n >= first else "full" for n in range(count))


def window(keys: Keys) -> int | None:
    """How many tokens back a sliding layer sees."""
    return keys.number("sliding_window", "sliding_window_size", "attention_window_size",
                       "window_size", "local_attention")  # fmt: skip


def chunk(keys: Keys) -> int | None:
    """How long the chunks are that a chunked layer sees."""
    return keys.number("attention_chunk_size") or window(keys)
