"""Files of CTranslate2: the sizes of a decoder from the shapes of its variables, or an error."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.core.errors import BrokenInput
from freehold.formats.ctranslate2 import Sizes, sizes

Shape = tuple[int, ...]


def text(name: str) -> bytes:
    return struct.pack("<H", len(name) + 1) + name.encode() + b"\0"


def variable(name: str, shape: Shape, data: bytes) -> bytes:
    """One variable, as the library writes it."""
    head = text(name) + struct.pack(f"<B{len(shape)}I", len(shape), *shape)
    return head + struct.pack("<BI", 1, len(data)) + data


def model_bin(variables: list[bytes]) -> bytes:
    kind = struct.pack("<I", 6) + text("TransformerDecoderSpec")
    return kind + struct.pack("<II", 8, len(variables)) + b"".join(variables)


LAYERS = [
    variable(f"decoder/layer_{layer}/self_attention/linear_{place}/weight", shape, bytes(600))
    for layer in range(2)
    for place, shape in enumerate([(96, 64), (64, 64)])
]
MODEL = model_bin([variable("decoder/num_heads", (), b"\x08\0"), *LAYERS])


def test_what_a_decoder_keeps_follows_from_the_shapes_of_its_variables(tmp_path: Path) -> None:
    file = tmp_path / "model.bin"
    file.write_bytes(MODEL)
    assert sizes(file, "model.bin") == Sizes(kept=2 * 32, width=64, heads=8)


def test_a_model_without_a_decoder_keeps_nothing() -> None:
    layer = variable("encoder/layer_0/self_attention/linear_0/weight", (96, 64), bytes(600))
    assert sizes(model_bin([layer]), "model.bin") == Sizes(kept=0, width=0, heads=0)


def test_counts_that_cannot_be_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.bin"
    many = struct.pack("<I", 6) + text("X") + struct.pack("<II", 8, 2**31)
    deep = model_bin([text("x") + b"\xff" + bytes(9)])
    for data, why in ((many, "variables"), (deep, "dimensions"), (MODEL[:-1], "are left")):
        file.write_bytes(data)
        with pytest.raises(BrokenInput, match=why):
            sizes(file, "model.bin")


@given(st.binary(max_size=200), st.integers(0, len(MODEL)))
def test_any_bytes_are_sizes_or_broken(junk: bytes, cut: int) -> None:
    for data in (junk, MODEL[:cut] + junk):
        try:
            assert sizes(data, "model.bin").kept >= 0
        except BrokenInput:
            continue
