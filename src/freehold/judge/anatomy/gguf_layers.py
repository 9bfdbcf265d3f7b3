"""What mixes tokens in each layer of a GGUF file, as llama.cpp keeps it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from freehold.core.tensors import Tensor
from freehold.judge.anatomy.keys import Keys
from freehold.judge.anatomy.shapes import Attention, Compressed, Latent, Mixer, Recurrent

MIXING = ("ssm_", "attn_qkv", "attn_gate", "shortconv", "time_mix", "attn_q.", "attn_k.", "attn_v.",
          "attn_output")  # fmt: skip
BOTH = frozenset(("falcon-h1", "hymba"))
"""Architectures with attention and a recurrent part in every layer."""
ALONE = frozenset(("mamba", "mamba2", "rwkv6", "rwkv6qwen2", "rwkv7", "arwkv7"))
INTERVAL = frozenset(("qwen3next", "qwen35", "qwen35moe"))
"""Architectures in which every fourth layer attends, if no key says otherwise."""


class Reader:
    """The keys of one architecture, without its name before each."""

    def __init__(self, metadata: Mapping[str, object], arch: str) -> None:
        self.keys, self.arch = Keys(metadata), arch

    def number(self, name: str) -> int | None:
        """A whole number above zero under this key."""
        return self.keys.number(f"{self.arch}.{name}")

    def whole(self, name: str) -> int | None:
        """A whole number from zero on under this key."""
        return self.keys.whole(f"{self.arch}.{name}")

    def at(self, name: str, index: int) -> int | None:
        """The number of this layer, or the one for all."""
        return self.keys.at(f"{self.arch}.{name}", index)

    def numbers(self, name: str) -> tuple[int | None, ...]:
        """A list of numbers, one for each layer."""
        return self.keys.numbers(f"{self.arch}.{name}")


def mixing_weights(tensors: Iterable[Tensor]) -> dict[int, int]:
    """How many weights mix tokens in each layer."""
    found: dict[int, int] = defaultdict(int)
    for tensor in tensors:
        block, _, rest = tensor.name.removeprefix("blk.").partition(".")
        if tensor.name.startswith("blk.") and block.isdecimal() and rest.startswith(MIXING):
            found[int(block[:6])] += tensor.count
    return found


def recurrent_layers(reader: Reader, count: int) -> tuple[bool, ...]:
    """Which layers keep a recurrent state."""
    if reader.arch in ALONE or reader.arch in BOTH:
        return (True,) * count
    listed = reader.numbers("attention.recurrent_layers")
    if listed:
        return tuple(n < len(listed) and bool(listed[n]) for n in range(count))
    every = reader.number("full_attention_interval") or (4 if reader.arch in INTERVAL else None)
    if every:
        return tuple(bool((n + 1) % every) for n in range(count))
    heads = reader.numbers("attention.head_count_kv")
    if not heads or not _has_state(reader):
        return (False,) * count
    feeds = reader.numbers("feed_forward_length") if "nemotron" in reader.arch else ()
    return tuple(
        n < len(heads) and heads[n] == 0 and not (n < len(feeds) and feeds[n]) for n in range(count)
    )


def _has_state(reader: Reader) -> bool:
    return any(map(reader.number, ("ssm.state_size", "shortconv.l_cache", "kda.head_dim")))


def mixers(
    reader: Reader,
    index: int,
    width: int,
    seen: tuple[int | None, bool],
    recurs: bool,
    weights: int,
) -> tuple[Mixer, ...]:
    """The mixers of one layer; `weights` is how many weights they have."""
    state = recurrent(reader, width, weights) if recurs else None
    if recurs and state is None:
        reader.keys.doubt("a recurrent layer of unknown kind; the bound is full attention")
    if state and reader.arch not in BOTH:
        return (state,)
    found = attending(reader, index, width, seen, weights)
    return (state, *found) if state else found


def recurrent(reader: Reader, width: int, weights: int) -> Recurrent | None:
    """The state of a recurrent layer, as llama.cpp allocates it."""
    if head := reader.number("wkv.head_size"):
        shifts = reader.number("token_shift_count") or 2
        return Recurrent("rwkv", shifts * width, width * head, 2, weights)
    if seen := reader.number("shortconv.l_cache"):
        return Recurrent("convolution", (seen - 1) * width, 0, seen, weights)
    kernel = reader.number("ssm.conv_kernel") or 4
    if length := reader.number("kda.head_dim"):
        whole = (reader.at("attention.head_count", 0) or 1) * length
        return Recurrent("kda", 3 * (kernel - 1) * whole, whole * length, kernel, weights)
    inner, size = reader.number("ssm.inner_size"), reader.number("ssm.state_size")
    if inner is None or size is None:
        return None
    channels = inner + 2 * (reader.whole("ssm.group_count") or 0) * size
    return Recurrent("mamba", (kernel - 1) * channels, size * inner, kernel, weights)


def attending(
    reader: Reader, index: int, width: int, seen: tuple[int | None, bool], weights: int
) -> tuple[Mixer, ...]:
    """The attention of one layer; none where it has no heads for keys."""
    heads = reader.at("attention.head_count", index)
    if heads is None:
        reader.keys.doubt("the number of attention heads is not stated; the bound is one per 32")
        heads = max(1, width // 32)
    kept = reader.at("attention.head_count_kv", index)
    kept = heads if kept is None else kept
    if not heads or not kept:
        return ()
    if reader.numbers("attention.compress_ratios"):
        return (_compressed(reader, index, heads, seen, weights),)
    if reader.number("attention.kv_lora_rank") and reader.number("attention.key_length_mla"):
        return (_latent(reader, index, heads),)
    return (_plain(reader, index, heads, kept, width, seen),)


def _plain(
    reader: Reader, index: int, heads: int, kept: int, width: int, seen: tuple[int | None, bool]
) -> Attention:
    key = reader.number("attention.key_length") or max(1, width // heads)
    value = reader.number("attention.value_length") or max(1, width // heads)
    if seen[0]:
        key = reader.number("attention.key_length_swa") or key
        value = reader.number("attention.value_length_swa") or value
    return Attention(
        heads, kept, key, value, seen[0], seen[1], borrows=_borrows(reader, index),
        index=_index(reader, index),
    )  # fmt: skip


def _borrows(reader: Reader, index: int) -> bool:
    count = reader.number("block_count") or 0
    shared = reader.whole("attention.shared_kv_layers")
    if shared is None and reader.arch == "gemma3n":
        return index >= 20  # fixed in llama.cpp
    return bool(shared) and index >= count - (shared or 0)


def _index(reader: Reader, index: int) -> int:
    """The length of the key of a sparse indexer; layers that repeat another's choice have none."""
    types = reader.numbers("attention.indexer.types")
    if types and index < len(types) and types[index] == 0:
        return 0
    lead = reader.whole("leading_dense_block_count") or 0
    if reader.arch == "minimax-m3" and index < lead:
        return 0
    return reader.number("attention.indexer.key_length") or 0


def _latent(reader: Reader, index: int, heads: int) -> Latent:
    rank = reader.number("attention.kv_lora_rank") or 0
    whole = reader.number("attention.key_length_mla") or 0
    rope = reader.number("rope.dimension_count") or 64
    rope = max((reader.number("attention.key_length") or 0) - rank, 0) or rope
    value = reader.number("attention.value_length_mla") or whole
    return Latent(
        heads, rank, rope, max(whole - rope, 0), value,
        _index(reader, index), reader.number("attention.q_lora_rank") or 0,
        reader.number("attention.indexer.head_count") or 0,
    )  # fmt: skip


def _compressed(
    reader: Reader, index: int, heads: int, seen: tuple[int | None, bool], weights: int
) -> Compressed:
    ratio = reader.at("attention.compress_ratios", index)
    entry = reader.number("attention.key_length") or 512
    if ratio is None or not seen[0]:
        reader.keys.doubt("how a layer compresses is not stated; the bound is one entry per token")
        ratio = 1
    key = reader.number("attention.indexer.key_length") or 0
    return Compressed(heads, entry, ratio, seen[0] or 0, key if 0 < ratio < 32 else 0, weights)
