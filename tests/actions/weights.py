"""Writes small models with weights that a test knows: safetensors and GGUF."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from freehold.formats.safetensors_writing import Entry, header

FORMS = {"F32": "f", "F16": "e", "F64": "d"}
Values = list[float]
LLAMA = {"architectures": ["LlamaForCausalLM"], "num_hidden_layers": 2, "hidden_size": 4}


def safetensors(path: Path, tensors: Mapping[str, Values], dtype: str = "F32") -> Path:
    """A file whose tensors are vectors, or rows of four where there are more than four numbers."""
    entries, data = [], b""
    for name, values in tensors.items():
        packed = struct.pack(f"<{len(values)}{FORMS[dtype]}", *values)
        shape = (len(values) // 4, 4) if len(values) > 4 else (len(values),)
        entries.append(Entry(name, dtype, shape, len(packed)))
        data += packed
    path.write_bytes(header(entries, {}) + data)
    return path


def folder(path: Path, tensors: Mapping[str, Values], config: dict[str, Any] | None = None) -> Path:
    """A folder in the layout of Transformers."""
    path.mkdir()
    safetensors(path / "model.safetensors", tensors)
    (path / "config.json").write_text(json.dumps(config or LLAMA))
    return path


def llama(layers: int = 2, step: float = 0.0) -> dict[str, Values]:
    """Weights in Llama's names; each layer is `step` further away, in its attention alone."""
    found = {"model.embed_tokens.weight": [0.5] * 32}
    for layer in range(layers):
        start = f"model.layers.{layer}."
        moved = step * (layer + 1)
        found[start + "self_attn.q_proj.weight"] = [n / 8 + moved for n in range(16)]
        found[start + "mlp.up_proj.weight"] = [-n / 8 for n in range(16)]
        found[start + "input_layernorm.weight"] = [1.0] * 4
    return found | {"model.norm.weight": [1.0] * 4}
