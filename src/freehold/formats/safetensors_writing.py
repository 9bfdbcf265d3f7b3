"""Writes the header of a safetensors file; the bytes of the tensors follow it in its order."""

import json
import struct
from collections.abc import Iterable, Mapping

from msgspec import Struct

from freehold.core.errors import BrokenInput
from freehold.formats.safetensors import BITS

ALIGNED = 8
"""The data begins at a multiple of so many bytes."""


class Entry(Struct, frozen=True):
    """One tensor: its name, type in the words of the format, shape, and bytes."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    size: int


def header(entries: Iterable[Entry], metadata: Mapping[str, str]) -> bytes:
    """The header for tensors that follow each other as given; BrokenInput where it cannot be."""
    told: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    at = 0
    for entry in entries:
        if entry.dtype not in BITS:
            raise BrokenInput(f"{entry.name}: safetensors has no numbers of the type {entry.dtype}")
        if entry.name in told or entry.name == "__metadata__":
            raise BrokenInput(f"{entry.name}: this name cannot be written")
        told[entry.name] = {
            "dtype": entry.dtype,
            "shape": entry.shape,
            "data_offsets": (at, at + entry.size),
        }
        at += entry.size
    written = json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()
    written += b" " * (-(8 + len(written)) % ALIGNED)
    return struct.pack("<Q", len(written)) + written
