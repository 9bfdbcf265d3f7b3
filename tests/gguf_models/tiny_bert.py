"""A tiny BERT with random weights as a GGUF file, and the same computed in a few lines."""

import math
import random
import struct
from collections.abc import Sequence
from pathlib import Path

from freehold.formats.gguf_writing import Scalar, Sheet, write_gguf

Matrix = list[list[float]]
Weights = dict[str, Matrix]
WIDTH, HEADS, FEED, LAYERS, CONTEXT = 32, 2, 64, 2, 64
FIRST, LAST = 2, 3
LETTERS = "abcdefghijklmnopqrstuvwxyz"
TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", *(f"\u2581{x}" for x in LETTERS), *LETTERS)
EPSILON = 1e-12
MEAN, OF_FIRST, RANK = 1, 2, 4
"""llama.cpp's numbers for how the vectors of the tokens become one."""


def write_bert(path: Path, pooling: int, seed: int = 0) -> Weights:
    """Write the model; its weights."""
    weights = _weights(random.Random(seed))
    metadata: dict[str, Scalar | list[Scalar]] = {
        "general.architecture": "bert",
        "general.name": "tiny-bert",
        "bert.context_length": CONTEXT,
        "bert.embedding_length": WIDTH,
        "bert.block_count": LAYERS,
        "bert.feed_forward_length": FEED,
        "bert.attention.head_count": HEADS,
        "bert.attention.layer_norm_epsilon": EPSILON,
        "bert.attention.causal": False,
        "bert.pooling_type": pooling,
        "tokenizer.ggml.model": "bert",
        "tokenizer.ggml.tokens": list(TOKENS),
        "tokenizer.ggml.token_type": [*([3] * 4), *([1] * (len(TOKENS) - 4))],
        "tokenizer.ggml.token_type_count": 2,
        "tokenizer.ggml.bos_token_id": FIRST,
        "tokenizer.ggml.cls_token_id": FIRST,
        "tokenizer.ggml.unknown_token_id": 1,
        "tokenizer.ggml.seperator_token_id": LAST,
        "tokenizer.ggml.padding_token_id": 0,
        "tokenizer.ggml.mask_token_id": 1,
    }
    kept = {k: v for k, v in weights.items() if pooling == RANK or not k.startswith("cls.")}
    sheets = [_sheet(name, rows) for name, rows in kept.items()]
    write_gguf(path, metadata, sheets)
    return weights


def ids(text: str) -> list[int]:
    """The tokens of words of small letters, with the marks around them."""
    found = [
        TOKENS.index(("\u2581" if n == 0 else "") + x)
        for w in text.split()
        for n, x in enumerate(w)
    ]
    return [FIRST, *found, LAST]


def hidden(weights: Weights, tokens: list[int]) -> Matrix:
    """The vector of each token after the last layer."""
    x = [
        [a + b + c for a, b, c in zip(
            weights["token_embd.weight"][token],
            weights["token_types.weight"][0],
            weights["position_embd.weight"][place],
            strict=True,
        )]
        for place, token in enumerate(tokens)
    ]  # fmt: skip
    x = norm(weights, x, "token_embd_norm")
    for layer in range(LAYERS):
        of = f"blk.{layer}"
        mixed = linear(weights, attention(weights, x, of), f"{of}.attn_output")
        x = norm(weights, added(x, mixed), f"{of}.attn_output_norm")
        up = [[gelu(v) for v in row] for row in linear(weights, x, f"{of}.ffn_up")]
        down = linear(weights, up, f"{of}.ffn_down")
        x = norm(weights, added(x, down), f"{of}.layer_output_norm")
    return x


