"""Writes small files in the real layouts, byte by byte."""

import gzip
import io
import json
import math
import struct
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from freehold.formats.gguf_types import TYPES

KINDS = {bool: (7, "?"), int: (4, "I"), float: (6, "f")}


class Info(NamedTuple):
    """One tensor of a GGUF file: shape rows first, number of its type, where it lies."""

    name: str
    shape: list[int]
    kind: int = 0
    offset: int | None = None


def gguf(
    metadata: Mapping[str, Any], *, version: int = 3, tensors: int | None = None, order: str = "<",
    infos: Sequence[Info] = (), data: int | None = None,
) -> bytes:  # fmt: skip
    """A GGUF file; lists become arrays of texts or of numbers.

    Its tensors lie one after the other where they name no place; `data` is how many bytes follow.
    """
    count = len(infos) if tensors is None else tensors
    out = b"GGUF" + struct.pack(f"{order}IQQ", version, count, len(metadata))
    out += b"".join(_gguf_text(k, order) + _gguf_value(v, order) for k, v in metadata.items())
    step, end = int(metadata.get("general.alignment", 32)), 0
    for info in infos:
        at = end if info.offset is None else info.offset
        out += _gguf_text(info.name, order)
        out += struct.pack(f"{order}I{len(info.shape)}Q", len(info.shape), *info.shape[::-1])
        out += struct.pack(f"{order}IQ", info.kind, at)
        _, block, size = TYPES.get(info.kind, ("", 1, 1))
        end += -(-math.prod(info.shape) * size // block // step) * step
    return out + b"\0" * (-len(out) % step + (end if data is None else data)) * bool(infos)


def _gguf_text(text: str, order: str) -> bytes:
    return struct.pack(f"{order}Q", len(text.encode())) + text.encode()


def _gguf_value(value: Any, order: str) -> bytes:
    if isinstance(value, str):
        return struct.pack(f"{order}I", 8) + _gguf_text(value, order)
    if isinstance(value, list):
        inner = b"".join(_gguf_value(item, order)[4:] for item in value)
        kind = 8 if isinstance(value[0], str) else KINDS[type(value[0])][0]
        return struct.pack(f"{order}IIQ", 9, kind, len(value)) + inner
    kind, form = KINDS[type(value)]
    return struct.pack(f"{order}I{form}", kind, value)


def safetensors(header: Mapping[str, Any] | str, data: bytes = b"") -> bytes:
    """A safetensors file with this header."""
    text = (header if isinstance(header, str) else json.dumps(header)).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensor(dtype: str, shape: list[int], start: int, end: int) -> dict[str, Any]:
    """One entry of a safetensors header."""
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def varint(number: int) -> bytes:
    """A number as protocol buffers write it."""
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def message(*fields: tuple[int, int | str | bytes]) -> bytes:
    """A message of numbers and of bytes."""
    parts = []
    for key, value in fields:
        if isinstance(value, int):
            parts.append(varint(key << 3) + varint(value))
        else:
            data = value.encode() if isinstance(value, str) else value
            parts.append(varint(key << 3 | 2) + varint(len(data)) + data)
    return b"".join(parts)


def onnx() -> bytes:
    """A model with everything that the reader knows."""
    return message(
        (1, 10), (2, "pytorch"), (3, "2.6"), (4, "ai.example"), (5, 7),
        (6, "Tells cats from dogs."), (7, b"\x0a\x03abc" * 500),
        (8, message((1, ""), (2, 21))), (8, message((1, "com.x"), (2, 1))),
        (14, message((1, "license"), (2, "MIT"))), (14, message((1, "author"), (2, "Lab"))),
    )  # fmt: skip


def tflite(
    description: str = "Small.", license: str | None = "Apache License, Version 2.0"
) -> bytes:
    """A flat file with a description and the metadata of its publisher."""
    told = _flat({0: "Classifier", 1: "Tells cats from dogs.", 2: "v1", 4: "Lab", 5: license})
    return _model(description, told)


def _flat(texts: Mapping[int, str | None]) -> bytes:
    """A flat file of one table with these texts."""
    there = {field: text for field, text in texts.items() if text is not None}
    slots = [4 + 4 * list(there).index(f) if f in there else 0 for f in range(max(there) + 1)]
    vtable = struct.pack("<HH", 4 + 2 * len(slots), 4 + 4 * len(there))
    vtable += struct.pack(f"<{len(slots)}H", *slots)
    vtable += b"\0" * (-len(vtable) % 4)
    at = 4 + len(vtable)
    heap_at, heap, pointers = at + 4 + 4 * len(there), b"", []
    for n, text in enumerate(there.values()):
        pointers.append(heap_at + len(heap) - (at + 4 + 4 * n))
        data = text.encode() + b"\0"
        heap += struct.pack("<I", len(data) - 1) + data + b"\0" * (-len(data) % 4)
    table = struct.pack("<i", at - 4) + struct.pack(f"<{len(pointers)}I", *pointers)
    return struct.pack("<I", at) + vtable + table + heap


def _model(description: str, told: bytes) -> bytes:
    """The outermost table of a TFLite file with two buffers; the second holds the metadata."""
    out = bytearray(struct.pack("<I", 0) + b"TFL3")

    def put(data: bytes) -> int:
        out.extend(b"\0" * (-len(out) % 4))
        out.extend(data)
        return len(out) - len(data)

    def point(place: int, to: int) -> None:
        struct.pack_into("<I", out, place, to - place)

    vtable = put(struct.pack("<9H", 18, 20, 4, 0, 0, 8, 12, 0, 16))
    model = put(struct.pack("<iIIII", 0, 3, 0, 0, 0))
    struct.pack_into("<i", out, model, model - vtable)
    struct.pack_into("<I", out, 0, model)
    point(
        model + 8, put(struct.pack("<I", len(description.encode())) + description.encode() + b"\0")
    )
    buffers = put(struct.pack("<III", 2, 0, 0))
    point(model + 12, buffers)
    for n, data in enumerate((b"", told)):
        inner = put(struct.pack("<HHH", 6, 8, 4))
        table = put(struct.pack("<iI", 0, 0))
        struct.pack_into("<i", out, table, table - inner)
        point(buffers + 4 + 4 * n, table)
        point(table + 4, put(struct.pack("<I", len(data)) + data))
    entries = put(struct.pack("<II", 1, 0))
    point(model + 16, entries)
    inner = put(struct.pack("<HHHH", 8, 12, 4, 8))
    entry = put(struct.pack("<iII", 0, 0, 1))
    struct.pack_into("<i", out, entry, entry - inner)
    point(entries + 4, entry)
    point(entry + 4, put(struct.pack("<I", 15) + b"TFLITE_METADATA\0"))
    return bytes(out)


def tar(members: Iterable[tuple[str, bytes] | tarfile.TarInfo], *, packed: bool = False) -> bytes:
    """An archive of these files, or of members of any kind."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1])
            archive.addfile(info, io.BytesIO(member[1]))
    return gzip.compress(out.getvalue()) if packed else out.getvalue()


NEMO_CONFIG = b"""
target: nemo.collections.asr.models.EncDecCTCModelBPE
nemo_version: 1.23.0
tokenizer:
  dir: ???
  type: bpe
language_model: {pretrained_model_name: lab/bert}
"""


def nemo(*, packed: bool = False) -> bytes:
    """An archive of NeMo with a configuration and weights."""
    weights = ("./model_weights.ckpt", b"\1" * 3000)
    return tar([weights, ("./model_config.yaml", NEMO_CONFIG)], packed=packed)
