"""Models whose layers, some or all, keep a state that does not grow."""

from tests.gguf_models.layouts import Layout, Mix, medium, plain
from tests.gguf_models.writer import Model


def _ssm(made: Layout, inner: int, state: int, kernel: int, rank: int, groups: int = 0) -> None:
    made.keys(
        ssm__conv_kernel=kernel, ssm__inner_size=inner, ssm__state_size=state,
        ssm__time_step_rank=rank,
    )  # fmt: skip
    if groups:
        made.keys(ssm__group_count=groups)


def _mamba1(made: Layout, layer: int, inner: int, state: int, kernel: int, rank: int) -> None:
    made.matrix("ssm_in", made.width, inner * 2, layer=layer)
    made.exact("ssm_conv1d.weight", kernel, inner, layer=layer)
    made.exact("ssm_conv1d.bias", inner, layer=layer)
    made.matrix("ssm_x", inner, rank + 2 * state, layer=layer)
    made.matrix("ssm_dt", rank, inner, layer=layer)
    made.exact("ssm_dt.bias", inner, layer=layer)
    made.exact("ssm_a", state, inner, layer=layer)
    made.exact("ssm_d", inner, layer=layer)
    made.matrix("ssm_out", inner, made.width, layer=layer)


def _mamba2(
    made: Layout, layer: int, inner: int, state: int, kernel: int, heads: int, groups: int
) -> None:
    wide = inner + 2 * groups * state
    made.matrix("ssm_in", made.width, inner + wide + heads, layer=layer)
    made.exact("ssm_conv1d.weight", kernel, wide, layer=layer)
    made.exact("ssm_conv1d.bias", wide, layer=layer)
    made.exact("ssm_dt.bias", heads, layer=layer)
    made.exact("ssm_a", 1, heads, layer=layer)
    made.exact("ssm_d", 1, heads, layer=layer)
    made.exact("ssm_norm.weight", inner // groups, groups, layer=layer)
    made.matrix("ssm_out", inner, made.width, layer=layer)


def mamba(name: str, layers: int, width: int, vocabulary: int) -> Model:
    """Mamba: no attention, no feed-forward part."""
    made = Layout("mamba", plain("Q8_0"), layers, width, vocabulary)
    inner, rank = width * 2, width // 16
    _ssm(made, inner, 16, 4, rank)
    made.keys(
        attention__head_count=0, feed_forward_length=0, attention__layer_norm_rms_epsilon=1e-5
    )
    made.ends()
    for layer in made.each():
        made.norm("attn_norm", layer=layer)
        _mamba1(made, layer, inner, 16, 4, rank)
    return made.model(name)


def mamba2(name: str, layers: int, width: int, vocabulary: int, state: int = 128) -> Model:
    """Mamba 2: heads of 64, groups."""
    made = Layout("mamba2", plain("Q8_0"), layers, width, vocabulary)
    inner = width * 2
    _ssm(made, inner, state, 4, inner // 64, 1)
    made.keys(
        attention__head_count=0, feed_forward_length=0, attention__layer_norm_rms_epsilon=1e-5
    )
    made.ends()
    for layer in made.each():
        made.norm("attn_norm", layer=layer)
        _mamba2(made, layer, inner, state, 4, inner // 64, 1)
    return made.model(name)


def jamba(name: str, layers: int, width: int, experts: int, vocabulary: int = 65536) -> Model:
    """Jamba: attention in one of eight layers, experts in every second."""
    made = Layout("jamba", medium, layers, width, vocabulary)
    kv = [8 if layer % 8 == 4 else 0 for layer in range(layers)]
    feed, inner, rank = width * 7 // 2, width * 2, width // 16
    made.heads(32, kv, width // 32)
    _ssm(made, inner, 16, 4, rank)
    made.keys(feed_forward_length=feed, expert_count=experts, expert_used_count=2)
    made.ends()
    for layer in made.each():
        made.norm("attn_norm", "ffn_norm", layer=layer)
        if kv[layer]:
            made.attention(layer, 32, 8, width // 32)
        else:
            _mamba1(made, layer, inner, 16, 4, rank)
            made.norm("ssm_dt_norm", layer=layer, width=rank)
            made.norm("ssm_b_norm", "ssm_c_norm", layer=layer, width=16)
        if layer % 2:
            made.experts(layer, feed, experts)
        else:
            made.feed(layer, feed)
    return made.model(name)


def granite_hybrid(
    name: str, layers: int, width: int, experts: int, expert: int, mix: Mix = medium
) -> Model:
    """Granite 4: Mamba 2 with attention in one of ten layers; experts and a shared one."""
    made = Layout("granitehybrid", mix, layers, width, 100352)
    kv = [4 if layer % 10 == 5 else 0 for layer in range(layers)]
    heads, state, inner = width // 128, 128, width * 2
    made.heads(heads, kv, 128)
    _ssm(made, inner, state, 4, inner // 64, 1)
    made.keys(
        feed_forward_length=expert, expert_count=experts, expert_used_count=6,
        expert_shared_feed_forward_length=expert * 2, embedding_scale=12.0, residual_scale=0.22,
        logit_scale=6.0, attention__scale=0.0078,
    )  # fmt: skip
    made.ends(tied=True)
    for layer in made.each():
        made.norm("attn_norm", "ffn_norm", layer=layer)
        if kv[layer]:
            made.attention(layer, heads, kv[layer], 128)
        else:
            _mamba2(made, layer, inner, state, 4, inner // 64, 1)
        if experts:
            made.experts(layer, expert, experts, shared=expert * 2)
        else:
            made.feed(layer, expert)
    return made.model(name)


def nemotron_h(name: str, kinds: str, width: int, feed: int) -> Model:
    """Nemotron-H: each layer is Mamba 2 (M), attention (*) or a feed-forward part (-)."""
    made = Layout("nemotron_h", medium, len(kinds), width, 131072)
    made.heads(32, [8 if kind == "*" else 0 for kind in kinds], 128)
    made.keys(feed_forward_length=[feed if kind == "-" else 0 for kind in kinds])
    heads, groups, state = 128, 8, 128
    inner = heads * 64
    _ssm(made, inner, state, 4, heads, groups)
    made.ends()
    for layer, kind in enumerate(kinds):
        made.norm("attn_norm", layer=layer)
        if kind == "M":
            _mamba2(made, layer, inner, state, 4, heads, groups)
        elif kind == "*":
            made.attention(layer, 32, 8, 128)
        else:
            made.feed(layer, feed, gated=False)
    return made.model(name)


def qwen3next(name: str, layers: int, width: int, experts: int, expert: int) -> Model:
    """Qwen3 Next: gated delta nets, gated attention in every fourth layer, experts."""
    made = Layout("qwen3next", medium, layers, width, 151936)
    heads, kv, key, inner, groups, state, rank = 16, 2, 256, 4096, 16, 128, 32
    made.heads(heads, kv, key, rope=64)
    _ssm(made, inner, state, 4, rank, groups)
    made.keys(
        feed_forward_length=expert * 10, expert_feed_forward_length=expert, expert_count=experts,
        expert_used_count=10, expert_shared_feed_forward_length=expert,
        full_attention_interval=4,
    )  # fmt: skip
    made.ends()
    for layer in made.each():
        made.norm("attn_norm", "post_attention_norm", layer=layer)
        if layer % 4 == 3:
            made.attention(layer, heads, kv, key, normed=key, gated=True)
        else:
            delta(made, layer, inner, state, groups, rank)
            made.matrix("ssm_ba", width, rank * 2, layer=layer)
        made.experts(layer, expert, experts, shared=expert)
        made.exact("ffn_gate_inp_shexp.weight", width, layer=layer)
    return made.model(name)


def qwen35(name: str, layers: int, width: int, heads: int, kv: int, feed: int) -> Model:
    """Qwen3.5: gated delta nets and gated attention, with plain feed-forward parts."""
    made = Layout("qwen35", medium, layers, width, 248320)
    key, groups, state, rank = 256, 16, 128, 32
    inner = rank * 128
    made.heads(heads, kv, key, rope=64)
    _ssm(made, inner, state, 4, rank, groups)
    made.keys(
        feed_forward_length=feed,
        full_attention_interval=4,
        rope__dimension_sections=[11, 11, 10, 0],
    )
    made.ends()
    for layer in made.each():
        made.norm("attn_norm", "post_attention_norm", layer=layer)
        if layer % 4 == 3:
            made.attention(layer, heads, kv, key, normed=key, gated=True)
        else:
            delta(made, layer, inner, state, groups, rank)
            made.matrix("ssm_beta", width, rank, layer=layer)
            made.matrix("ssm_alpha", width, rank, layer=layer)
        made.feed(layer, feed)
    return made.model(name)


def delta(made: Layout, layer: int, inner: int, state: int, groups: int, rank: int) -> None:
    """The tensors of a gated delta net."""
    wide = inner + 2 * groups * state
    made.matrix("attn_qkv", made.width, wide, layer=layer)
    made.matrix("attn_gate", made.width, inner, layer=layer)
    made.exact("ssm_conv1d.weight", 4, wide, layer=layer)
    made.exact("ssm_dt.bias", rank, layer=layer)
    made.exact("ssm_a", rank, layer=layer)
    made.norm("ssm_norm", layer=layer, width=inner // rank)
    made.matrix("ssm_out", inner, made.width, layer=layer)


def lfm2(name: str, layers: int, width: int, feed: int) -> Model:
    """LFM2: short convolutions and attention."""
    made = Layout("lfm2", medium, layers, width, 65536)
    kv = [8 if layer % 3 == 2 else 0 for layer in range(layers)]
    made.heads(32, kv, width // 32)
    made.keys(feed_forward_length=feed, shortconv__l_cache=3)
    made.ends(tied=True, final="token_embd_norm")
    for layer in made.each():
        made.norm("attn_norm", "ffn_norm", layer=layer)
        if kv[layer]:
            made.attention(layer, 32, 8, width // 32, normed=width // 32)
        else:
            made.exact("shortconv.conv.weight", 3, width, layer=layer)
            made.matrix("shortconv.in_proj", width, width * 3, layer=layer)
            made.matrix("shortconv.out_proj", width, width, layer=layer)
        made.feed(layer, feed)
    return made.model(name)


def rwkv7(name: str, layers: int, width: int, vocabulary: int = 65536) -> Model:
    """RWKV 7."""
    made = Layout("rwkv7", plain("Q8_0"), layers, width, vocabulary)
    decay, iclr, mix, gate, feed = 64, 64, 32, 128, width * 4
    made.keys(
        attention__layer_norm_epsilon=1e-5, wkv__head_size=64, feed_forward_length=feed,
        attention__decay_lora_rank=decay, attention__iclr_lora_rank=iclr,
        attention__value_residual_mix_lora_rank=mix, attention__gate_lora_rank=gate,
        token_shift_count=2, attention__head_count=0,
    )  # fmt: skip
    made.ends(bias=True)
    made.norm("token_embd_norm", bias=True)
    for layer in made.each():
        made.norm("attn_norm", "attn_norm_2", layer=layer, bias=True)
        made.exact("time_mix_w0.weight", width, layer=layer)
        for part, rank in (("w", decay), ("a", iclr), ("g", gate), ("v", mix)):
            made.matrix(
                f"time_mix_{part}1", width, rank if layer or part != "v" else iclr, layer=layer
            )
            made.matrix(
                f"time_mix_{part}2", rank if layer or part != "v" else iclr, width, layer=layer
            )
        made.exact("time_mix_a0.weight", width, layer=layer)
        made.exact("time_mix_v0.weight", width, layer=layer)
        made.exact("time_mix_lerp_fused.weight", width, 1, 1, 6, layer=layer)
        for part in ("k_k", "k_a"):
            made.exact(f"time_mix_{part}.weight", width, layer=layer)
        made.exact("time_mix_r_k.weight", width, layer=layer)
        for part in ("key", "value", "receptance", "output"):
            made.matrix(f"time_mix_{part}", width, width, layer=layer)
        made.norm("time_mix_ln", layer=layer, bias=True)
        made.exact("channel_mix_lerp_k.weight", width, 1, 1, layer=layer)
        made.matrix("channel_mix_key", width, feed, layer=layer)
        made.matrix("channel_mix_value", feed, width, layer=layer)
    return made.model(name)