def attention(weights: Weights, x: Matrix, of: str) -> Matrix:
    """What each token gathers from all, head by head."""
    q, k, v = (linear(weights, x, f"{of}.attn_{name}") for name in "qkv")
    size, found = WIDTH // HEADS, [list[float]() for _ in x]
    for head in range(HEADS):
        part = slice(head * size, (head + 1) * size)
        for row, query in zip(found, q, strict=True):
            scores = [dot(query[part], key[part]) / math.sqrt(size) for key in k]
            powers = [math.exp(score - max(scores)) for score in scores]
            shares = [power / sum(powers) for power in powers]
            row += [dot(shares, column) for column in zip(*(y[part] for y in v), strict=True)]
    return found


def score(weights: Weights, tokens: list[int]) -> float:
    """What the head says of a question and a document."""
    (inner,) = linear(weights, hidden(weights, tokens)[:1], "cls")
    ((found,),) = linear(weights, [[math.tanh(x) for x in inner]], "cls.output")
    return found


def linear(weights: Weights, x: Matrix, name: str) -> Matrix:
    """Each row times a matrix, and a bias."""
    matrix, (bias,) = weights[f"{name}.weight"], weights[f"{name}.bias"]
    return [[dot(row, w) + b for w, b in zip(matrix, bias, strict=True)] for row in x]


def norm(weights: Weights, x: Matrix, name: str) -> Matrix:
    """Each row with mean 0 and deviation 1, scaled and shifted."""
    (scale,), (shift,) = weights[f"{name}.weight"], weights[f"{name}.bias"]
    found = []
    for row in x:
        mean = sum(row) / len(row)
        deviation = math.sqrt(sum((y - mean) ** 2 for y in row) / len(row) + EPSILON)
        columns = zip(row, scale, shift, strict=True)
        found.append([(y - mean) / deviation * a + b for y, a, b in columns])
    return found


def gelu(x: float) -> float:
    """The activation, in the form that llama.cpp computes."""
    return x / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def dot(a: Sequence[float], b: Sequence[float]) -> float:
    """The sum of products."""
    return sum(x * y for x, y in zip(a, b, strict=True))


def added(a: Matrix, b: Matrix) -> Matrix:
    """The sum of two matrices."""
    return [[x + y for x, y in zip(*rows, strict=True)] for rows in zip(a, b, strict=True)]


def _weights(drawn: random.Random) -> Weights:
    """Random weights under the names of llama.cpp; a vector is a matrix of one row."""
    shapes = {
        "token_embd.weight": (len(TOKENS), WIDTH),
        "token_types.weight": (2, WIDTH),
        "position_embd.weight": (CONTEXT, WIDTH),
        "cls.weight": (WIDTH, WIDTH),
        "cls.bias": (1, WIDTH),
        "cls.output.weight": (1, WIDTH),
        "cls.output.bias": (1, 1),
    }
    norms = ["token_embd_norm"]
    for layer in range(LAYERS):
        inner = {"ffn_up": (FEED, WIDTH), "ffn_down": (WIDTH, FEED)}
        inner |= {f"attn_{name}": (WIDTH, WIDTH) for name in ("q", "k", "v", "output")}
        for name, (rows, columns) in inner.items():
            shapes[f"blk.{layer}.{name}.weight"] = (rows, columns)
            shapes[f"blk.{layer}.{name}.bias"] = (1, rows)
        norms += [f"blk.{layer}.{name}_output_norm" for name in ("attn", "layer")]
    means = dict.fromkeys(shapes, 0.0)
    for name in norms:
        shapes |= {f"{name}.weight": (1, WIDTH), f"{name}.bias": (1, WIDTH)}
        means[f"{name}.weight"] = 1.0
    return {
        name: [
            [drawn.gauss(means.get(name, 0.0), 0.4) for _ in range(columns)] for _ in range(rows)
        ]
        for name, (rows, columns) in shapes.items()
    }


def _sheet(name: str, rows: Matrix) -> Sheet:
    data = b"".join(struct.pack(f"<{len(row)}f", *row) for row in rows)
    single = name.endswith(".bias") or "_norm." in name
    shape = (len(rows[0]),) if single else (len(rows), len(rows[0]))
    return Sheet(name, "F32", shape, data)
