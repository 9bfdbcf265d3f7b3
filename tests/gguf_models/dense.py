"""Decoders whose layers are all attention and one feed-forward part."""

from tests.gguf_models.layouts import Layout, Mix, medium, plain
from tests.gguf_models.writer import Model


def llama(
    name: str, layers: int, width: int, heads: int, kv: int, feed: int, vocabulary: int,
    mix: Mix = medium, *, key: int = 128, architecture: str = "llama", bias: bool = False,
    normed: bool = False, tied: bool = False,
) -> Model:  # fmt: skip
    """Llama and its many likes: Qwen2 has biases, Qwen3 normed queries and keys."""
    made = Layout(architecture, mix, layers, width, vocabulary)
    made.heads(heads, kv, key)
    made.keys(feed_forward_length=feed, rope__freq_base=500000.0)
    made.ends(tied)
    for layer in made.each():
        made.norm("attn_norm", "ffn_norm", layer=layer)
        made.attention(layer, heads, kv, key, bias=bias, normed=key if normed else 0)
        made.feed(layer, feed)
    return made.model(name)


def gemma(
    name: str, architecture: str, layers: int, width: int, heads: int, kv: int, feed: int,
    vocabulary: int, *, mix: Mix = medium, key: int = 256, window: int = 0,
) -> Model:  # fmt: skip
    """Gemma 1 to 3: tied, wide heads, from 2 on norms after each part and windows."""
    made = Layout(architecture, mix, layers, width, vocabulary)
    made.heads(heads, kv, key)
    made.keys(feed_forward_length=feed)
    if window:
        made.keys(attention__sliding_window=window)
    made.ends(tied=True)
    for layer in made.each():
        made.norm("attn_norm", "ffn_norm", layer=layer)
        if architecture != "gemma":
            made.norm("post_attention_norm", "post_ffw_norm", layer=layer)
        made.attention(layer, heads, kv, key, normed=key if architecture == "gemma3" else 0)
        made.feed(layer, feed)
    return made.model(name)


def gemma3n(name: str, layers: int, width: int, feed: int, vocabulary: int, mix: Mix) -> Model:
    """Gemma 3n: four streams, an embedding per layer, later layers that borrow keys."""
    made = Layout("gemma3n", mix, layers, width, vocabulary)
    made.heads(8, 2, 256)
    each, low = 256, 64
    made.keys(
        feed_forward_length=feed, attention__sliding_window=512, altup__num_inputs=4,
        altup__active_idx=0, embedding_length_per_layer_input=each,
        attention__shared_kv_layers=layers - 20,
        attention__sliding_window_pattern=[layer % 5 != 4 for layer in range(layers)],
    )  # fmt: skip
    made.ends(tied=True)
    made.exact("altup_proj.weight", width, width, 3)
    made.exact("altup_unembd_proj.weight", width, width, 3)
    made.matrix("per_layer_token_embd", each * layers, vocabulary)
    made.matrix("per_layer_model_proj", width, each * layers)
    made.norm("per_layer_proj_norm", width=each)
    for layer in made.each():
        made.norm("attn_norm", "ffn_norm", "post_attention_norm", "post_ffw_norm", layer=layer)
        made.attention(layer, 8, 2, 256, normed=256)
        made.feed(layer, feed)
        made.matrix("inp_gate", width, each, layer=layer)
        made.matrix("proj", each, width, layer=layer)
        made.norm("post_norm", "altup_router_norm", "laurel_post_norm", layer=layer)
        made.exact("altup_correct_coef.weight", 4, 4, layer=layer)
        made.exact("altup_predict_coef.weight", 4, 16, layer=layer)
        made.exact("altup_correct_scale.weight", width, layer=layer)
        made.exact("altup_router.weight", width, 4, layer=layer)
        made.matrix("laurel_l", width, low, layer=layer)
        made.matrix("laurel_r", low, width, layer=layer)
    return made.model(name)


def olmo2(
    name: str, layers: int, width: int, heads: int, kv: int, feed: int, vocabulary: int
) -> Model:
    """OLMo 2: norms only after each part, queries and keys normed over all heads."""
    made = Layout("olmo2", medium, layers, width, vocabulary)
    made.heads(heads, kv, width // heads)
    made.keys(feed_forward_length=feed)
    made.ends()
    for layer in made.each():
        made.norm("post_attention_norm", "post_ffw_norm", layer=layer)
        made.attention(layer, heads, kv, width // heads)
        made.norm("attn_q_norm", layer=layer)
        made.norm("attn_k_norm", layer=layer, width=kv * width // heads)
        made.feed(layer, feed)
    return made.model(name)


def phi3(name: str, layers: int, width: int, heads: int, feed: int, vocabulary: int) -> Model:
    """Phi 3: one matrix for queries, keys and values, one for gate and up."""
    made = Layout("phi3", medium, layers, width, vocabulary)
    made.heads(heads, heads, width // heads)
    made.keys(feed_forward_length=feed, rope__scaling__original_context_length=4096)
    made.ends()
    for layer in made.each():
        made.norm("attn_norm", "ffn_norm", layer=layer)
        made.attention(layer, heads, heads, width // heads, fused=True)
        made.matrix("ffn_up", width, feed * 2, layer=layer)
        made.matrix("ffn_down", feed, width, layer=layer)
    return made.model(name)


def starcoder2(name: str, layers: int, width: int, heads: int, kv: int, feed: int) -> Model:
    """StarCoder 2: biases everywhere, no gate, tied."""
    made = Layout("starcoder2", plain("Q8_0"), layers, width, 49152)
    made.heads(heads, kv, width // heads)
    made.keys(feed_forward_length=feed)
    made.ends(tied=True, bias=True)
    for layer in made.each():
        made.norm("attn_norm", "ffn_norm", layer=layer, bias=True)
        made.attention(layer, heads, kv, width // heads, bias=True, output_bias=True)
        made.feed(layer, feed, gated=False, bias=True)
    return made.model(name)


def starcoder(name: str, layers: int, width: int, heads: int, feed: int) -> Model:
    """StarCoder 1: one KV head for all, learned positions."""
    made = Layout("starcoder", plain("Q8_0"), layers, width, 49152)
    made.heads(heads, 1, width // heads)
    made.keys(feed_forward_length=feed, context_length=8192)
    made.ends(bias=True)
    made.exact("position_embd.weight", width, 8192)
    for layer in made.each():
        made.norm("attn_norm", "ffn_norm", layer=layer, bias=True)
        made.attention(layer, heads, 1, width // heads, bias=True, output_bias=True, fused=True)
        made.feed(layer, feed, gated=False, bias=True)
    return made.model(name)


def command_r(name: str, layers: int, width: int, heads: int, kv: int, feed: int) -> Model:
    """Command R: attention and feed-forward part side by side, tied, a vocabulary of 256k."""
    made = Layout("command-r", medium, layers, width, 256000)
    made.heads(heads, kv, width // heads)
    made.keys(feed_forward_length=feed, logit_scale=0.0625)
    made.ends(tied=True)
    for layer in made.each():
        made.norm("attn_norm", layer=layer)
        made.attention(layer, heads, kv, width // heads)
        made.feed(layer, feed)
    return made.model(name)
