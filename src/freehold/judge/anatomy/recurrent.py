"""Layers whose state does not grow: how many values they keep, how many weights they have.

Sizes are those of the reference implementations: the convolution keeps one token fewer than it
sees. Every function answers None where its own keys are not there.
"""

from collections.abc import Callable

from freehold.judge.anatomy.heads import heads
from freehold.judge.anatomy.keys import Keys
from freehold.judge.anatomy.shapes import Recurrent


def recurrent(keys: Keys, width: int) -> Recurrent | None:
    """The recurrent layer that these keys describe; None where no known kind is described."""
    ways: tuple[Callable[[Keys, int], Recurrent | None], ...] = (
        _kimi, _delta, _mamba2, _mamba1, _short, _unit, _rwkv, _matrix, _lightning,
    )  # fmt: skip
    return next((found for way in ways if (found := way(keys, width))), None)


def _delta(keys: Keys, width: int) -> Recurrent | None:
    """Gated delta net (Qwen3-Next, Qwen3.5, OLMo Hybrid)."""
    values, length = keys.number("linear_num_value_heads"), keys.number("linear_value_head_dim")
    key_heads, key = keys.number("linear_num_key_heads"), keys.number("linear_key_head_dim")
    if not (values and length and key_heads and key):
        return None
    kernel = keys.number("linear_conv_kernel_dim") or 4
    inner, channels = values * length, 2 * key_heads * key + values * length
    weights = width * (channels + inner + 2 * values) + kernel * channels + inner * width
    return Recurrent(
        "delta", (kernel - 1) * channels, values * key * length, kernel, weights + 2 * values
    )


def _kimi(keys: Keys, width: int) -> Recurrent | None:
    """Kimi delta attention: convolutions over queries, keys and values, a decay per channel."""
    table = keys.inner("linear_attn_config")
    count = table.number("num_heads") or keys.number("linear_num_heads")
    length = table.number("head_dim") or keys.number("linear_head_dim")
    if not (count and length):
        return None
    kernel = table.number("short_conv_kernel_size") or keys.number("linear_conv_kernel_dim") or 4
    inner = count * length
    gate = width * inner if table.flag("use_full_rank_gate") else length * (width + inner)
    decay = length * (width + inner)
    weights = 4 * width * inner + gate + decay + width * count + 3 * kernel * inner
    return Recurrent("kda", 3 * (kernel - 1) * inner, count * length * length, kernel, weights)


def _mamba2(keys: Keys, width: int) -> Recurrent | None:
    """Mamba 2 under its several spellings."""
    count = keys.number("mamba_num_heads", "mamba_n_heads", "n_mamba_heads")
    if count is None and keys.text("model_type") == "mamba2":
        count = keys.number("num_heads")
    length = keys.number("mamba_head_dim", "mamba_d_head", "mamba_headdim")
    inner = keys.number("mamba_d_ssm") or _expanded(keys, width)
    if count is None:
        return None
    if length is None:
        length = keys.number("head_dim") if keys.text("model_type") == "mamba2" else None
    inner = count * (length or max(1, inner // count))
    size = keys.number("ssm_state_size", "mamba_d_state", "state_size") or 128
    groups = keys.number("mamba_n_groups", "n_groups", "mamba_ngroups") or 1
    kernel = _kernel(keys)
    channels = inner + 2 * groups * size
    weights = width * (inner + channels + count) + channels * (kernel + 1) + inner * (width + 1)
    return Recurrent("mamba2", (kernel - 1) * channels, inner * size, kernel, weights + 3 * count)


def _mamba1(keys: Keys, width: int) -> Recurrent | None:
    """The first Mamba (also in Jamba)."""
    size = keys.number("mamba_d_state", "state_size", "ssm_state_size")
    if size is None:
        return None
    own = keys.number("intermediate_size") if keys.text("model_type").endswith("mamba") else None
    inner, kernel = own or _expanded(keys, width), _kernel(keys)
    rank = keys.number("mamba_dt_rank", "time_step_rank") or -(-width // 16)
    weights = 3 * width * inner + inner * (kernel + 1 + 2 * rank + 3 * size + 2)
    return Recurrent("mamba", (kernel - 1) * inner, size * inner, kernel, weights)


def _expanded(keys: Keys, width: int) -> int:
    return (keys.number("mamba_expand", "expand") or 2) * width


def _kernel(keys: Keys) -> int:
    return keys.number("conv_kernel", "mamba_d_conv", "conv_kernel_size") or 4


def _short(keys: Keys, width: int) -> Recurrent | None:
    """A short convolution and nothing else (LFM2)."""
    kernel = keys.number("conv_L_cache", "conv_l_cache")
    if kernel is None:
        return None
    inner = keys.number("conv_dim") or width
    weights = width * 3 * inner + inner * kernel + inner * width
    return Recurrent("convolution", (kernel - 1) * inner, 0, kernel, weights)


def _unit(keys: Keys, width: int) -> Recurrent | None:
    """The linear recurrent unit of RecurrentGemma."""
    inner = keys.number("lru_width")
    if inner is None:
        return None
    kernel, count = keys.number("conv1d_width") or 4, keys.number("num_attention_heads") or 1
    weights = 3 * width * inner + inner * kernel + 2 * inner * inner // count + 3 * inner
    return Recurrent("unit", (kernel - 1) * inner, inner, kernel, weights)


def _rwkv(keys: Keys, width: int) -> Recurrent | None:
    """RWKV: the last token of two places, and a matrix per head (a vector before version 5)."""
    if not keys.text("model_type").startswith("rwkv"):
        return None
    inner = keys.number("attention_hidden_size", "dim_att") or width
    length = keys.number("head_size", "head_dim")
    memory = inner * length if length else 3 * inner
    matrices = 6 if length else 5  # one of them in the feed-forward part
    return Recurrent("rwkv", 2 * width, memory, 2, matrices * width * inner)


def _matrix(keys: Keys, width: int) -> Recurrent | None:
    """The matrix memory of xLSTM: a matrix, a vector and a number per head."""
    key, value = keys.get("qk_dim_factor"), keys.get("v_dim_factor")
    count = keys.number("num_heads")
    if not (isinstance(key, float) and isinstance(value, float) and count):
        return None
    if not (0 < key < 16 and 0 < value < 16):
        return None
    asked, kept = int(width * key), int(width * value)
    memory = asked * kept // count + asked + count
    weights = 2 * width * asked + 3 * width * kept + 2 * width * count
    return Recurrent("matrix", 0, memory, 0, weights)


def _lightning(keys: Keys, width: int) -> Recurrent | None:
    """Lightning attention (MiniMax): a matrix per head."""
    if not (keys.has("attn_type_list") or keys.has("linear_attn_alpha_factor")
            or "minimax" in keys.text("model_type")):  # fmt: skip
        return None
    found = heads(keys, width, 0)
    inner = found.asking * found.key
    return Recurrent("lightning", 0, found.asking * found.key * found.value, 0, 5 * width * inner)
