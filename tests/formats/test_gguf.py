"""Metadata and tensors of GGUF files are read, vocabularies passed over, and lies refused."""

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.core.errors import BrokenInput
from freehold.core.tensors import Tensor
from freehold.formats.gguf import read_gguf, read_gguf_metadata
from tests.formats.layouts import Info, gguf

METADATA = {
    "general.architecture": "llama",
    "general.name": "Lama 7B",
    "tokenizer.ggml.tokens": ["a", "b" * 2000, "ü"],
    "tokenizer.ggml.scores": [0.5, 1.5],
    "general.license": "mit",
    "general.base_model.count": 2,
    "general.base_model.0.repo_url": "https://huggingface.co/lab/lama",
    "general.base_model.1.name": "Eye",
    "general.tags": ["text"],
    "llama.context_length": 4096,
    "llama.rope.freq_base": 1e4,
    "tokenizer.ggml.add_bos_token": True,
    "tokenizer.chat_template": "{{ messages }}",
}


INFOS = [
    Info("token_embd.weight", [320, 256], 12),
    Info("output_norm.weight", [256]),
    Info("blk.0.ffn_up_exps.weight", [8, 64, 32], 8),
    Info("scale", []),
]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("version", [2, 3])
def test_what_a_model_says_of_itself_is_kept(version: int, order: str) -> None:
    found = read_gguf(gguf(METADATA, version=version, order=order, infos=INFOS))
    assert (found.version, found.tensors, found.keys) == (version, 4, len(METADATA))
    assert found.license == "mit"
    assert found.base_models == ("lab/lama", "Eye")
    assert found.metadata["llama.context_length"] == 4096
    assert found.metadata["general.tags"] == ("text",)
    assert found.chat_template


@pytest.mark.parametrize("order", ["<", ">"])
def test_every_tensor_has_its_type_its_shape_rows_first_and_its_bytes(order: str) -> None:
    found = read_gguf(gguf(METADATA, order=order, infos=INFOS))
    assert found.tensor_list == (
        Tensor("token_embd.weight", "Q4_K", (320, 256), 320 * 144),
        Tensor("output_norm.weight", "F32", (256,), 1024),
        Tensor("blk.0.ffn_up_exps.weight", "Q8_0", (8, 64, 32), 8 * 64 * 34),
        Tensor("scale", "F32", (), 4),
    )


@pytest.mark.parametrize("order", ["<", ">"])
def test_of_a_vocabulary_only_its_length_is_kept(order: str) -> None:
    words = [f"word {n}" * (n % 40) for n in range(1_000)]
    keys = {"tokenizer.ggml.tokens": words, "tokenizer.ggml.scores": [0.5] * 9, "after": 5}
    found = read_gguf(gguf(keys, order=order))
    assert found.metadata == {"after": 5}
    assert found.lengths == {"tokenizer.ggml.tokens": 1_000, "tokenizer.ggml.scores": 9}


def test_numbers_per_layer_are_kept() -> None:
    keys: dict[str, list[float]] = {
        "lama.attention.head_count_kv": [8, 0, 8],
        "lama.attention.sliding_window_pattern": [True, False, True],
        "lama.rope.freqs": [0.5, 1.0],
    }
    assert read_gguf(gguf(keys)).metadata == {key: tuple(row) for key, row in keys.items()}


def test_what_is_long_leaves_its_length() -> None:
    keys = {"template": "x" * 100_001, "bias": [1] * 4_097, "labels": ["a"] * 257}
    found = read_gguf(gguf(keys))
    assert found.metadata == {}
    assert found.lengths == {"template": 100_001, "bias": 4_097, "labels": 257}


@given(st.lists(st.text(max_size=60), max_size=200), st.sampled_from("<>"))
@settings(max_examples=60, deadline=None)
def test_texts_of_any_length_are_passed_over(texts: list[str], order: str) -> None:
    texts = [*texts, "one"]
    found = read_gguf(gguf({"tokenizer.ggml.merges": texts, "after": 7}, order=order))
    assert (found.metadata, found.lengths) == (
        {"after": 7},
        {"tokenizer.ggml.merges": len(texts)},
    )


def test_texts_are_passed_over_across_windows() -> None:
    words = ["a" * (n % 60) for n in range(20_000)] + ["b" * 300_000, "c"]
    assert read_gguf(gguf({"tokenizer.ggml.tokens": words, "after": 7})).metadata == {"after": 7}


def test_a_text_in_a_vocabulary_may_look_like_a_length() -> None:
    words = ["\x05" + "\0" * 7 + "abcde"] * 300
    assert read_gguf(gguf({"tokenizer.ggml.tokens": words, "after": 7})).metadata == {"after": 7}


def test_the_metadata_alone_asks_for_no_tensors(tmp_path: Path) -> None:
    file = tmp_path / "lama.gguf"
    with file.open("wb") as out:
        out.write(gguf(METADATA, tensors=1)[:-5])
        out.truncate(10**12)
    assert read_gguf_metadata(file).text("general.name") == "Lama 7B"


def test_a_file_says_where_its_data_starts(tmp_path: Path) -> None:
    file = tmp_path / "lama.gguf"
    file.write_bytes(gguf({"general.alignment": 64}, infos=INFOS))
    found = read_gguf(file)
    assert found.start % 64 == 0
    assert file.stat().st_size - found.start == 46_080 + 1_024 + 17_408 + 64


def head(tensors: int, keys: int, rest: bytes = b"") -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, keys) + rest


def entry(key: bytes, kind: int, rest: bytes) -> bytes:
    return struct.pack("<Q", len(key)) + key + struct.pack("<I", kind) + rest


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not a GGUF file"),
        (b"GGML" + b"\0" * 20, "not a GGUF file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "pointer of Git LFS"),
        (b"GGUF" + struct.pack("<IQQ", 1, 0, 0), "version 1"),
        (head(2**63, 0), "9,223,372,036,854,775,808 tensors"),
        (head(0, 10**9), "1,000,000,000 keys"),
        (head(0, 1), "should have 8 bytes, but 0 are left"),
        (head(0, 1, struct.pack("<Q", 2**63)), "a key should have"),
        (head(0, 1, struct.pack("<Q", 2**17) + b"k" * 2**17), "more than 65,535 are not read"),
        (head(0, 1, entry(b"general.name", 8, struct.pack("<Q", 2**63 - 1))), "the text of"),
        (head(0, 1, entry(b"x", 9, struct.pack("<IQ", 4, 2**62))), "should have"),
        (head(0, 1, entry(b"x", 9, struct.pack("<IQ", 8, 10**9))), "1,000,000,000 items"),
        (head(0, 1, entry(b"x", 9, struct.pack("<IQ", 9, 1) * 99)), "nested too deeply"),
        (head(0, 1, entry(b"x", 9, struct.pack("<IQ", 77, 1) + b"\0" * 99)), "unknown type 77"),
        (head(0, 1, entry(b"general.x", 77, b"\0" * 99)), "unknown type 77"),
    ],
)
def test_lies_about_sizes_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(BrokenInput, match=f"^model.gguf: .*{why}"):
        read_gguf(data)


@pytest.mark.parametrize("cut", range(0, 300, 7))
def test_a_truncated_head_is_refused(cut: int) -> None:
    with pytest.raises(BrokenInput):
        read_gguf(gguf(METADATA)[:cut])
