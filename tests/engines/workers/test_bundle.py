"""The index of a checkpoint of TensorFlow is read, and anything else is refused."""

import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freehold.core.errors import BrokenInput
from freehold.engines.workers.sound.bundle import MAGIC, Place, read_index

SAME_FOLDER = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def varint(value: int) -> bytes:
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def block(entries: dict[bytes, bytes]) -> bytes:
    """A block whose keys share what they have in common with the one before."""
    out, before = b"", b""
    for key, value in sorted(entries.items()):
        shared = 0
        while shared < min(len(key), len(before)) and key[shared] == before[shared]:
            shared += 1
        rest = key[shared:]
        out += varint(shared) + varint(len(rest)) + varint(len(value)) + rest + value
        before = key
    return out + struct.pack("<II", 0, 1)


def index(tensors: dict[str, Place], packed: bytes = b"\0") -> bytes:
    entries = {b"": field(1, 1) + field(3, field(1, 1))}
    kinds = {"<f4": 1, "<i8": 9}
    for name, place in tensors.items():
        shape = b"".join(field(2, field(1, size)) for size in place.shape)
        entries[name.encode()] = (
            field(1, kinds[place.dtype]) + field(2, shape) + field(4, place.begin)
            + field(5, place.size) + varint(6 << 3 | 5) + b"\0\0\0\0"
        )  # fmt: skip
    data = block(entries)
    first = varint(0) + varint(len(data))
    table = block({b"z": first})
    begin = len(data) + 5
    footer = (varint(0) + varint(0) + varint(begin) + varint(len(table))).ljust(40, b"\0")
    return data + packed + b"\0" * 4 + table + b"\0" * 5 + footer + MAGIC


TENSORS = {
    "layer_1/weights": Place("<f4", (2, 300), 0, 0, 2400),
    "layer_1/bias": Place("<f4", (300,), 0, 2400, 1200),
    "global_step": Place("<i8", (), 0, 3600, 8),
}


def read(folder: Path, data: bytes) -> dict[str, Place]:
    file = folder / "model.index"
    file.write_bytes(data)
    return read_index(file)[0]


def test_every_tensor_is_found_with_its_place(tmp_path: Path) -> None:
    assert read(tmp_path, index(TENSORS)) == TENSORS


def test_what_is_compressed_or_ends_early_is_refused(tmp_path: Path) -> None:
    data = index(TENSORS)
    packed = index(TENSORS, b"\1")
    for wrong in (b"", data[:-1], packed, b"\0" * 40 + MAGIC, data[-48:]):
        with pytest.raises(BrokenInput):
            read(tmp_path, wrong)


@SAME_FOLDER
@given(st.binary(max_size=120), st.integers(0, 400), st.integers(0, 255))
def test_any_bytes_are_an_index_or_an_error_of_ours(
    tmp_path: Path, junk: bytes, at: int, byte: int
) -> None:
    data = bytearray(index(TENSORS))
    data[at % len(data)] = byte
    for wrong in (bytes(data), junk + MAGIC, junk):
        try:
            places = read(tmp_path, wrong)
        except BrokenInput:
            continue
        assert all(isinstance(name, str) for name in places)
