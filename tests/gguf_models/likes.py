"""Decoders that are like Llama or Mixtral but for a norm, a bias, or where things stand."""

from collections.abc import Iterator

from tests.gguf_models.layouts import Layout, plain
from tests.gguf_models.writer import Model, Value

KEYS: dict[str, dict[str, Value]] = {
    "granite": {
        "logit_scale": 8.0, "embedding_scale": 12.0, "residual_scale": 0.22,
        "attention__scale": 0.0078,
    },
    "granitemoe": {
        "logit_scale": 8.0, "embedding_scale": 12.0, "residual_scale": 0.22,
        "attention__scale": 0.0078,
    },
    "gptneox": {"use_parallel_residual": True},
    "qwen2vl": {"rope__dimension_sections": [16, 24, 24, 0]},
    "qwen3vl": {"rope__dimension_sections": [24, 20, 20, 0], "n_deepstack_layers": 3},
    "qwen3vlmoe": {"rope__dimension_sections": [24, 20, 20, 0], "n_deepstack_layers": 3},
    "cohere2": {"attention__sliding_window": 4096, "logit_scale": 0.25},
    "glm4moe": {
        "leading_dense_block_count": 1, "expert_shared_count": 1, "expert_weights_scale": 1.0,
        "expert_gating_func": 2, "expert_weights_norm": True,
    },
    "deepseek": {
        "leading_dense_block_count": 1, "expert_shared_count": 2, "expert_weights_scale": 1.0,
    },
    "dots1": {
        "leading_dense_block_count": 1, "expert_shared_count": 2, "expert_weights_scale": 2.5,
        "expert_gating_func": 2,
    },
    "ernie4_5-moe": {
        "interleave_moe_layer_step": 1, "leading_dense_block_count": 1, "expert_shared_count": 2,
    },
    "bailingmoe2": {
        "leading_dense_block_count": 1, "expert_shared_count": 1, "expert_weights_scale": 2.5,
        "expert_gating_func": 2, "expert_weights_norm": True,
    },
    "dbrx": {"attention__clamp_kqv": 8.0},
}  # fmt: skip
"""The keys that an architecture wants beside the usual ones."""
BIASED = {
    "stablelm", "gptneox", "gpt2", "falcon", "phi2", "bloom", "orion", "nemotron", "phimoe",
    "codeshell",
}  # fmt: skip
"""Norms with biases."""
UNGATED = {"gptneox", "gpt2", "falcon", "phi2", "bloom", "nemotron", "arcee", "codeshell"}
FUSED = {
    "gptneox",
    "gpt2",
    "falcon",
    "bloom",
    "dbrx",
    "codeshell",
    "qwen",
    "chatglm",
    "bailingmoe2",
}
PARALLEL = {"falcon", "phi2", "cohere2"}
TIED = {"cohere2"}
AFTER = {"exaone4"}
"""Norms only after each part."""
SECOND = {"seed_oss", "glm4moe"}
"""The norm before the feed-forward part is called post_attention_norm."""
NORMED = {
    "hunyuan-dense", "maincoder", "exaone4", "qwen3vl", "qwen3vlmoe", "glm4moe", "dots1",
    "hunyuan-moe", "bailingmoe2",
}  # fmt: skip
"""Queries and keys are normed per head."""
WIDE = {"olmoe"}
"""Queries and keys are normed over all heads."""
SHARED = {
    "glm4moe": 768, "deepseek": 1536, "dots1": 1536, "ernie4_5-moe": 1536, "bailingmoe2": 768,
    "qwen2moe": 1536, "hunyuan-moe": 1536,
}  # fmt: skip
"""How wide the experts are that always run."""
DENSE_FIRST = {"glm4moe", "deepseek", "dots1", "ernie4_5-moe", "bailingmoe2"}
SCORED = {"glm4moe", "dots1", "bailingmoe2", "ernie4_5-moe"}
UNGROUPED = {"gptneox", "gpt2", "phi2", "bloom", "qwen", "olmoe", "dots1"}
ONE_WIDTH = {"granitemoe", "hunyuan-moe", "olmoe", "dbrx", "phimoe"}
"""Experts have the width that the file gives for the whole feed-forward part."""
FULLY = {"gptneox", "gpt2", "phi2", "bloom", "codeshell", "phimoe"}
"""Biases on every matrix."""
DENSE = (
    "mistral3", "exaone", "exaone4", "smollm3", "seed_oss", "ernie4_5", "minicpm",
    "hunyuan-dense", "internlm2", "xverse", "baichuan", "deci", "maincoder", "granite", "arcee",
    "cohere2", "stablelm", "orion", "nemotron", "falcon", "gptneox", "gpt2", "phi2", "bloom",
    "glm4", "chatglm", "qwen2vl", "qwen3vl", "codeshell", "qwen",
)  # fmt: skip
MIXTURES = (
    "granitemoe", "olmoe", "qwen2moe", "glm4moe", "deepseek", "dots1", "ernie4_5-moe",
    "hunyuan-moe", "bailingmoe2", "dbrx", "phimoe", "qwen3vlmoe",
)  # fmt: skip


