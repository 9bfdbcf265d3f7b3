"""In how many bits each part of a model is stored, from what its configuration declares.

Scales count: FP8 by blocks of 128 x 128 takes 8.002 bits a weight, MXFP4 4.25, NVFP4 4.5, integers
of `bits` with one scale (and zero point) per group a little more than `bits`.
"""

from collections.abc import Iterable, Mapping
from typing import cast

from msgspec import Struct

from freehold.judge.anatomy.from_config import language
from freehold.judge.anatomy.keys import Keys, Table

BITS = {"float32": 32.0, "float16": 16.0, "bfloat16": 16.0, "float64": 64.0, "float8_e4m3fn": 8.0}
FP8, MXFP4, NVFP4, MXFP8 = 8 + 32 / 16384, 4.25, 4.5, 8.25
NF4 = 4.5
"""bitsandbytes: 4 bits and a scale of 32 bits for 64 weights."""
ALGORITHMS = {
    "nvfp4": NVFP4, "w4a16_nvfp4": NVFP4, "w4a8_nvfp4_fp8": NVFP4, "nvfp4_awq": NVFP4, "fp8": FP8,
    "fp8_pb_wo": FP8, "fp8_per_channel_per_token": FP8, "mxfp8": MXFP8, "mxfp4": MXFP4,
    "w4a8_mxfp4_fp8": MXFP4, "int4_awq": 4.5, "w4a16_awq": 4.5, "w4a8_awq": 4.5, "int8_sq": FP8,
    "fp4": MXFP4,
}  # fmt: skip
ATTENTION = ("self_attn", "attn", "attention", "mixer", "linear_attn", "mamba")
ALWAYS_PLAIN = ("norm", "visual", "vision", "indexer", "mtp", "conv1d", "router", "in_proj_a",
                "in_proj_b", "a_log", "dt_bias")  # fmt: skip
"""Small parts, and those outside the language model: they say nothing about its layers."""


class Storage(Struct, frozen=True, kw_only=True):
    """Bits per weight of each part, scales included; `other` is embeddings, head and norms."""

    mixing: float
    dense: float
    experts: float
    towers: float
    other: float
    packed: bool = False


def storage(config: Mapping[str, object], beside: Mapping[str, object] | None = None) -> Storage:
    """The bits that this configuration declares; where it is silent, 16 a weight.

    `beside` is the file hf_quant_config.json, where that says it.
    """
    keys = language(config)
    plain = _plain(keys)
    table = (
        keys.inner("quantization_config").table or Keys(beside or {}).inner("quantization").table
    )
    if not table:
        return Storage(mixing=plain, dense=plain, experts=plain, towers=plain, other=plain)
    return _packed(Keys(table), keys, plain)


def _plain(keys: Keys) -> float:
    word = keys.text("dtype") or keys.text("torch_dtype")
    return BITS.get(word.removeprefix("torch."), 16.0)


def _packed(table: Keys, keys: Keys, plain: float) -> Storage:
    """What is packed: all linear layers, but for those that the configuration excepts."""
    bits = _bits(table) or plain
    kept = _excepted(table)
    mixing = plain if any(word in name for name in kept for word in ATTENTION) else bits
    dense = plain if any(".mlp." in name and "gate" not in name for name in kept) else bits
    experts = ALGORITHMS.get(keys.text("expert_dtype"), bits)
    if table.text("quant_method") == "mxfp4":  # gpt-oss: the experts only
        mixing = dense = plain
    layers = table.get("quantized_layers")
    if isinstance(layers, Mapping):
        mixing, dense, experts = _by_layer(cast(Table, layers), table, plain)
    return Storage(
        mixing=mixing, dense=dense, experts=experts, towers=plain, other=plain, packed=True
    )


def _by_layer(layers: Table, table: Keys, plain: float) -> tuple[float, float, float]:
    """Where each layer has a precision of its own: the widest of each part."""
    rest = FP8 if table.text("quant_method") == "fp8" else plain
    found: dict[str, float] = {}
    for name, value in layers.items():
        if isinstance(value, Mapping):
            word = Keys(cast(Table, value)).text("quant_algo")
            part = _part(str(name).casefold())
            found[part] = max(found.get(part, 0.0), ALGORITHMS.get(word, 16.0))
    return found.get("mixing", rest), found.get("dense", rest), found.get("experts", rest)


def _part(name: str) -> str:
    if "experts" in name and "shared" not in name:
        return "experts"
    return "mixing" if any(word in name for word in ATTENTION) else "dense"


def _bits(table: Keys) -> float | None:
    """Bits per weight of what is packed; None where that is not understood."""
    word = table.text("quant_algo")
    if word in ALGORITHMS:
        return ALGORITHMS[word]
    method = table.text("quant_method")
    if method in ALGORITHMS:
        return ALGORITHMS[method]
    if method == "bitsandbytes":
        return NF4 if table.flag("load_in_4bit") else 8.01
    if (bits := table.number("bits", "w_bit")) and bits <= 16:
        return _grouped(bits, table.number("group_size", "q_group_size"))
    return max(_groups(table), default=None)


def _grouped(bits: int, group: int | None) -> float:
    """Integers with a scale of 16 bits and a zero point for each group."""
    return bits + (16 + bits) / group if group and group > 0 else bits + 0.02


def _groups(table: Keys) -> Iterable[float]:
    """compressed-tensors and its like: the bits of each group of layers."""
    groups = table.get("config_groups")
    for item in groups.values() if isinstance(groups, Mapping) else ():
        weights = Keys(cast(Table, item)).inner("weights") if isinstance(item, Mapping) else None
        bits = weights.number("num_bits") if weights else None
        if weights and bits and bits <= 16:
            yield _group(bits, weights, Keys(cast(Table, item)).text("format"))


def _group(bits: int, weights: Keys, form: str) -> float:
    size = weights.number("group_size")
    if "mxfp4" in form:
        return MXFP4
    if weights.text("type") == "float":
        return bits + 8 / size if size else bits + 0.002
    return bits + 16 / size if size else bits + 0.02


def _excepted(table: Keys) -> tuple[str, ...]:
    """The modules that are not packed, by name."""
    found = table.words("ignore", "modules_to_not_convert", "exclude_modules")
    return tuple(name for name in found if not any(word in name for word in ALWAYS_PLAIN))
