"""Invents small language models of Llama's shape with random weights: to measure, not to talk.

The same seed writes the same file. Weights are a random pattern repeated, so a file of many
megabytes is made as fast as the disk takes it; every page is still read like any other.
"""

import random
import struct
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from freehold.formats.gguf_writing import Sheet, write_gguf

BLOCKS = 509
"""Blocks in a pattern: a prime number, so that rows differ from each other."""
SCALE = 0.02
PLAIN = tuple(chr(code) for code in range(0x21, 0x7F))
TEMPLATE = (
    "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)


class Shape(Struct, frozen=True, kw_only=True):
    """How large the model is; `kind` is how its matrices are stored."""

    layers: int
    width: int
    feed: int
    heads: int
    kv_heads: int
    kind: str = "Q8_0"
    context: int = 4096
    vocabulary: int = 512

    @property
    def name(self) -> str:
        """A name that tells the shape."""
        return f"invented-{self.layers}x{self.width}-{self.kind.lower()}"


def write_llama(path: Path, shape: Shape, seed: int = 1) -> int:
    """Write the model as a GGUF file; its size in bytes."""
    return write_gguf(path, _metadata(shape), list(_sheets(shape, random.Random(seed))))


def matrix_bytes(shape: Shape) -> int:
    """Bytes of all weights that are read to make one token: everything but the embeddings."""
    drawn = random.Random(0)
    return sum(s.size for s in _sheets(shape, drawn) if s.name != "token_embd.weight")


def matrix_values(shape: Shape) -> int:
    """The weights that are multiplied for one token: every matrix but the embeddings."""
    drawn, total = random.Random(0), 0
    for sheet in _sheets(shape, drawn):
        if len(sheet.shape) == 2 and sheet.name != "token_embd.weight":
            total += sheet.shape[0] * sheet.shape[1]
    return total


def state_bytes(shape: Shape) -> int:
    """Bytes of keys and values that one token leaves in all layers, at 16 bits."""
    return 2 * 2 * shape.layers * shape.kv_heads * (shape.width // shape.heads)


def _metadata(shape: Shape) -> dict[str, str | bool | int | float | list[str | int | float]]:
    size = shape.vocabulary
    return {
        "general.architecture": "llama",
        "general.name": shape.name,
        "general.license": "apache-2.0",
        "general.alignment": 32,
        "llama.context_length": shape.context,
        "llama.embedding_length": shape.width,
        "llama.block_count": shape.layers,
        "llama.feed_forward_length": shape.feed,
        "llama.attention.head_count": shape.heads,
        "llama.attention.head_count_kv": shape.kv_heads,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": shape.width // shape.heads,
        "llama.rope.freq_base": 10000.0,
        "llama.vocab_size": size,
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": [*_tokens(size)],
        "tokenizer.ggml.scores": [0.0 if n < 3 else float(-n) for n in range(size)],
        "tokenizer.ggml.token_type": [_sort(n) for n in range(size)],
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.unknown_token_id": 0,
        "tokenizer.chat_template": TEMPLATE,
    }


def _tokens(count: int) -> list[str]:
    """Three marks, the 256 bytes, the plain signs alone and after a space, then pairs."""
    bytes_ = [f"<0x{code:02X}>" for code in range(256)]
    pairs = [a + b for a in PLAIN for b in PLAIN]
    return ["<unk>", "<s>", "</s>", *bytes_, *PLAIN, "\u2581", *pairs][:count]


def _sort(number: int) -> int:
    """llama.cpp's word for a kind of token: 2 unknown, 3 control, 6 byte, 1 text."""
    return 2 if number == 0 else 3 if number < 3 else 6 if number < 259 else 1


def _sheets(shape: Shape, drawn: random.Random) -> Iterator[Sheet]:
    """Every tensor of the model, as llama.cpp names them."""
    pattern, width, kv = _pattern(shape.kind, drawn), shape.width, shape.width // shape.heads
    ones = Sheet("", "F32", (width,), struct.pack("<f", 1.0))
    matrices = (
        ("attn_q", width, width),
        ("attn_k", kv * shape.kv_heads, width),
        ("attn_v", kv * shape.kv_heads, width),
        ("attn_output", width, width),
        ("ffn_gate", shape.feed, width),
        ("ffn_up", shape.feed, width),
        ("ffn_down", width, shape.feed),
    )
    yield Sheet("token_embd.weight", shape.kind, (shape.vocabulary, width), pattern)
    for layer in range(shape.layers):
        for norm in ("attn_norm", "ffn_norm"):
            yield Sheet(f"blk.{layer}.{norm}.weight", "F32", (width,), ones.pattern)
        for name, rows, columns in matrices:
            yield Sheet(f"blk.{layer}.{name}.weight", shape.kind, (rows, columns), pattern)
    yield Sheet("output_norm.weight", "F32", (width,), ones.pattern)
    yield Sheet("output.weight", shape.kind, (shape.vocabulary, width), pattern)


def _pattern(kind: str, drawn: random.Random) -> bytes:
    """Random blocks whose values are small numbers around zero."""
    return b"".join(_block(kind, drawn) for _ in range(BLOCKS))


def _block(kind: str, drawn: random.Random) -> bytes:
    if kind == "F16":
        return struct.pack("<e", drawn.gauss(0.0, SCALE))
    if kind == "F32":
        return struct.pack("<f", drawn.gauss(0.0, SCALE))
    if kind == "Q8_0":
        return struct.pack("<e", SCALE / 64) + drawn.randbytes(32)
    if kind == "Q4_0":
        return struct.pack("<e", SCALE / 4) + drawn.randbytes(16)
    return struct.pack("<ee", SCALE / 200, SCALE / 25) + drawn.randbytes(12 + 128)  # Q4_K
