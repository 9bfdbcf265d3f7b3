"""How onnxruntime-genai is told to choose, which models are told apart, and when it is tried."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.actions.convert_model import TARGETS
from freehold.actions.local_model import find
from freehold.actions.tune_conversions import kinds
from freehold.engines.base import ENGINES, Found, package
from freehold.engines.workers.onnxruntime_genai.search import chosen, rounds
from freehold.engines.workers.saying import Said
from freehold.formats.genai import read_genai
from freehold.tasks.text_generation import Piece, Request

MODEL = {"type": "llama", "context_length": 512, "vocab_size": 288, "eos_token_id": 1,
         "decoder": {"filename": "words.onnx"}}  # fmt: skip


def folder(at: Path, search: Any = None, numbers: bytes = bytes(1000)) -> Path:
    """A model in this layout, as far as its papers go."""
    at.mkdir(exist_ok=True)
    (at / "genai_config.json").write_text(json.dumps({"model": MODEL, "search": search}))
    (at / "words.onnx").write_bytes(b"graph")
    (at / "words.onnx.data").write_bytes(numbers)
    return at


def told(at: Path, search: Any = None, **wishes: Any) -> dict[str, Any]:
    return chosen(Request(text="x", **wishes), read_genai(folder(at, search)), 90)


def test_what_was_asked_for_goes_before_what_the_publisher_would_choose(tmp_path: Path) -> None:
    own = {"do_sample": True, "temperature": 0.6, "top_k": 20, "top_p": 0.9, "num_beams": 4}
    assert told(tmp_path, own)["temperature"] == 0.6
    found = told(tmp_path, own, top_k=7)
    assert (found["temperature"], found["top_k"], found["top_p"]) == (0.6, 7, 0.9)
    assert found["num_beams"] == 1
    assert told(tmp_path, own, temperature=0.0)["do_sample"] is False


def test_what_the_builder_always_writes_is_nobodys_wish(tmp_path: Path) -> None:
    written = {"do_sample": False, "temperature": 0.1, "top_k": 50, "top_p": 0.2}
    assert told(tmp_path, written)["do_sample"] is False
    found = told(tmp_path, written, temperature=0.5)
    assert (found["do_sample"], found["temperature"]) == (True, 0.5)
    assert (found["top_k"], found["top_p"]) == (0, 1.0)


def test_what_the_library_would_pass_over_or_refuse_is_said_in_its_words(tmp_path: Path) -> None:
    found = told(tmp_path, top_k=10**6, top_p=0.0)
    assert found["top_k"] == MODEL["vocab_size"]
    assert 0 < found["top_p"] < 1e-5
    assert told(tmp_path)["max_length"] == 90
    assert told(tmp_path, ignore_end=True)["min_length"] == 90


KEYS = st.sampled_from(["do_sample", "temperature", "top_k", "top_p"])
VALUES = st.none() | st.booleans() | st.integers(0, 99) | st.text(max_size=3)


@given(st.dictionaries(KEYS, VALUES))
def test_any_wish_of_a_publisher_leaves_numbers(
    tmp_path_factory: pytest.TempPathFactory, search: dict[str, Any]
) -> None:
    found = told(tmp_path_factory.getbasetemp() / "wishes", search, temperature=0.7)
    assert all(isinstance(value, int | float) for value in found.values())
    assert found["temperature"] == 0.7


def test_a_graph_that_rounds_is_seen(tmp_path: Path) -> None:
    graph = tmp_path / "model.onnx"
    assert not rounds(graph)
    graph.write_bytes(b"\n\x0eaccuracy_level\x18\x00\xa0\x01\x02")
    assert not rounds(graph)
    graph.write_bytes(b"\n\x0eaccuracy_level\x18\x04\xa0\x01\x02")
    assert rounds(graph)


def test_two_models_of_one_graph_are_told_apart_by_their_numbers(tmp_path: Path) -> None:
    one, same = folder(tmp_path / "one"), folder(tmp_path / "same")
    assert find(one).digest == find(same).digest
    other = folder(tmp_path / "other", numbers=bytes(999) + b"1")
    assert find(one).digest != find(other).digest
    assert read_genai(one).graph == "words.onnx"


def test_every_engine_that_models_are_converted_for_is_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = Found("package", Path("/python"))
    for name in TARGETS:
        monkeypatch.setattr(type(ENGINES.get(name)), "find", lambda _: here)
    ready: Any = SimpleNamespace(model=SimpleNamespace(format="safetensors"))
    found = [(engine.name, precision) for engine, precision in kinds(ready)]
    assert {name for name, _ in found} == set(TARGETS)
    assert ("onnxruntime-genai", "int4") in found


def test_the_version_in_a_runtime_is_known_by_either_name(tmp_path: Path) -> None:
    packages = {"packages": {"some-package": "1.2"}}
    (tmp_path / "freehold.json").write_text(json.dumps(packages))
    found = package("some_package", tmp_path)
    assert found is not None
    assert found.version == "1.2"


@pytest.mark.parametrize("size", [1, 4, 99])
def test_the_reasoning_of_a_chat_is_told_from_its_answer(size: int) -> None:
    written = "<think>Hm</think>Blue. No"
    tokens = [written[at : at + size] for at in range(0, len(written), size)]
    words: Any = SimpleNamespace(text=lambda ids: "".join(tokens[one] for one in ids))
    said, pieces = Said(words, Request(stop=(" No",))), list[Piece]()
    for number in range(len(tokens)):
        if not said.stopped:
            pieces += said.take(number, ())
    pieces += said.rest()
    assert (said.parts.thinking, said.text) == ("Hm", "Blue.")
    assert "".join(piece.text for piece in pieces if piece.thinking) == "Hm"
    plain = Said(words, Request(text="continue"))
    for number in range(len(tokens)):
        list(plain.take(number, ()))
    list(plain.rest())
    assert plain.text == written
