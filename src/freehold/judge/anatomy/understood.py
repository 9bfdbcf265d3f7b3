"""Finds the keys that speak of state and that no reader has asked for: what they do is unknown."""

import re

from freehold.judge.anatomy.keys import Keys

SPEAKING = re.compile(
    r"att|kv|head|window|mamba|ssm|conv|recurr|rwkv|lstm|linear_|state|chunk|latent|lora_rank|"
    r"compress|memory|swa_|hybrid|sliding|cross|delta|layer_types|block_type|dim_factor"
)
"""Parts of names of keys that decide what a layer keeps."""
HARMLESS = re.compile(
    r"bias|drop|eps|multiplier|theta|scal|softcap|_act$|dtype|kernel|norm|init|fp32|tuning|"
    r"interleav|prun|alpha|beta|flash|sdpa|implementation|cache|return_|output_|rope|rotary|"
    r"activation|loss|cut_off|lower_bound|max_distance|num_buckets|chunk_size|pre_attn|mask|"
    r"keep_window|classifier|_gate$|_ids?$|token"
)
"""Parts of names of keys that change how a layer computes, never how much it keeps."""
ALSO = frozenset((
    "num_attention_heads", "num_heads", "n_heads", "n_head", "num_key_value_heads", "num_kv_heads",
    "head_dim", "v_head_dim", "qk_head_dim", "qk_nope_head_dim", "qk_rope_head_dim",
    "attention_head_dim", "mamba_expand", "mamba_head_dim", "mamba_d_head", "mamba_d_ssm",
    "sliding_window", "sliding_window_size", "sliding_window_pattern", "_sliding_window_pattern",
    "use_sliding_window", "max_window_layers", "attention_chunk_size", "attention_window_size",
    "attn_type_list", "hybrid_override_pattern", "hybrid_layer_pattern", "layer_types",
    "layers_block_type", "block_types", "attention_layers", "global_attn_every_n_layers",
    "full_attention_interval", "linear_attn_config", "linear_attn_alpha_factor", "parallel_attn",
    "multi_query_attention", "encoder_attention_heads", "decoder_attention_heads",
    "attention_hidden_size", "attn_config", "mamba_dt_rank", "mamba_n_heads", "state_size",
    "is_encoder_decoder", "attention_type", "use_mqa", "shared_head", "local_attention",
    "global_head_dim", "num_global_key_value_heads", "mtp_hybrid_override_pattern",
    "mtp_layers_block_type", "moe_latent_size", "cross_attention_hidden_size", "o_lora_rank",
    "q_lora_rank", "index_head_dim", "index_n_heads", "conv_kernel", "kv_lora_rank", "lm_head",
    "relative_attention", "hybrid_layer_ids", "attn_layer_indices", "window_size",
    "attn_res_block_size", "use_bidirectional_attention", "attention_types", "full_attn_idxs",
    "attn_layer_period", "attn_layer_offset", "kv_channels", "d_kv", "max_inference_chunksize",
))  # fmt: skip
"""Keys that are read, but not in every model that states them."""


def not_understood(keys: Keys) -> tuple[str, ...]:
    """The keys of this configuration that speak of state, say something, and were never read."""
    return tuple(
        name
        for name, value in keys.table.items()
        if isinstance(name, str)
        and value not in (None, False, 0, "", [], {})
        and name not in keys.asked
        and name not in ALSO
        and SPEAKING.search(name.casefold())
        and not HARMLESS.search(name.casefold())
    )


def doubt_the_rest(keys: Keys) -> None:
    """Note what is not understood: at most three keys by name."""
    found = not_understood(keys)
    if found:
        named = ", ".join(name[:40] for name in found[:3])
        keys.doubt(f"not understood: {named}; more may be kept than is counted")
