"""Whatever the bytes, a reader answers or raises BrokenInput, in little memory."""

import contextlib
import tracemalloc
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.core.errors import BrokenInput
from freehold.formats.adapter import read_adapter
from freehold.formats.config import read_config
from freehold.formats.dataset_card import read_dataset_card
from freehold.formats.diffusers_index import read_index
from freehold.formats.gguf import read_gguf
from freehold.formats.merge import read_merge
from freehold.formats.model_card import read_card
from freehold.formats.nemo import read_nemo
from freehold.formats.onnx import read_onnx
from freehold.formats.safetensors import read_safetensors
from freehold.formats.sentencepiece import as_tokenizer, read_pieces
from freehold.formats.tflite import read_tflite
from freehold.formats.tokenizer import read_tokenizer
from freehold.formats.tokenizer_json import read_tokenizer_json
from tests.formats import layouts

Reader = Callable[[bytes], Any]
CARD = b"---\nlicense: [mit]\nbase_model: a/b\n---\nWe open-source it.\n"


def pieces_of(data: bytes) -> Any:
    """The pieces of a SentencePiece model, as they are written."""
    return as_tokenizer(read_pieces(data, "tokenizer.model"), "<blank>")


SAMPLES: dict[Reader, bytes] = {
    read_adapter: b'{"base_model_name_or_path": "a/b", "peft_type": "LORA"}',
    read_config: b'{"architectures": ["A"], "auto_map": {"A": "b.C"}, "x": {"_name_or_path": 1}}',
    read_dataset_card: CARD,
    read_card: CARD,
    read_index: b'{"_class_name": "P", "unet": ["diffusers", "U"]}',
    read_merge: b"merge_method: ties\nmodels: [{model: a/b}]\nslices: [{sources: [{model: c}]}]\n",
    read_tokenizer: b'{"tokenizer_class": "T", "chat_template": "x", "auto_map": {"a": [null]}}',
    read_tokenizer_json: b'{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}}',
    read_gguf: layouts.gguf({"general.name": "x", "a": ["b", "c"], "general.n": 1, "d": [1, 2]}),
    read_safetensors: layouts.safetensors({"a": layouts.tensor("F32", [1], 0, 4)}),
    read_onnx: layouts.onnx(),
    read_tflite: layouts.tflite(),
    read_nemo: layouts.nemo(),
    pieces_of: layouts.message(
        (1, layouts.message((1, "a"), (3, 1))), (2, layouts.message((3, 2)))
    ),
}
READERS = pytest.mark.parametrize("read", SAMPLES, ids=lambda read: read.__name__)
PIECES = st.binary(min_size=1, max_size=8) | st.sampled_from(
    [b"\xff" * 8, b"\0" * 8, b"\0" * 7 + b"\x80", b"[" * 500, b"{", b"&a *a", b"- ", b"---\n"]
)


def tried(read: Reader, data: bytes) -> None:
    """A reader refuses with BrokenInput, or gives a record that can be written as JSON."""
    with contextlib.suppress(BrokenInput):
        assert msgspec.json.encode(read(data))


@READERS
@given(data=st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_random_bytes(read: Reader, data: bytes) -> None:
    tried(read, data)


@READERS
@given(place=st.floats(0, 1), piece=PIECES, inserted=st.booleans())
@settings(max_examples=150, deadline=None)
def test_real_files_with_a_piece_changed(
    read: Reader, place: float, piece: bytes, inserted: bool
) -> None:
    real = SAMPLES[read]
    at = int(place * len(real))
    tried(read, real[:at] + piece + real[at if inserted else at + len(piece) :])


@READERS
@given(place=st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_real_files_that_are_cut(read: Reader, place: float) -> None:
    tried(read, SAMPLES[read][: int(place * len(SAMPLES[read]))])


@given(text=st.text())
def test_cards_of_any_text(text: str) -> None:
    tried(lambda _: read_card(f"---\nlicense: {text}\n---\n{text}"), b"")


EMPTY = '{"dtype":"F4","shape":[0],"data_offsets":[0,0]}'
LARGE: dict[str, tuple[Reader, bytes]] = {
    "lists in JSON": (read_config, b'{"a":[' + b"[]," * 160_000 + b"[]]}"),
    "keys in JSON": (read_config, b"{" + b",".join(b'"%d":{}' % n for n in range(160_000)) + b"}"),
    "a long number": (read_config, b'{"a": 0.' + b"1" * 10_000_000 + b"}"),
    "one text in JSON": (read_config, b'{"a": "' + b"\\ud83d\\ude00x" * 800_000 + b'"}'),
    "lists in YAML": (read_merge, b"a: [" + b"[]," * 20_000 + b"[]]"),
    "brackets in YAML": (read_merge, b"a: " + b"{" * 1_000_000),
    "colons in YAML": (read_merge, b"a" + b": a" * 300_000),
    "question marks in YAML": (read_merge, b"? " * 500_000),
    "one line of prose": (read_card, b"open " * 40_000),
    "marks in prose": (read_card, b"open" + b"_" * 500_000 + b"a" + b"[<" * 200_000),
    "short lines of prose": (read_card, b"open\n\n" * 160_000),
    "layers without a number": (read_card, b"the layers of it\n" * 50_000),
    "sentences of prose": (read_card, b"It is open. " * 20_000),
    "tensors": (read_safetensors, layouts.safetensors(
        "{" + ",".join(f'"{n}":{EMPTY}' for n in range(50_000)) + "}")),
    "one text in a header": (read_safetensors, layouts.safetensors(
        '{"__metadata__": {"a": "' + "\\ud83d\\ude00x" * 2_000_000 + '"}}')),
    "texts in an array": (read_gguf, layouts.gguf({"a": [""] * 100_000})),
    "small fields": (read_onnx, b"\x08\x01\x3a\x00" * 15_000 + b"\x72\x00" * 5_000),
    "zeros in an archive": (read_nemo, layouts.tar([("a", b"\0" * 10**7)] * 3, packed=True)),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("what", LARGE)
def test_large_files_take_bounded_memory(what: str) -> None:
    read, data = LARGE[what]
    tracemalloc.start()
    tried(read, data)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 200 * 2**20
