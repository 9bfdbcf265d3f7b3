"""Makes a model of random weights in the shape of Llama-3.2-1B, in the formats of all engines.

The same weights lie in `hf/` (safetensors in BF16, with configuration and tokenizer) and in
`f16.gguf`; `llama-quantize` of the native build makes the narrower files of the latter. Each
sign is a token, so that prompts have as many tokens as they have signs.
"""

import json
import random
import struct
import subprocess
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from freehold.engines.base import ENGINES
from freehold.formats.gguf_writing import Sheet, write_gguf
from freehold.formats.invented_llama import PLAIN, TEMPLATE
from freehold.formats.safetensors_writing import Entry, header

LAYERS, WIDTH, FEED, HEADS, KV_HEADS, VOCABULARY, CONTEXT = 16, 2048, 8192, 32, 8, 128_256, 8192
FIRST = 259
"""The token of the first plain sign."""
ROPE, EPSILON = 500_000.0, 1e-5
QUANTIZED = ("Q8_0", "Q4_0", "Q4_K_M")
VALUES = 2**20 + 7
"""Numbers in the pattern that fills all matrices: a prime distance from any row's length."""
SCALE = 0.02


class Matrix(NamedTuple):
    """One weight by both of its names; `heads` where the formats order rows differently."""

    hf: str
    gguf: str
    rows: int
    columns: int
    heads: int = 0


def make(folder: Path) -> None:
    """Write whatever is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    hf, wide = folder / "hf", folder / "f16.gguf"
    if not (hf / "done").exists():
        hf.mkdir(exist_ok=True)
        _say("writing safetensors")
        _write_hf(hf)
        (hf / "done").touch()
    if not wide.exists():
        _say("writing GGUF")
        half = wide.with_suffix(".half")
        write_gguf(half, _metadata(), list(_sheets()))
        half.rename(wide)
    quantizer = ENGINES.get("llama.cpp").compiled("llama-quantize")
    for kind in QUANTIZED if quantizer else ():
        target = folder / f"{kind.lower()}.gguf"
        if not target.exists():
            _say(f"quantizing to {kind}")
            half = target.with_suffix(".half")
            words = (str(quantizer.at), str(wide), str(half), kind)
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            half.rename(target)


def prompt(length: int, seed: int) -> list[int]:
    """Tokens of a prompt that nobody has seen."""
    drawn = random.Random(seed)
    return [FIRST + drawn.randrange(len(PLAIN)) for _ in range(length)]


def words(tokens: list[int]) -> str:
    """The same as text."""
    return "".join(PLAIN[token - FIRST] for token in tokens)


def parameters() -> int:
    """All weights, the embeddings once."""
    return sum(m.rows * m.columns for m in _matrices())


def multiplied() -> int:
    """Weights that each token of a prompt is multiplied with: all but the embeddings."""
    return parameters() - VOCABULARY * WIDTH


def _matrices() -> Iterator[Matrix]:
    kv = WIDTH // HEADS * KV_HEADS
    yield Matrix("model.embed_tokens", "token_embd", VOCABULARY, WIDTH)
    for n in range(LAYERS):
        at, to = f"model.layers.{n}", f"blk.{n}"
        yield Matrix(f"{at}.self_attn.q_proj", f"{to}.attn_q", WIDTH, WIDTH, HEADS)
        yield Matrix(f"{at}.self_attn.k_proj", f"{to}.attn_k", kv, WIDTH, KV_HEADS)
        yield Matrix(f"{at}.self_attn.v_proj", f"{to}.attn_v", kv, WIDTH)
        yield Matrix(f"{at}.self_attn.o_proj", f"{to}.attn_output", WIDTH, WIDTH)
        yield Matrix(f"{at}.mlp.gate_proj", f"{to}.ffn_gate", FEED, WIDTH)
        yield Matrix(f"{at}.mlp.up_proj", f"{to}.ffn_up", FEED, WIDTH)
        yield Matrix(f"{at}.mlp.down_proj", f"{to}.ffn_down", WIDTH, FEED)


def _norms() -> Iterator[tuple[str, str]]:
    for n in range(LAYERS):
        yield f"model.layers.{n}.input_layernorm", f"blk.{n}.attn_norm"
        yield f"model.layers.{n}.post_attention_layernorm", f"blk.{n}.ffn_norm"
    yield "model.norm", "output_norm"


def _pattern() -> "array[float]":
    """Numbers around zero that BF16 and F16 both hold exactly."""
    drawn = random.Random(1)
    wide = array("f", (drawn.gauss(0.0, SCALE) for _ in range(VALUES)))
    halves = array("H", wide.tobytes())
    for n in range(0, len(halves), 2):
        halves[n] = 0
    return array("f", halves.tobytes())


def _from(data: bytes, number: int) -> bytes:
    """The pattern from another place for each matrix."""
    at = number * 104_729 * 2 % len(data)
    return data[at:] + data[:at]


def _write_hf(folder: Path) -> None:
    bf16 = array("H", _pattern().tobytes())[1::2].tobytes()
    entries = [Entry(f"{m.hf}.weight", "BF16", (m.rows, m.columns), m.rows * m.columns * 2)
               for m in _matrices()]  # fmt: skip
    norms = [Entry(f"{name}.weight", "BF16", (WIDTH,), WIDTH * 2) for name, _ in _norms()]
    with (folder / "model.safetensors").open("wb") as file:
        file.write(header([*entries, *norms], {"format": "pt"}))
        for number, entry in enumerate(entries):
            _fill(file, _from(bf16, number), entry.size)
        for _ in norms:
            file.write(b"\x80\x3f" * WIDTH)
    (folder / "config.json").write_text(json.dumps(_config(), indent=1))
    (folder / "generation_config.json").write_text('{"bos_token_id": 1, "eos_token_id": 2}')
    (folder / "tokenizer.json").write_text(json.dumps(_tokenizer()))
    (folder / "tokenizer_config.json").write_text(json.dumps(_tokenizer_config()))


def _fill(file: Any, pattern: bytes, size: int) -> None:
    for at in range(0, size, len(pattern)):
        file.write(pattern[: size - at])


def _sheets() -> Iterator[Sheet]:
    values = _pattern()
    f16 = struct.pack(f"<{len(values)}e", *values)
    for number, m in enumerate(_matrices()):
        data = _from(f16, number)
        if m.heads:
            data = _turned(data, m)
        yield Sheet(f"{m.gguf}.weight", "F16", (m.rows, m.columns), data)
    one = struct.pack("<f", 1.0)
    for _, name in _norms():
        yield Sheet(f"{name}.weight", "F32", (WIDTH,), one)


def _turned(data: bytes, m: Matrix) -> bytes:
    """The rows of each head as llama.cpp wants them: the halves of a turn beside each other."""
    row, half = m.columns * 2, m.rows // m.heads // 2
    whole = (data * (m.rows * row // len(data) + 1))[: m.rows * row]
    order = (head * 2 * half + part * half + n
             for head in range(m.heads) for n in range(half) for part in range(2))  # fmt: skip
    return b"".join(whole[at * row : (at + 1) * row] for at in order)


def _config() -> dict[str, Any]:
    return {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": WIDTH,
        "intermediate_size": FEED, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS, "head_dim": WIDTH // HEADS, "vocab_size": VOCABULARY,
        "max_position_embeddings": CONTEXT, "rms_norm_eps": EPSILON, "rope_theta": ROPE,
        "hidden_act": "silu", "tie_word_embeddings": True, "torch_dtype": "bfloat16",
        "attention_bias": False, "mlp_bias": False, "bos_token_id": 1, "eos_token_id": 2,
    }  # fmt: skip


def _tokens() -> list[str]:
    """Marks, signs for bytes, the plain signs, and words that no text has."""
    others = [sign for sign in _byte_signs() if sign not in PLAIN]
    known = ["<unk>", "<s>", "</s>", *others]
    known += [f"\u27e6{n}\u27e7" for n in range(len(known), FIRST)] + list(PLAIN)
    return known + [f"\u27e6{n}\u27e7" for n in range(len(known), VOCABULARY)]


def _byte_signs() -> list[str]:
    """The sign that stands for each byte in tokenizers of bytes, as in GPT-2."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in shown]
    signs = {byte: chr(byte) for byte in shown}
    signs |= {byte: chr(256 + n) for n, byte in enumerate(hidden)}
    return [signs[byte] for byte in range(256)]