def likes(layers: int = 4) -> Iterator[Model]:
    """One small model of each."""
    for architecture in (*DENSE, *MIXTURES):
        yield like(architecture, layers, mixture=architecture in MIXTURES)


def like(name: str, layers: int, *, mixture: bool) -> Model:
    """A model of this architecture with heads of 128, grouped where it allows."""
    width, heads, feed = 2048, 16, 6144
    kv = 16 if name in UNGROUPED else 4
    made = Layout(name, plain("Q8_0"), layers, width, 32000)
    made.heads(heads, kv, 128)
    made.keys(
        feed_forward_length=768 if name in ONE_WIDTH else feed * 2 if name == "qwen" else feed,
        **KEYS.get(name, {}),
    )
    if mixture:
        made.keys(expert_feed_forward_length=768, expert_count=32, expert_used_count=4)
        if name in SHARED:
            made.keys(expert_shared_feed_forward_length=SHARED[name])
    biased = name in BIASED
    made.ends(name in TIED, bias=biased)
    if name in ("phimoe", "phi2"):
        made.exact("output.bias", 32000)
    if name == "gpt2":
        made.exact("position_embd.weight", width, 1 << 20)
    if name == "bloom":
        made.norm("token_embd_norm", bias=True)
    for layer in made.each():
        _norms(made, name, layer, biased)
        _attention(made, name, layer, heads, kv)
        _feed(made, name, layer, feed, mixture)
    return made.model(name)


def _norms(made: Layout, name: str, layer: int, biased: bool) -> None:
    if name not in AFTER:
        made.norm("attn_norm", layer=layer, bias=biased)
    if name in AFTER or name == "glm4":
        made.norm("post_attention_norm", "post_ffw_norm", layer=layer)
    if name in SECOND:
        made.norm("post_attention_norm", layer=layer)
    elif name == "dbrx":
        made.norm("attn_output_norm", layer=layer)
    elif name not in AFTER | PARALLEL:
        made.norm("ffn_norm", layer=layer, bias=biased)


def _attention(made: Layout, name: str, layer: int, heads: int, kv: int) -> None:
    full = name in FULLY
    made.attention(
        layer, heads, kv, 128, bias=full or name in ("qwen2vl", "qwen", "chatglm"),
        output_bias=full, fused=name in FUSED,
        normed=128 if name in NORMED else 0,
    )  # fmt: skip
    if name in WIDE:
        made.norm("attn_q_norm", layer=layer, width=heads * 128)
        made.norm("attn_k_norm", layer=layer, width=kv * 128)


def _feed(made: Layout, name: str, layer: int, feed: int, mixture: bool) -> None:
    if not mixture or (name in DENSE_FIRST and layer == 0):
        if name in ("glm4", "chatglm"):
            made.matrix("ffn_up", made.width, feed * 2, layer=layer)
            made.matrix("ffn_down", feed, made.width, layer=layer)
        else:
            made.feed(layer, feed, gated=name not in UNGATED, bias=name in FULLY)
        return
    made.experts(layer, 768, 32, shared=SHARED.get(name, 0))
    if name == "qwen2moe":
        made.exact("ffn_gate_inp_shexp.weight", made.width, layer=layer)
    if name in SCORED:
        made.exact("exp_probs_b.bias", 32, layer=layer)
