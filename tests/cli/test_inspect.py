"""`freehold inspect`: what it prints, its JSON form, its refusals."""

import json
from pathlib import Path
from typing import Any

import pytest

from freehold.formats.invented_llama import Shape, write_llama
from tests.actions.weights import folder, llama
from tests.cli.running import freehold

Capsys = pytest.CaptureFixture[str]
TINY = Shape(layers=3, width=256, feed=512, heads=4, kv_heads=2, kind="Q4_K")
KEYS = {
    "schema", "model", "format", "architecture", "size", "parameters", "bits_per_weight",
    "settings", "tree", "types", "kinds", "mixed", "tokenizer", "chat_template", "statistics",
    "difference", "notes",
}  # fmt: skip
MOMENTS = {"count", "norm", "mean", "std", "min", "max", "zeros", "near_zeros", "outliers", "nan",
           "inf"}  # fmt: skip
SHIFT = {"count", "changed", "nan_or_inf", "relative", "max", "cosine"}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A small GGUF file."""
    write_llama(tmp_path / "tiny.gguf", TINY)
    return tmp_path / "tiny.gguf"


def printed(capsys: Capsys, *words: str) -> Any:
    """The JSON that a command prints."""
    done = freehold(capsys, "inspect", *words, "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_a_model_is_shown_as_a_tree_with_types_and_tokenizer(capsys: Capsys, model: Path) -> None:
    done = freehold(capsys, "inspect", str(model), "--text", "Hi")
    assert done.code == 0
    assert "tiny.gguf: llama in gguf" in done.out
    assert "├─ blk.0-2" in done.out
    assert "attn_q.weight" in done.out
    assert "BPE by scores (SentencePiece), 512 tokens" in done.out
    assert "▁|H|i  (3 tokens)" in done.out


def test_the_depth_of_the_tree_is_chosen(capsys: Capsys, model: Path) -> None:
    done = freehold(capsys, "inspect", str(model), "--depth", "1")
    assert "blk.0-2" in done.out
    assert "attn_q" not in done.out.partition("How it is stored")[0]


def test_the_form_is_the_documented_one(capsys: Capsys, model: Path) -> None:
    form = printed(capsys, str(model), "--tensors", "attn_q")
    assert form.keys() == KEYS | {"tensors"}
    assert form["schema"] == 1
    assert form["tree"].keys() == {
        "name", "times", "parameters", "size", "types", "shape", "inside"}  # fmt: skip
    assert [row["name"] for row in form["tensors"]] == [f"blk.{n}.attn_q.weight" for n in range(3)]
    assert form["tokenizer"]["special"]["bos"] == {"id": 1, "text": "<s>"}


def test_the_form_with_numbers(capsys: Capsys, tmp_path: Path) -> None:
    pytest.importorskip("numpy")
    base, tuned = folder(tmp_path / "base", llama()), folder(tmp_path / "tuned", llama(step=0.1))
    form = printed(capsys, str(base), "--stats", "--against", str(tuned), "--tensors", "q_proj")
    assert form["statistics"]["layers"]["model.layers.0"].keys() == MOMENTS
    assert form["statistics"].keys() == {"layers", "kinds", "broken", "whole_numbers", "unread"}
    told = form["difference"]
    assert told["whole"].keys() == SHIFT
    assert told["tensors"] == {"compared": 8, "moved": 2, "unread": 0}
    assert told["moved"][0].keys() == SHIFT | {"name", "types"}
    assert form["tensors"][0]["statistics"].keys() == MOMENTS
    assert form["tensors"][0]["difference"]["changed"] == 16


def test_numbers_are_printed_and_a_map_written(capsys: Capsys, tmp_path: Path) -> None:
    pytest.importorskip("numpy")
    base, tuned = folder(tmp_path / "base", llama()), folder(tmp_path / "tuned", llama(step=0.1))
    target = tmp_path / "map.svg"
    done = freehold(capsys, "inspect", str(base), "--stats", "--against", str(tuned), "-o",
                    str(target))  # fmt: skip
    assert done.code == 0, done.err
    assert "2 of 8 tensors moved" in done.out
    assert "Matrices by layer" in done.out
    assert "Moved furthest" in done.out
    assert target.read_text().startswith("<?xml")


def test_single_tensors_are_listed(capsys: Capsys, model: Path) -> None:
    done = freehold(capsys, "inspect", str(model), "--tensors", "blk.1.attn_*")
    assert len(done.out.splitlines()) == 1 + 5
    assert "256 × 256" in done.out
    assert "No tensor" in freehold(capsys, "inspect", str(model), "--tensors", "nowhere").out


def test_refusals_end_with_their_codes(capsys: Capsys, model: Path, tmp_path: Path) -> None:
    assert freehold(capsys, "inspect", str(tmp_path / "none.gguf")).code == 3
    assert freehold(capsys, "inspect", "nobody/nothing").code == 4
    assert freehold(capsys, "inspect", str(model), "-o", str(tmp_path / "a.svg")).code == 2
    assert freehold(capsys, "inspect", str(model), "--text", "a" * 2_001).code == 2
    (tmp_path / "cut.gguf").write_bytes(model.read_bytes()[:-100])
    done = freehold(capsys, "inspect", str(tmp_path / "cut.gguf"))
    assert done.code == 3
    assert "cut off" in done.err


def test_names_that_would_turn_the_writing_are_shown_harmless(
    capsys: Capsys, tmp_path: Path
) -> None:
    model = folder(tmp_path / "model", llama())
    (model / "chat_template.jinja").write_text("\u202e\x1b[31mred")
    done = freehold(capsys, "inspect", str(model), "--template")
    assert done.code == 0
    assert "\x1b[31" not in done.out
    assert "\u202e" not in done.out


def test_an_interrupted_reading_ends_with_130_and_leaves_nothing(
    capsys: Capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("numpy")
    base, tuned = folder(tmp_path / "base", llama()), folder(tmp_path / "tuned", llama(step=0.1))

    def interrupted(*words: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("freehold.actions.inspect_against.of_pieces", interrupted)
    words = ("inspect", str(base), "--against", str(tuned), "-o", str(tmp_path / "map.svg"))
    assert freehold(capsys, *words).code == 130
    assert not list(tmp_path.glob("*map*"))
