"""The feed-forward part of each layer: one width, or experts, from their many spellings."""

from freehold.judge.anatomy.keys import Keys
from freehold.judge.anatomy.shapes import Feed

EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts",
           "num_routed_experts", "moe_num_routed_experts")  # fmt: skip
USED = ("num_experts_per_tok", "num_experts_per_token", "top_k_experts", "moe_top_k", "moe_topk",
        "moe_k", "experts_per_token", "num_selected_experts", "router_top_k")  # fmt: skip
EXPERT_WIDTH = ("moe_intermediate_size", "expert_ffn_hidden_size", "moe_ffn_hidden_size",
                "expert_hidden_dim", "expert_dim")  # fmt: skip
WIDTH = ("decoder_ffn_dim", "dense_intermediate_size", "intermediate_size_mlp",
         "intermediate_size", "ffn_dim", "n_inner", "d_ff", "ffn_hidden_size",
         "ffn_hidden_dim", "hidden_dim", "block_ff_dim")  # fmt: skip
SHARED = ("shared_expert_intermediate_size", "shared_intermediate_size", "share_expert_dim",
          "moe_shared_expert_intermediate_size")  # fmt: skip
SHARING = ("n_shared_experts", "num_shared_experts", "num_shared_expert",
           "moe_num_shared_experts")  # fmt: skip
INNER = ("moe_latent_size", "routed_expert_hidden_size")
PLAIN = frozenset((
    "gpt2", "gpt_neo", "gpt_neox", "gptj", "gpt_bigcode", "falcon", "refinedweb", "refinedwebmodel",
    "bloom", "mpt", "opt", "phi", "starcoder2", "codegen", "bert", "roberta", "xlm-roberta",
    "distilbert", "electra", "camembert", "mpnet", "albert", "deberta", "deberta-v2", "xlnet",
    "bart", "mbart", "marian", "pegasus", "m2m_100", "whisper", "blenderbot", "nllb-moe",
    "nemotron", "nemotron_h", "persimmon", "fuyu", "biogpt", "xglm", "gpt_neox_japanese", "esm",
    "nanochat", "jina_embeddings_v3", "speech_to_text", "arcee", "apertus", "ibert", "longformer",
    "layoutlm", "layoutlmv3",
))  # fmt: skip
"""Models whose feed-forward part has no gate: two matrices. No key says so."""


def feed(keys: Keys, width: int, index: int, count: int) -> Feed:
    """The feed-forward part of layer `index`."""
    found = number_of_experts(keys)
    if found and _sparse(keys, index, count):
        return experts(keys, found, width, index)
    return dense(keys, width, index)


def dense(keys: Keys, width: int, index: int) -> Feed:
    """A feed-forward part without experts."""
    return Feed(width=_dense(keys, width, index), matrices=matrices(keys))


def matrices(keys: Keys) -> int:
    """How many matrices a feed-forward part has: 3 with a gate, else 2."""
    gated = keys.get("is_gated_act")
    if isinstance(gated, bool):
        return 3 if gated else 2
    if "gated" in keys.text("feed_forward_proj") or "glu" in keys.text("activation_function"):
        return 3
    model = keys.text("model_type")
    plain = model in PLAIN or model in ("t5", "mt5") or model.startswith("rwkv")
    plain = plain or keys.text("mlp_hidden_act") == "relu2"
    return 2 if plain else 3


def number_of_experts(keys: Keys) -> int:
    """How many experts a layer with experts has; 0 where no layer has any."""
    if keys.get("enable_moe_block") is False or keys.get("is_moe") is False:
        return 0
    found = keys.number(*EXPERTS) or keys.inner("ffn_config").number("moe_num_experts")
    if found is None:
        found = next((n for name in EXPERTS if (n := _listed(keys, name))), 0)
    return found if found > 1 else 0


def _listed(keys: Keys, name: str) -> int:
    """From a list: the most of any layer; of two or three kinds of experts, all together."""
    row = [n for n in keys.numbers(name) if n is not None]
    return sum(row) if len(row) < 4 else max(row)


