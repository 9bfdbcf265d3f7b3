"""Changes valid headers at random, as damage or malice would; the same dice, the same change."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

import msgspec

from freehold.formats.config import read_config
from freehold.formats.diffusers_index import read_index
from freehold.formats.gguf import Gguf, read_gguf
from freehold.formats.safetensors import Safetensors, read_safetensors
from freehold.formats.shards import read_shard_index
from tests.formats.layouts import Info, gguf, safetensors, tensor
from tests.formats.lies import Held

KEYS = {
    "general.architecture": "llama",
    "general.alignment": 32,
    "llama.block_count": 2,
    "llama.attention.head_count_kv": [8, 4],
    "llama.rope.freq_base": 1e4,
    "tokenizer.ggml.tokens": [f"word{n}" for n in range(90)],
    "tokenizer.ggml.scores": [0.5] * 9,
    "split.count": 1,
}
INFOS = [Info("a.weight", [4, 64], 8), Info("b.weight", [32]), Info("c", [2, 256], 12)]
ROWS = {
    "__metadata__": {"format": "pt", "license": "mit"},
    **{f"layer.{n}.weight": tensor("BF16", [2, 4], 16 * n, 16 * n + 16) for n in range(6)},
}
SEEDS: dict[str, bytes] = {
    "safetensors": safetensors(ROWS, b"\1" * 96),
    "gguf": gguf(KEYS, infos=INFOS),
    "gguf, version 2": gguf(KEYS, infos=INFOS, version=2),
    "gguf, other byte order": gguf(KEYS, infos=INFOS, order=">"),
    "index": json.dumps({
        "metadata": {"total_size": 96},
        "weight_map": {name: f"model-0000{n % 3 + 1}-of-00003.safetensors"
                       for n, name in enumerate(ROWS)},
    }).encode(),
    "config": b'{"architectures": ["A"], "text_config": {"hidden_size": 8, "layers": [1, 2.5]}}',
    "pipeline": b'{"_class_name": "P", "unet": ["diffusers", "U"], "vae": [null, null]}',
}  # fmt: skip
NUMBERS = [
    0,
    1,
    7,
    31,
    2**8 - 1,
    2**15,
    2**16,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**40,
    2**63,
    2**64 - 1,
]
WORDS = [
    b'"a":1,', b"[", b"{", b"}", b"]", b":", b",", b'"', b"\\u0000", b"-1", b"1e999", b"9" * 30,
    b"null", b"../", b'"weight_map":{}', b'"shape":[4]', b"[" * 300, b"\0" * 8, b"\xff" * 8,
]  # fmt: skip

TABLES: dict[str, Callable[[bytes], Any]] = {
    "index": read_shard_index, "config": read_config, "pipeline": read_index,
}  # fmt: skip


def reads(seed: str, data: bytes) -> None:
    """Read what comes from one seed, and hold what is accepted against the file."""
    if seed.startswith("gguf"):
        _holds(read_gguf(Held(data)), len(data))
    elif seed == "safetensors":
        _holds(read_safetensors(Held(data)), len(data))
    else:
        assert msgspec.json.encode(TABLES[seed](data))


def _holds(found: Gguf | Safetensors, size: int) -> None:
    """No accepted header names more bytes than there are, or one name twice."""
    assert sum(tensor.size for tensor in found.tensor_list) <= size
    assert len({tensor.name for tensor in found.tensor_list}) == found.tensors
    assert msgspec.json.encode(found)


def mutated(data: bytes, dice: Random) -> bytes:
    """The data with one to four changes."""
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        data = dice.choice(CHANGES)(data, dice)
    return data


def _at(data: bytes, dice: Random) -> int:
    return dice.randrange(len(data) + 1)


def _bit(data: bytes, dice: Random) -> bytes:
    if not data:
        return data
    at = dice.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :]


def _byte(data: bytes, dice: Random) -> bytes:
    at = _at(data, dice)
    return data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]


def _number(data: bytes, dice: Random) -> bytes:
    """A number of 4 or 8 bytes in the place of others, often where one stands."""
    at, width = _at(data, dice), dice.choice((4, 8))
    number: int = dice.choice(NUMBERS) & (2 ** (8 * width) - 1)
    order = dice.choice(("little", "little", "big"))
    return (
        data[:at]
        + number.to_bytes(width, "big" if order == "big" else "little")
        + data[at + width :]
    )


def _word(data: bytes, dice: Random) -> bytes:
    at = _at(data, dice)
    return data[:at] + dice.choice(WORDS) + data[at + dice.choice((0, 0, 1, 8)) :]


def _cut(data: bytes, dice: Random) -> bytes:
    at = _at(data, dice)
    return data[:at] if dice.random() < 0.3 else data[:at] + data[at + dice.randrange(1, 64) :]


def _copied(data: bytes, dice: Random) -> bytes:
    """A piece once more, elsewhere."""
    at, to = _at(data, dice), _at(data, dice)
    return data[:to] + data[at : at + dice.randrange(1, 200)] + data[to:]


def _swapped(data: bytes, dice: Random) -> bytes:
    """A digit for another: shapes and places that stay readable."""
    places = [n for n, sign in enumerate(data) if 48 <= sign <= 57]
    if not places:
        return _byte(data, dice)
    at = dice.choice(places)
    return data[:at] + bytes([48 + dice.randrange(10)]) + data[at + 1 :]


CHANGES: tuple[Callable[[bytes, Random], bytes], ...] = (
    _bit, _byte, _number, _word, _cut, _copied, _swapped, _swapped,
)  # fmt: skip