def _tokenizer() -> dict[str, Any]:
    special = [{"id": n, "content": text, "special": True, "single_word": False, "lstrip": False,
                "rstrip": False, "normalized": False}
               for n, text in enumerate(("<unk>", "<s>", "</s>"))]  # fmt: skip
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": special,
        "normalizer": None,
        "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "."}, "behavior": "Isolated",
                          "invert": False},
        "post_processor": None, "decoder": {"type": "Fuse"},
        "model": {"type": "WordLevel", "unk_token": "<unk>",
                  "vocab": {text: n for n, text in enumerate(_tokens())}},
    }  # fmt: skip


def _tokenizer_config() -> dict[str, Any]:
    return {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>",
        "unk_token": "<unk>", "model_max_length": CONTEXT, "chat_template": TEMPLATE,
    }  # fmt: skip


def _metadata() -> dict[str, Any]:
    return {
        "general.architecture": "llama",
        "general.name": "random weights of Llama-3.2-1B shape",
        "general.license": "apache-2.0",
        "llama.context_length": CONTEXT,
        "llama.embedding_length": WIDTH,
        "llama.block_count": LAYERS,
        "llama.feed_forward_length": FEED,
        "llama.attention.head_count": HEADS,
        "llama.attention.head_count_kv": KV_HEADS,
        "llama.attention.layer_norm_rms_epsilon": EPSILON,
        "llama.rope.dimension_count": WIDTH // HEADS,
        "llama.rope.freq_base": ROPE,
        "llama.vocab_size": VOCABULARY,
        "general.file_type": 1,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "llama-bpe",
        "tokenizer.ggml.tokens": _tokens(),
        "tokenizer.ggml.merges": [f"\u27e6{FIRST} \u27e7"],
        "tokenizer.ggml.token_type": [3 if n < 3 else 1 for n in range(VOCABULARY)],
        "tokenizer.ggml.add_bos_token": True,
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.padding_token_id": 0,
        "tokenizer.chat_template": TEMPLATE,
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
