"""The metadata of GGUF files is read, arrays are passed over, and lies about sizes are refused."""

import struct
from pathlib import Path

import pytest

from freehold.core.errors import BrokenInput
from freehold.formats.gguf import read_gguf
from tests.formats.layouts import gguf

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


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("version", [2, 3])
def test_general_metadata_is_kept_and_the_rest_passed_over(version: int, order: str) -> None:
    found = read_gguf(gguf(METADATA, version=version, tensors=291, order=order))
    assert (found.version, found.tensors, found.keys) == (version, 291, len(METADATA))
    assert found.license == "mit"
    assert found.base_models == ("lab/lama", "Eye")
    assert found.metadata["llama.context_length"] == 4096
    assert found.chat_template
    assert not any(key.startswith("tokenizer.") for key in found.metadata)


def test_tensors_are_not_looked_at(tmp_path: Path) -> None:
    file = tmp_path / "lama.gguf"
    with file.open("wb") as out:
        out.write(gguf(METADATA, tensors=1))
        out.truncate(10**12)
    assert read_gguf(file).text("general.name") == "Lama 7B"


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
        (
            head(0, 1, entry(b"general.name", 8, struct.pack("<Q", 2**21) + b"x" * 2**21)),
            "not read",
        ),
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