def _own_width(keys: Keys, name: str, index: int) -> int | None:
    """The width of an expert; of two or three kinds in each layer (ERNIE VL), all together."""
    row = [n for n in keys.numbers(name) if n is not None]
    return sum(row) if 0 < len(row) < 4 else keys.at(name, index)


def experts(keys: Keys, count: int, width: int, index: int) -> Feed:
    """A feed-forward part of `count` experts."""
    inside = keys.inner("ffn_config")
    own = next((n for name in EXPERT_WIDTH if (n := _own_width(keys, name, index))), None)
    own = own or keys.at("intermediate_size", index) or inside.number("ffn_hidden_size")
    own = own or _dense(keys, width, index)
    used = next((n for name in USED if (n := keys.at(name, index))), None)
    used = used or inside.number("moe_top_k")
    if used is None:
        keys.doubt("how many experts run per token is not stated; the bound is all of them")
    shared = _shared(keys, own, index)
    if keys.get("enable_moe_block") is True or keys.flag("parallel_attn_mlp_res"):
        shared += keys.at("intermediate_size", index) or 0  # a dense part beside the experts
    if keys.has("zero_expert_num"):  # LongCat has two
        shared += 2 * (keys.number("ffn_hidden_size") or 0)
    return Feed(
        width=own, experts=count, used=min(used or count, count), shared=shared,
        matrices=matrices(keys), inner=keys.number(*INNER) or 0,
    )  # fmt: skip


def _shared(keys: Keys, own: int, index: int) -> int:
    """The total width of the experts that always run."""
    count = next((n for name in SHARING if (n := keys.at(name, index))), None)
    stated = keys.number(*SHARED)
    if stated:
        return (
            stated * count if count and keys.has("moe_shared_expert_intermediate_size") else stated
        )
    if count is None and keys.text("model_type").startswith("llama4"):
        count = 1
    return own * (count or 0)


def _dense(keys: Keys, width: int, index: int) -> int:
    for name in WIDTH:
        if found := keys.at(name, index):
            rounded = keys.flag("block_auto_adjust_ff_dim")
            return _rounded(found) if rounded else _halved(keys, found)
    factor = keys.get("ffn_proj_factor")
    if isinstance(factor, float) and 0 < factor < 64:
        step = keys.number("ffn_round_up_to_multiple_of") or 1
        return -(-int(factor * width) // step) * step
    return (keys.number("expansion_ratio", "mlp_ratio") or 4) * width


def _halved(keys: Keys, stated: int) -> int:
    """RecurrentGemma states the gate and the rest together."""
    return stated // 2 if keys.has("lru_width") else stated


def _rounded(stated: int) -> int:
    """Two thirds of what is stated, to the next multiple of 256 (LFM2)."""
    return -(-(2 * stated // 3) // 256) * 256


def _sparse(keys: Keys, index: int, count: int) -> bool:
    """Whether this layer has experts."""
    types = keys.words("mlp_layer_types")
    if index < len(types):
        return types[index] != "dense"
    row = keys.numbers("moe_layer_freq")
    if index < len(row):
        return row[index] != 0
    if keys.text("moe_layers_enum"):
        return str(index) in {part.strip() for part in keys.text("moe_layers_enum").split(",")}
    return not _excepted(keys, index) and _turn(keys, index, count)


def _excepted(keys: Keys, index: int) -> bool:
    first = keys.whole("first_k_dense_replace") or keys.whole("num_dense_layers") or 0
    first = first or keys.whole("moe_layer_start_index") or 0
    return index < first or index in keys.numbers("mlp_only_layers")


def _turn(keys: Keys, index: int, count: int) -> bool:
    """Whether it is the turn of this layer, where only every so many have experts."""
    row = keys.numbers("moe_layers")
    if row and keys.text("model_type").startswith("llama4"):
        return index in row
    if every := keys.number("expert_layer_period"):
        return index % every == (keys.whole("expert_layer_offset") or 0)
    if every := keys.number("moe_layer_freq"):
        return index % every == 0
    every = keys.number("decoder_sparse_step", "interleave_moe_layer_step", "moe_layer_interval",
                        "moe_layer_frequency")  # fmt: skip
    last = keys.whole("moe_layer_end_index")
    return (index + 1) % (every or 1) == 0 and (last is None or last < 1 or index <= last)
