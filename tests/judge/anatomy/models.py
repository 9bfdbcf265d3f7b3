"""The few published numbers of well-known models that decide about memory."""

from typing import Any

Config = dict[str, Any]


def dense(
    width: int, layers: int, heads: int, kept: int, feed: int, words: int, **more: object
) -> Config:
    """A decoder of the Llama kind."""
    return {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": width,
        "num_hidden_layers": layers, "num_attention_heads": heads, "num_key_value_heads": kept,
        "intermediate_size": feed, "vocab_size": words, **more,
    }  # fmt: skip


def latent(width: int, layers: int, heads: int, words: int, **more: object) -> Config:
    """A decoder of the DeepSeek V3 kind."""
    return {
        "architectures": ["DeepseekV3ForCausalLM"], "hidden_size": width,
        "num_hidden_layers": layers, "num_attention_heads": heads, "num_key_value_heads": heads,
        "kv_lora_rank": 512, "qk_rope_head_dim": 64, "qk_nope_head_dim": 128, "v_head_dim": 128,
        "q_lora_rank": 1536, "vocab_size": words, "num_experts_per_tok": 8, "n_shared_experts": 1,
        "moe_intermediate_size": 2048, **more,
    }  # fmt: skip


LLAMA_8B = dense(4096, 32, 32, 8, 14336, 128256)
LLAMA_70B = dense(8192, 80, 64, 8, 28672, 128256)
LLAMA_405B = dense(16384, 126, 128, 8, 53248, 128256)
MISTRAL_7B = dense(4096, 32, 32, 8, 14336, 32000, sliding_window=4096, model_type="mistral")
MIXTRAL = dense(4096, 32, 32, 8, 14336, 32000, num_local_experts=8, num_experts_per_tok=2)
QWEN3_SMALL = dense(1024, 28, 16, 8, 3072, 151936, head_dim=128, tie_word_embeddings=True)
QWEN3_32B = dense(5120, 64, 64, 8, 25600, 151936, head_dim=128)
QWEN3_235B = dense(
    4096, 94, 64, 4, 12288, 151936, head_dim=128, num_experts=128, num_experts_per_tok=8,
    moe_intermediate_size=1536, decoder_sparse_step=1, mlp_only_layers=[],
)  # fmt: skip
DEEPSEEK_V3 = latent(
    7168, 61, 128, 129280, n_routed_experts=256, first_k_dense_replace=3, intermediate_size=18432,
    num_nextn_predict_layers=1,
)  # fmt: skip
KIMI_K2 = latent(
    7168, 61, 64, 163840, n_routed_experts=384, first_k_dense_replace=1, intermediate_size=18432
)
GLM_5 = latent(
    6144, 78, 64, 154880, n_routed_experts=256, first_k_dense_replace=3, intermediate_size=12288,
    q_lora_rank=2048, qk_nope_head_dim=192, v_head_dim=256, index_head_dim=128, index_n_heads=32,
)  # fmt: skip
GPT_OSS_120B = dense(
    2880, 36, 64, 8, 2880, 201088, model_type="gpt_oss", head_dim=64, num_local_experts=128,
    num_experts_per_tok=4, sliding_window=128,
    layer_types=["sliding_attention", "full_attention"] * 18,
    quantization_config={"quant_method": "mxfp4"},
)  # fmt: skip
GPT_OSS_20B = GPT_OSS_120B | {
    "num_hidden_layers": 24, "num_local_experts": 32,
    "layer_types": ["sliding_attention", "full_attention"] * 12,
}  # fmt: skip
GEMMA_3_27B = {
    "architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3",
    "text_config": {
        "model_type": "gemma3_text", "hidden_size": 5376, "num_hidden_layers": 62, "head_dim": 128,
        "num_attention_heads": 32, "num_key_value_heads": 16, "intermediate_size": 21504,
        "sliding_window": 1024, "vocab_size": 262208,
    },
}  # fmt: skip
GEMMA_4_26B = {
    "architectures": ["Gemma4ForConditionalGeneration"],
    "text_config": {
        "model_type": "gemma4_text", "hidden_size": 2816, "num_hidden_layers": 30, "head_dim": 256,
        "global_head_dim": 512, "attention_k_eq_v": True, "num_attention_heads": 16,
        "num_key_value_heads": 8, "num_global_key_value_heads": 2, "intermediate_size": 2112,
        "enable_moe_block": True, "num_experts": 128, "top_k_experts": 8, "sliding_window": 1024,
        "use_bidirectional_attention": "vision",
        "moe_intermediate_size": 704, "num_kv_shared_layers": 0, "vocab_size": 262144,
        "layer_types": [*["sliding_attention"] * 5, "full_attention"] * 5,
    },
}  # fmt: skip
QWEN35_27B = {
    "architectures": ["Qwen3_5ForConditionalGeneration"],
    "text_config": {
        "model_type": "qwen3_5_text", "hidden_size": 5120, "num_hidden_layers": 64,
        "head_dim": 256, "num_attention_heads": 24, "num_key_value_heads": 4,
        "intermediate_size": 17408, "full_attention_interval": 4, "attn_output_gate": True,
        "linear_conv_kernel_dim": 4, "linear_key_head_dim": 128, "linear_num_key_heads": 16,
        "linear_num_value_heads": 48, "linear_value_head_dim": 128, "vocab_size": 248320,
    },
}  # fmt: skip
NEMOTRON_3_NANO = {
    "architectures": ["NemotronHForCausalLM"], "model_type": "nemotron_h", "hidden_size": 2688,
    "hybrid_override_pattern": "MEMEM*E" * 2 + "MEMEM*E" * 3 + "MEMEMEM*E" + "MEMEMEME",
    "head_dim": 128, "num_attention_heads": 32, "num_key_value_heads": 2, "mamba_num_heads": 64,
    "mamba_head_dim": 64, "n_groups": 8, "ssm_state_size": 128, "conv_kernel": 4,
    "n_routed_experts": 128, "num_experts_per_tok": 6, "moe_intermediate_size": 1856,
    "moe_shared_expert_intermediate_size": 3712, "n_shared_experts": 1,
    "mlp_hidden_act": "relu2", "vocab_size": 131072,
}  # fmt: skip
DEEPSEEK_V4_FLASH = {
    "architectures": ["DeepseekV4ForCausalLM"], "hidden_size": 4096, "num_hidden_layers": 43,
    "num_attention_heads": 64, "num_key_value_heads": 1, "head_dim": 512, "q_lora_rank": 1024,
    "o_lora_rank": 1024, "o_groups": 8, "sliding_window": 128, "index_head_dim": 128,
    "index_n_heads": 64, "compress_ratios": [0, 0, *[4, 128] * 20, 4, 0],
    "n_routed_experts": 256, "num_experts_per_tok": 6, "n_shared_experts": 1,
    "moe_intermediate_size": 2048, "vocab_size": 129280, "num_nextn_predict_layers": 1,
    "expert_dtype": "fp4", "quantization_config": {"quant_method": "fp8"},
}  # fmt: skip
LLAMA_4_SCOUT = {
    "text_config": {
        "model_type": "llama4_text", "hidden_size": 5120, "num_hidden_layers": 48,
        "num_attention_heads": 40, "num_key_value_heads": 8, "head_dim": 128,
        "attention_chunk_size": 8192, "intermediate_size": 8192, "intermediate_size_mlp": 16384,
        "num_local_experts": 16, "num_experts_per_tok": 1, "interleave_moe_layer_step": 1,
        "vocab_size": 202048,
    },
}  # fmt: skip
MIMO_V2_FLASH = dense(
    4096, 48, 64, 4, 16384, 152576, model_type="mimo_v2_flash", head_dim=192, v_head_dim=128,
    swa_num_key_value_heads=8, swa_head_dim=192, swa_v_head_dim=128, sliding_window=128,
    attention_chunk_size=128, hybrid_layer_pattern=[0, *[1] * 4, *[0, *[1] * 5] * 7, 0],
    moe_layer_freq=[0, *[1] * 47], n_routed_experts=256, num_experts_per_tok=8,
    moe_intermediate_size=2048,
)  # fmt: skip
KIMI_K3 = latent(
    7168, 93, 96, 163840,
    linear_attn_config={
        "full_attn_layers": [*range(4, 93, 4), 93], "kda_layers": [],
        "num_heads": 96, "head_dim": 128, "short_conv_kernel_size": 4,
    },
)  # fmt: skip
KIMI_K3["linear_attn_config"]["kda_layers"] = sorted(
    set(range(1, 94)) - set(KIMI_K3["linear_attn_config"]["full_attn_layers"])
)
WHISPER_LARGE = {
    "architectures": ["WhisperForConditionalGeneration"], "model_type": "whisper", "d_model": 1280,
    "encoder_layers": 32, "decoder_layers": 32, "num_hidden_layers": 32, "num_mel_bins": 128,
    "encoder_attention_heads": 20, "decoder_attention_heads": 20, "encoder_ffn_dim": 5120,
    "decoder_ffn_dim": 5120, "max_source_positions": 1500, "max_target_positions": 448,
    "vocab_size": 51866, "is_encoder_decoder": True,
}  # fmt: skip
T5_SMALL = {
    "architectures": ["T5ForConditionalGeneration"], "model_type": "t5", "d_model": 512,
    "d_kv": 64, "num_heads": 8, "d_ff": 2048, "num_layers": 6, "num_decoder_layers": 6,
    "n_positions": 512, "vocab_size": 32128, "is_encoder_decoder": True,
}  # fmt: skip
BERT_BASE = {
    "architectures": ["BertModel"], "model_type": "bert", "hidden_size": 768,
    "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072,
    "vocab_size": 30522, "max_position_embeddings": 512,
}  # fmt: skip
GPT_2 = {
    "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "n_embd": 768, "n_layer": 12,
    "n_head": 12, "n_positions": 1024, "vocab_size": 50257,
}  # fmt: skip
FALCON_7B = {
    "architectures": ["FalconForCausalLM"], "model_type": "falcon", "hidden_size": 4544,
    "num_hidden_layers": 32, "num_attention_heads": 71, "multi_query": True, "vocab_size": 65024,
}  # fmt: skip
FALCON_40B = {
    "architectures": ["FalconForCausalLM"], "model_type": "falcon", "hidden_size": 8192,
    "num_hidden_layers": 60, "num_attention_heads": 128, "num_kv_heads": 8, "multi_query": True,
    "new_decoder_architecture": True, "vocab_size": 65024,
}  # fmt: skip
MAMBA_2_8B = {
    "architectures": ["MambaForCausalLM"], "model_type": "mamba", "hidden_size": 2560,
    "num_hidden_layers": 64, "intermediate_size": 5120, "state_size": 16, "conv_kernel": 4,
    "time_step_rank": 160, "expand": 2, "vocab_size": 50280, "tie_word_embeddings": True,
}  # fmt: skip
JAMBA = dense(
    4096, 32, 32, 8, 14336, 65536, model_type="jamba", attn_layer_period=8, attn_layer_offset=4,
    expert_layer_period=2, expert_layer_offset=1, num_experts=16, num_experts_per_tok=2,
    mamba_d_state=16, mamba_d_conv=4, mamba_expand=2, mamba_dt_rank=256,
)  # fmt: skip
FALCON_H1 = dense(
    2048, 24, 8, 2, 4096, 65536, model_type="falcon_h1", head_dim=128, mamba_d_ssm=3072,
    mamba_n_heads=48, mamba_d_head=64, mamba_d_state=256, mamba_n_groups=1, mamba_d_conv=4,
)  # fmt: skip
LFM2 = dense(
    2048, 16, 32, 8, 0, 65536, model_type="lfm2", full_attn_idxs=[2, 5, 8, 10, 12, 14],
    conv_L_cache=3, block_ff_dim=12288, block_auto_adjust_ff_dim=True, tie_word_embeddings=True,
)  # fmt: skip
NEMOTRON_SUPER = dense(
    8192, 2, 64, 64, 0, 128256, model_type="nemotron-nas",
    block_configs=[
        {"attention": {"n_heads_in_group": 8, "no_op": False}, "ffn": {"ffn_mult": 5.25}},
        {"attention": {"n_heads_in_group": None, "no_op": True}, "ffn": {"ffn_mult": 0.5}},
    ],
)  # fmt: skip
GEMMA_3N = {
    "text_config": {
        "model_type": "gemma3n_text", "hidden_size": 2048, "num_hidden_layers": 10, "head_dim": 256,
        "num_attention_heads": 8, "num_key_value_heads": 2, "num_kv_shared_layers": 4,
        "intermediate_size": [8192] * 10, "sliding_window": 512, "vocab_size": 262400,
        "hidden_size_per_layer_input": 256, "vocab_size_per_layer_input": 262144,
        "layer_types": [*["sliding_attention"] * 4, "full_attention"] * 2,
    },
}  # fmt: skip
LLAMA_VISION = {
    "text_config": dense(4096, 40, 32, 8, 14336, 128256, model_type="mllama_text_model",
                         cross_attention_layers=[3, 8, 13, 18, 23, 28, 33, 38]),
    "vision_config": {
        "hidden_size": 1280, "num_hidden_layers": 32, "attention_heads": 16, "image_size": 560,
        "patch_size": 14, "max_num_tiles": 4, "intermediate_size": 5120,
    },
}  # fmt: skip
