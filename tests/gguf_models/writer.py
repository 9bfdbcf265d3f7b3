"""Writes GGUF files: the head as it would be, the weights as a hole or as noise."""

import random
import struct
from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path

from msgspec import Struct

ALIGNMENT = 32
TYPES = {
    "F32": (0, 1, 4), "F16": (1, 1, 2), "BF16": (30, 1, 2), "Q4_0": (2, 32, 18),
    "Q4_1": (3, 32, 20), "Q5_0": (6, 32, 22), "Q5_1": (7, 32, 24), "Q8_0": (8, 32, 34),
    "Q2_K": (10, 256, 84), "Q3_K": (11, 256, 110), "Q4_K": (12, 256, 144), "Q5_K": (13, 256, 176),
    "Q6_K": (14, 256, 210), "IQ4_NL": (20, 32, 18), "IQ4_XS": (23, 256, 136),
    "MXFP4": (39, 32, 17),
}  # fmt: skip
"""Of each type: its number in the file, how many values a block holds, bytes of a block."""

Value = str | int | float | bool | Sequence[str] | Sequence[int] | Sequence[bool]


class Weight(Struct, frozen=True):
    """One tensor; `shape` is in GGUF's order: the length of a row comes first."""

    name: str
    type: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Bytes in the file, without what aligns the next one."""
        _, block, size = TYPES[self.type]
        return prod(self.shape) // block * size


class Model(Struct, frozen=True):
    """A model as its file would describe it."""

    name: str
    architecture: str
    metadata: dict[str, Value]
    weights: tuple[Weight, ...]

    @property
    def size(self) -> int:
        """Bytes of all weights."""
        return sum(weight.size for weight in self.weights)

    def head(self) -> bytes:
        """The head of the file, up to where the weights start."""
        head = b"GGUF" + struct.pack("<IQQ", 3, len(self.weights), len(self.metadata))
        head += b"".join(_text(key) + _value(value) for key, value in self.metadata.items())
        return _aligned(head + b"".join(_entries(self.weights)))

    def hole(self, path: Path) -> Path:
        """Write the head and a hole of the length of the weights: a file that takes no room."""
        head = self.head()
        with path.open("wb") as file:
            file.write(head)
            file.truncate(len(head) + sum(map(_room, self.weights)))
        return path

    def whole(self, path: Path, seed: int = 0) -> Path:
        """Write a model that runs: weights of small random numbers."""
        noise = random.Random(seed)
        with path.open("wb") as file:
            file.write(self.head())
            for weight in self.weights:
                data = _noise(weight, noise)
                file.write(data + bytes(_room(weight) - len(data)))
        return path


def _entries(weights: tuple[Weight, ...]) -> Iterator[bytes]:
    place = 0
    for weight in weights:
        shape = struct.pack(f"<{len(weight.shape)}Q", *weight.shape)
        kind = TYPES[weight.type][0]
        yield _text(weight.name) + struct.pack("<I", len(weight.shape)) + shape
        yield struct.pack("<IQ", kind, place)
        place += _room(weight)


def _room(weight: Weight) -> int:
    return -(-weight.size // ALIGNMENT) * ALIGNMENT


def _aligned(data: bytes) -> bytes:
    return data + bytes(-len(data) % ALIGNMENT)


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value: Value) -> bytes:
    if isinstance(value, bool):
        return struct.pack("<I?", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    if isinstance(value, str):
        return struct.pack("<I", 8) + _text(value)
    return struct.pack("<I", 9) + _array(value)


def _array(items: Sequence[str] | Sequence[int] | Sequence[bool]) -> bytes:
    count = len(items)
    if isinstance(items[0], str):
        return struct.pack("<IQ", 8, count) + b"".join(_text(str(item)) for item in items)
    if isinstance(items[0], bool):
        return struct.pack(f"<IQ{count}?", 7, count, *items)
    return struct.pack(f"<IQ{count}i", 5, count, *items)


def _noise(weight: Weight, noise: random.Random) -> bytes:
    """Small numbers: whole floats for F32, else blocks whose scales are tiny or zero."""
    if weight.type == "F32":
        count = prod(weight.shape)
        return struct.pack(f"<{count}f", *(noise.uniform(0.01, 0.02) for _ in range(count)))
    one = noise.randbytes(1 << 12) if weight.type == "Q8_0" else bytes(1 << 12)
    return _scaled(one, weight)


def _scaled(noise: bytes, weight: Weight) -> bytes:
    _, _, size = TYPES[weight.type]
    block = struct.pack("<e", 0.001) + noise[: size - 2] if size > 2 else struct.pack("<e", 0.001)
    return block * (weight.size // size)
