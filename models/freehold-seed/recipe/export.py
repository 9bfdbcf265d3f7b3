"""Writes the trained network as a publisher does: safetensors with its papers, and GGUF.

python export.py weights.pt tokenizer.json FOLDER
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from model import HEAD, NORM_EPSILON, ROPE_BASE, Network, Shape
from safetensors.torch import save_file
from tokenizers import Tokenizer
from tokenizing import END, MARKS, PAD, TEMPLATE, USER
from torch import Tensor

from freehold.formats.gguf_writing import Sheet, write_gguf

NAME = "freehold-seed"
LAYER = {
    "input_norm": ("input_layernorm", "attn_norm"),
    "q": ("self_attn.q_proj", "attn_q"),
    "k": ("self_attn.k_proj", "attn_k"),
    "v": ("self_attn.v_proj", "attn_v"),
    "o": ("self_attn.o_proj", "attn_output"),
    "post_norm": ("post_attention_layernorm", "ffn_norm"),
    "gate": ("mlp.gate_proj", "ffn_gate"),
    "up": ("mlp.up_proj", "ffn_up"),
    "down": ("mlp.down_proj", "ffn_down"),
}
"""Our name of a part of a block, that of Transformers, and that of llama.cpp."""


def shaped(weights: dict[str, Tensor]) -> Shape:
    """The shape that weights have."""
    size, width = weights["embedding.weight"].shape
    layers = 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("blocks."))
    feed = weights["blocks.0.gate.weight"].shape[0]
    return Shape(vocabulary=size, width=width, layers=layers, feed=feed, heads=width // HEAD)


def renamed(weights: dict[str, Tensor], place: int) -> Iterator[tuple[str, Tensor]]:
    """Every tensor by the name that Transformers (0) or llama.cpp (1) has for it."""
    yield ("model.embed_tokens.weight", "token_embd.weight")[place], weights["embedding.weight"]
    yield ("model.norm.weight", "output_norm.weight")[place], weights["norm"]
    for name, tensor in weights.items():
        if name.startswith("blocks."):
            _, layer, part = name.removesuffix(".weight").split(".")
            block = (f"model.layers.{layer}", f"blk.{layer}")[place]
            yield f"{block}.{LAYER[part][place]}.weight", tensor


def interleaved(matrix: Tensor, heads: int) -> Tensor:
    """Rows of queries and keys in the order of llama.cpp, which turns neighbors, not halves."""
    rows, columns = matrix.shape
    halves = matrix.reshape(heads, 2, rows // heads // 2, columns)
    return halves.swapaxes(1, 2).reshape(rows, columns)


def write_safetensors(weights: dict[str, Tensor], target: Path) -> None:
    """All tensors in bfloat16."""
    named = {name: tensor.to(torch.bfloat16).contiguous() for name, tensor in renamed(weights, 0)}
    save_file(named, target, metadata={"format": "pt", "license": "apache-2.0"})


def write_config(shape: Shape, tokenizer: Tokenizer, folder: Path) -> None:
    """The configurations that Transformers reads, and the tokenizer."""
    ids = {mark: tokenizer.token_to_id(mark) for mark in MARKS}
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "bfloat16",
        "vocab_size": shape.vocabulary, "hidden_size": shape.width,
        "intermediate_size": shape.feed, "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads, "num_key_value_heads": shape.heads,
        "head_dim": shape.width // shape.heads, "hidden_act": "silu",
        "max_position_embeddings": shape.context, "rms_norm_eps": NORM_EPSILON,
        "rope_theta": ROPE_BASE, "tie_word_embeddings": True, "attention_bias": False,
        "mlp_bias": False, "bos_token_id": ids[USER], "eos_token_id": ids[END],
        "pad_token_id": ids[PAD],
    }  # fmt: skip
    words = {
        "tokenizer_class": "PreTrainedTokenizerFast", "eos_token": END, "pad_token": PAD,
        "model_max_length": shape.context, "clean_up_tokenization_spaces": False,
        "chat_template": TEMPLATE,
    }  # fmt: skip
    generation = {"do_sample": False, "max_new_tokens": 200, "eos_token_id": ids[END],
                  "pad_token_id": ids[PAD]}  # fmt: skip
    for name, content in (
        ("config", config),
        ("tokenizer_config", words),
        ("generation_config", generation),
    ):
        (folder / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n")
    (folder / "chat_template.jinja").write_text(TEMPLATE + "\n")
    tokenizer.save(str(folder / "tokenizer.json"))


def write_for_llamacpp(
    weights: dict[str, Tensor], shape: Shape, tokenizer: Tokenizer, target: Path
) -> int:
    """The GGUF file, matrices in 16 bits; its size."""
    sheets = []
    for name, tensor in renamed(weights, 1):
        turned = name.endswith(("attn_q.weight", "attn_k.weight"))
        kind = "F16" if tensor.dim() == 2 else "F32"
        ordered = interleaved(tensor, shape.heads) if turned else tensor
        data = ordered.to(torch.float16 if kind == "F16" else torch.float32).contiguous().numpy()
        sheets.append(Sheet(name, kind, tuple(tensor.shape), data.tobytes()))
    return write_gguf(target, metadata(shape, tokenizer), sheets)


def metadata(shape: Shape, tokenizer: Tokenizer) -> dict[str, Any]:
    """What llama.cpp must know of the network and its tokenizer."""
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    merges = [" ".join(pair) if isinstance(pair, list) else pair for pair in model["merges"]]
    return {
        "general.architecture": "llama", "general.name": NAME, "general.type": "model",
        "general.license": "apache-2.0", "general.languages": ["en", "de", "fr", "es"],
        "general.size_label": "1.4M", "general.file_type": 1, "general.alignment": 32,
        "llama.vocab_size": shape.vocabulary, "llama.context_length": shape.context,
        "llama.embedding_length": shape.width, "llama.block_count": shape.layers,
        "llama.feed_forward_length": shape.feed, "llama.attention.head_count": shape.heads,
        "llama.attention.head_count_kv": shape.heads,
        "llama.attention.layer_norm_rms_epsilon": NORM_EPSILON,
        "llama.rope.dimension_count": shape.width // shape.heads, "llama.rope.freq_base": ROPE_BASE,
        "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.tokens": tokens, "tokenizer.ggml.merges": merges,
        "tokenizer.ggml.token_type": [3 if token in MARKS else 1 for token in tokens],
        "tokenizer.ggml.bos_token_id": tokens.index(USER),
        "tokenizer.ggml.eos_token_id": tokens.index(END),
        "tokenizer.ggml.padding_token_id": tokens.index(PAD),
        "tokenizer.ggml.add_bos_token": False, "tokenizer.ggml.add_space_prefix": False,
        "tokenizer.chat_template": TEMPLATE,
    }  # fmt: skip


def main() -> None:
    """Write everything."""
    kept, tokens, folder = (Path(word) for word in sys.argv[1:4])
    weights = torch.load(kept, weights_only=True)
    tokenizer = Tokenizer.from_file(str(tokens))
    shape = shaped(weights)
    Network(shape).load_state_dict(weights)
    inside = folder / "package" / "src" / "freehold_seed"
    inside.mkdir(parents=True, exist_ok=True)
    write_safetensors(weights, folder / "model.safetensors")
    write_config(shape, tokenizer, folder)
    for step in kept.parent.glob("step-*.pt"):
        between = torch.load(step, weights_only=True)
        (folder / "checkpoints").mkdir(exist_ok=True)
        write_safetensors(between, folder / "checkpoints" / f"{step.stem}.safetensors")
    size = write_for_llamacpp(weights, shape, tokenizer, inside / f"{NAME}.gguf")
    print(f"{NAME}.gguf: {size:,} bytes")


if __name__ == "__main__":
    main()
