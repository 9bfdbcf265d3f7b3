"""Decoders with experts, and those with latent attention."""

from tests.gguf_models.layouts import Layout, Mix, medium, plain
from tests.gguf_models.writer import Model


def mixture(
    name: str, architecture: str, layers: int, width: int, heads: int, kv: int, feed: int,
    *, experts: int, used: int, vocabulary: int, key: int = 128, mix: Mix = medium,
    normed: bool = False,
) -> Model:  # fmt: skip
    """Mixtral (as llama) and Qwen3 MoE: every layer has experts."""
    made = Layout(architecture, mix, layers, width, vocabulary)
    made.heads(heads, kv, key)
    made.keys(
        feed_forward_length=feed, expert_feed_forward_length=feed, expert_count=experts,
        expert_used_count=used,
    )  # fmt: skip
    made.ends()
    for layer in made.each():
        made.norm("attn_norm", "ffn_norm", layer=layer)
        made.attention(layer, heads, kv, key, normed=key if normed else 0)
        made.experts(layer, feed, experts)
    return made.model(name)


def gpt_oss(name: str, layers: int, experts: int) -> Model:
    """gpt-oss: every second layer with a window of 128, sinks, biases, MXFP4 experts."""
    width, feed, heads, kv, key = 2880, 2880, 64, 8, 64
    made = Layout("gpt-oss", lambda n, _: "MXFP4" if "exps" in n else "Q8_0", layers, width, 201088)
    made.heads(heads, kv, key)
    made.keys(
        feed_forward_length=feed, expert_feed_forward_length=feed, expert_count=experts,
        expert_used_count=4, attention__sliding_window=128,
    )  # fmt: skip
    made.ends()
    for layer in made.each():
        made.norm("attn_norm", "post_attention_norm", layer=layer)
        made.attention(layer, heads, kv, key, bias=True, output_bias=True)
        made.exact("attn_sinks.weight", heads, layer=layer)
        made.experts(layer, feed, experts)
        made.exact("ffn_gate_inp.bias", experts, layer=layer)
        for part in ("gate", "up"):
            made.exact(f"ffn_{part}_exps.bias", feed, experts, layer=layer)
        made.exact("ffn_down_exps.bias", width, experts, layer=layer)
    return made.model(name)


def llama4(name: str, layers: int, experts: int, step: int) -> Model:
    """Llama 4: chunks of 8192 in three of four layers, one expert and a shared one."""
    width, heads, kv, feed = 5120, 40, 8, 8192
    made = Layout("llama4", medium, layers, width, 202048)
    made.heads(heads, kv, 128)
    made.keys(
        feed_forward_length=16384, expert_feed_forward_length=feed, expert_count=experts,
        expert_used_count=1, interleave_moe_layer_step=step, attention__chunk_size=8192,
    )  # fmt: skip
    made.ends()
    for layer in made.each():
        made.norm("attn_norm", "ffn_norm", layer=layer)
        made.attention(layer, heads, kv, 128)
        if (layer + 1) % step == 0:
            made.experts(layer, feed, experts, shared=feed)
        else:
            made.feed(layer, 16384)
    return made.model(name)


def deepseek2(
    name: str, layers: int, width: int, heads: int, feed: int, expert: int, experts: int,
    *, used: int, vocabulary: int, query: int = 0, dense: int = 1, shared: int = 2,
) -> Model:  # fmt: skip
    """DeepSeek V2 and V3: latent attention, a dense layer or more first, shared experts."""
    made = Layout("deepseek2", plain("Q4_K"), layers, width, vocabulary)
    rank, rope, nope, value = 512, 64, 128, 128
    made.heads(heads, 1, rank + rope, rank, rope)
    made.keys(
        feed_forward_length=feed, expert_feed_forward_length=expert, expert_count=experts,
        expert_used_count=used, expert_shared_count=shared, leading_dense_block_count=dense,
        expert_weights_scale=1.0, attention__kv_lora_rank=rank,
        expert_gating_func=2 if query else 1,
        attention__key_length_mla=nope + rope, attention__value_length_mla=value,
        rope__scaling__yarn_log_multiplier=0.0707,
    )  # fmt: skip
    if query:
        made.keys(attention__q_lora_rank=query)
    made.ends()
    for layer in made.each():
        made.norm("attn_norm", "ffn_norm", layer=layer)
        if query:
            made.matrix("attn_q_a", width, query, layer=layer)
            made.norm("attn_q_a_norm", layer=layer, width=query)
            made.matrix("attn_q_b", query, heads * (nope + rope), layer=layer)
        else:
            made.matrix("attn_q", width, heads * (nope + rope), layer=layer)
        made.matrix("attn_kv_a_mqa", width, rank + rope, layer=layer)
        made.norm("attn_kv_a_norm", layer=layer, width=rank)
        made.matrix("attn_k_b", nope, rank, heads, layer=layer)
        made.matrix("attn_v_b", rank, value, heads, layer=layer)
        made.matrix("attn_output", heads * value, width, layer=layer)
        if layer < dense:
            made.feed(layer, feed)
            continue
        made.experts(layer, expert, experts, shared=expert * shared)
        if query:
            made.exact("exp_probs_b.bias", experts, layer=layer)
    return made.model(name)
