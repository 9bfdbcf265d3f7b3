"""Runs under a Python with Transformers: weights and caches of its own default configurations.

    PYTHON_WITH_TRANSFORMERS benchmarks/fit_defaults_peer.py [TYPE ...]

Every model is built on the meta device, so nothing is allocated; its cache is that of one pass
over 6,000 tokens in bf16 (64 where a Python loop walks the tokens). Prints one JSON object a
model: the configuration, how many weights it has, how many bytes its cache holds.
"""

import json
import sys
from typing import Any

TEXT = [
    "llama", "mistral", "mixtral", "qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "qwen3_next",
    "gemma", "gemma2", "gemma3_text", "gemma3n_text", "gemma4_text", "gpt2", "gpt_neo",
    "gpt_neox", "gptj", "gpt_bigcode", "falcon", "bloom", "mpt", "opt", "phi", "phi3", "phimoe",
    "stablelm", "olmo", "olmo2", "olmo3", "olmoe", "granite", "granitemoe", "granitemoehybrid",
    "granitemoeshared", "jamba", "falcon_h1", "falcon_mamba", "mamba", "mamba2", "rwkv", "lfm2",
    "minimax", "deepseek_v2", "deepseek_v3", "deepseek_v32", "deepseek_v4", "glm", "glm4",
    "glm4_moe", "glm_moe_dsa", "gpt_oss", "cohere", "cohere2", "starcoder2", "nemotron_h",
    "bamba", "zamba", "zamba2", "recurrent_gemma", "ernie4_5", "ernie4_5_moe", "exaone4",
    "smollm3", "seed_oss", "arcee", "apertus", "minimax_m2", "helium", "persimmon", "codegen",
    "biogpt", "xglm", "jetmoe", "diffllama", "vaultgemma", "bitnet", "modernbert-decoder",
    "xlstm", "flex_olmo", "longcat_flash", "afmoe", "kimi_linear", "qwen3_5_text",
    "qwen3_5_moe_text", "llama4_text", "ministral3", "nanochat", "doge", "cwm", "solar_open",
    "youtu",
]  # fmt: skip
PAIRS = [
    "t5", "mt5", "umt5", "bart", "mbart", "marian", "pegasus", "m2m_100", "t5gemma",
    "blenderbot",
]  # fmt: skip
ENCODERS = [
    "bert", "roberta", "xlm-roberta", "distilbert", "electra", "modernbert", "albert",
    "camembert", "mpnet", "deberta-v2", "deberta", "nomic_bert", "eurobert",
    "jina_embeddings_v3",
]  # fmt: skip
WALKING = ("mamba", "rwkv", "bamba", "zamba", "xlstm", "hybrid", "recurrent")
TOKENS, FEW = 6000, 64


def built(kind: str) -> Any:
    """The model of this type, in bf16, without memory."""
    import torch
    import transformers

    auto = "AutoModelForMaskedLM" if kind in ENCODERS else "AutoModelForCausalLM"
    auto = "AutoModelForSeq2SeqLM" if kind in PAIRS else auto
    config = transformers.CONFIG_MAPPING[kind]()
    with torch.device("meta"):
        found = getattr(transformers, auto).from_config(
            config, dtype=torch.bfloat16, attn_implementation="eager"
        )
    return found.eval()


def tensors(thing: object, depth: int = 0) -> dict[int, Any]:
    """All tensors that an object holds, each once."""
    import torch

    if isinstance(thing, torch.Tensor):
        return {id(thing): thing}
    if depth > 6 or isinstance(thing, torch.nn.Module):
        return {}
    inner = (
        thing if isinstance(thing, list | tuple) else list(getattr(thing, "__dict__", {}).values())
    )
    inner = list(thing.values()) if isinstance(thing, dict) else inner
    found: dict[int, Any] = {}
    for part in inner:
        found |= tensors(part, depth + 1)
    return found


def cache(model: Any, count: int) -> int:
    """The bytes of the cache after so many tokens."""
    import torch

    with torch.device("meta"), torch.no_grad():
        words = torch.zeros((1, count), dtype=torch.long)
        out = model(input_ids=words, use_cache=True, logits_to_keep=1)
    kept = getattr(out, "past_key_values", None) or getattr(out, "cache_params", None)
    sizes = [t.numel() * t.element_size() for t in tensors(kept).values() if t.is_floating_point()]
    return sum(sizes)


def row(kind: str) -> dict[str, Any]:
    """What one model has, and what it keeps where that can be seen."""
    model = built(kind)
    config = model.config.to_dict() | {"architectures": [type(model).__name__], "model_type": kind}
    found: dict[str, Any] = {"type": kind, "config": config}
    found["weights"] = sum(part.numel() for part in model.parameters())
    if kind in TEXT:
        found["tokens"] = FEW if any(word in kind for word in WALKING) else TOKENS
        try:
            found["cache"] = cache(model, found["tokens"])
        except Exception as error:  # a model may need real numbers to run
            found["cache_reason"] = repr(error)[:100]
    return found


def main() -> None:
    """One line for each type."""
    for kind in sys.argv[1:] or [*TEXT, *PAIRS, *ENCODERS]:
        try:
            print(json.dumps(row(kind), default=str), flush=True)
        except Exception as error:  # not every default configuration can be built
            print(json.dumps({"type": kind, "reason": repr(error)[:100]}), flush=True)


if __name__ == "__main__":
    main()
