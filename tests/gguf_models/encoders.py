"""Models that give vectors, and those with an encoder and a decoder."""

from tests.gguf_models.layouts import Layout, plain
from tests.gguf_models.writer import Model


def bert(name: str, architecture: str, layers: int, width: int, heads: int, feed: int) -> Model:
    """BERT, and Nomic's with rotary positions and a gate."""
    nomic = architecture == "nomic-bert"
    made = Layout(architecture, plain("F16"), layers, width, 30522)
    made.heads(heads, heads, width // heads)
    made.keys(
        feed_forward_length=feed, context_length=2048 if nomic else 512, attention__causal=False,
        pooling_type=1, tokenizer__ggml__token_type_count=2,
    )  # fmt: skip
    made.metadata["tokenizer.ggml.token_type_count"] = 2
    made.matrix("token_embd", width, 30522)
    made.matrix("token_types", width, 2)
    made.norm("token_embd_norm", bias=True)
    if not nomic:
        made.matrix("position_embd", width, 512)
    for layer in made.each():
        made.attention(
            layer, heads, heads, width // heads, bias=not nomic, output_bias=not nomic, fused=nomic
        )
        made.norm("attn_output_norm", "layer_output_norm", layer=layer, bias=True)
        made.feed(layer, feed, gated=nomic, bias=not nomic)
    return made.model(name)


def t5(name: str, layers: int, width: int, heads: int, feed: int) -> Model:
    """T5: an encoder and a decoder that attends to it."""
    made = Layout("t5", plain("Q8_0"), layers, width, 32128)
    key = 64
    made.heads(heads, heads, key)
    made.keys(
        feed_forward_length=feed, context_length=512, decoder_start_token_id=0,
        attention__relative_buckets_count=32, decoder_block_count=layers,
    )  # fmt: skip
    made.matrix("token_embd", width, 32128)
    made.matrix("output", width, 32128)
    made.norm("enc.output_norm", "dec.output_norm")
    for side in ("enc", "dec"):
        for layer in made.each():
            if layer == 0:
                made.exact(f"{side}.attn_rel_b.weight", heads, 32, layer=layer)
            for part in ("attn", "cross_attn") if side == "dec" else ("attn",):
                made.norm(f"{side}.{part}_norm", layer=layer)
                for one in ("q", "k", "v"):
                    made.matrix(f"{side}.{part}_{one}", width, heads * key, layer=layer)
                made.matrix(f"{side}.{part}_o", heads * key, width, layer=layer)
            made.norm(f"{side}.ffn_norm", layer=layer)
            for one in ("gate", "up"):
                made.matrix(f"{side}.ffn_{one}", width, feed, layer=layer)
            made.matrix(f"{side}.ffn_down", feed, width, layer=layer)
    return made.model(name)
