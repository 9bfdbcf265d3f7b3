"""What can be said of engines for converted models without them: orders, refusals, formats."""

import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.actions.convert_model import convert_model
from freehold.actions.local_model import find
from freehold.core.errors import BrokenInput, Contradiction, EnvironmentProblem, UsageError
from freehold.engines.base import ENGINES, Found, Job
from freehold.engines.workers.ctranslate2 import writing as counting
from freehold.engines.workers.openvino import writing
from freehold.engines.workers.openvino.devices import of_state, properties
from freehold.engines.workers.thoughts import Sections
from freehold.formats.ctranslate2 import kind
from freehold.formats.safetensors_writing import Entry, header
from freehold.judge.fitting.parts import Setting
from freehold.tasks.base import File
from freehold.tasks.text_generation import Message, Request, Tool

HERE = Found("runtime", Path("/runtimes/x/bin/python"))


def job(folder: Path, **more: Any) -> Job:
    setting = Setting(context=64, **more.pop("setting", {}))
    return Job(model=folder, task="text-generation", setting=setting, threads=3, **more)


def told(folder: Path, **more: Any) -> dict[str, str]:
    """What OpenVINO is told for a job."""
    order = ENGINES.get("openvino").order(job(folder, **more), "s", "k")
    return {**properties(order), **of_state(order)}


def test_openvino_is_told_every_precision_and_narrows_nothing_by_itself(tmp_path: Path) -> None:
    usual = told(tmp_path)
    assert usual == {
        "INFERENCE_PRECISION_HINT": "f32",
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
        "INFERENCE_NUM_THREADS": "3",
        "KEY_CACHE_PRECISION": "f16",
        "VALUE_CACHE_PRECISION": "f16",
    }
    narrow = told(tmp_path, precision="int8", setting={"keys": "q8_0", "values": "q8_0"})
    assert narrow["DYNAMIC_QUANTIZATION_GROUP_SIZE"] == "128"
    assert narrow["KEY_CACHE_PRECISION"] == "u8"
    assert told(tmp_path, precision="bf16")["INFERENCE_PRECISION_HINT"] == "bf16"
    assert "KEY_CACHE_PRECISION" not in told(tmp_path, device="gpu")
    with pytest.raises(UsageError, match="keeps no keys and values in q5_1"):
        told(tmp_path, setting={"keys": "q5_1"})


def test_what_is_computed_in_narrower_numbers_is_said(tmp_path: Path) -> None:
    openvino, ctranslate2 = ENGINES.get("openvino"), ENGINES.get("ctranslate2")
    assert openvino.notes(job(tmp_path), HERE) == ctranslate2.notes(job(tmp_path), HERE) == ()
    assert "rounds what goes into" in openvino.notes(job(tmp_path, precision="int8"), HERE)[0]
    assert openvino.notes(job(tmp_path, precision="bf16"), HERE) == ("computes in bf16",)
    assert "8 bits" in ctranslate2.notes(job(tmp_path, precision="int8"), HERE)[0]


@pytest.mark.parametrize("name", ["openvino", "ctranslate2", "onnxruntime-genai"])
def test_adapters_and_layers_on_cards_are_refused(tmp_path: Path, name: str) -> None:
    engine = ENGINES.get(name)
    with pytest.raises(UsageError, match="takes no adapters"):
        engine.order(job(tmp_path, adapters=(tmp_path,)), "s", "k")
    with pytest.raises(UsageError, match="takes no layers on cards"):
        engine.order(job(tmp_path, gpu_layers=3), "s", "k")


IMAGE = File(Path("x.png"), "image")
REFUSED: list[dict[str, Any]] = [
    {"bias": {1: 2.0}},
    {"suffix": "x"},
    {"tools": (Tool("x"),)},
    {"truncate": "end"},
    {"messages": (Message("user", "x", (IMAGE,)),)},
    {"messages": (Message("tool", "x"),)},
    {"schema": {}, "grammar": "x"},
]


@pytest.mark.parametrize("wish", REFUSED)
def test_what_they_do_not_do_is_refused_by_name(wish: dict[str, Any]) -> None:
    refusals: list[Callable[[Request], None]] = [
        writing.refuse,
        lambda request: counting.refuse(request, pair=False),
    ]
    for refuse in refusals:
        with pytest.raises(UsageError):
            refuse(Request(**wish))
        refuse(Request(text="x", temperature=0.5))


def test_likelihoods_of_the_prompt_are_refused_where_they_are_not_told() -> None:
    with pytest.raises(UsageError, match="of_prompt"):
        counting.refuse(Request(text="x", of_prompt=True), pair=False)


@pytest.mark.parametrize(
    ("written", "thinking", "text"),
    [
        ("Blue.", "", "Blue."),
        ("<think>Hm</think>Blue.", "Hm", "Blue."),
        ("\n<think>Hm", "Hm", "\n"),
        ("a <think>b</think>", "", "a <think>b</think>"),
        ("<thinner", "", "<thinner"),
    ],
)
def test_reasoning_is_told_from_the_answer_however_it_comes(
    written: str, thinking: str, text: str
) -> None:
    for size in (1, 3, 100):
        parts = Sections(marked=True)
        pieces = []
        for start in range(0, len(written), size):
            pieces += list(parts.take(written[start : start + size]))
        pieces += list(parts.rest())
        assert (parts.thinking, parts.text) == (thinking, text)
        assert "".join(p.text for p in pieces if p.thinking) == thinking


@given(st.lists(st.sampled_from(["<think>", "</think>", "<", "think", ">", "a", " ", "</"])))
def test_it_does_not_matter_in_which_pieces_an_answer_comes(letters: list[str]) -> None:
    plain, marked, whole = Sections(marked=False), Sections(marked=True), Sections(marked=True)
    for some in letters:
        list(plain.take(some))
        list(marked.take(some))
    list(whole.take("".join(letters)))
    for parts in (plain, marked, whole):
        list(parts.rest())
    assert plain.text == "".join(letters)
    assert (marked.text, marked.thinking) == (whole.text, whole.thinking)
    assert (whole.text + whole.thinking).count("a") == letters.count("a")


def model_bin(name: str = "TransformerDecoderSpec", version: int = 6) -> bytes:
    return struct.pack("<IH", version, len(name) + 1) + name.encode() + b"\0" + bytes(40)


def test_the_kind_of_a_model_of_ctranslate2_is_read(tmp_path: Path) -> None:
    file = tmp_path / "model.bin"
    file.write_bytes(model_bin())
    assert kind(file, "x") == "TransformerDecoderSpec"
    (tmp_path / "vocabulary.json").write_text("[]")
    found = find(tmp_path)
    assert (found.format, found.tasks) == ("ctranslate2", ("text-generation",))
    file.write_bytes(model_bin("WhisperSpec"))
    assert find(tmp_path).tasks == ("automatic-speech-recognition",)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_kind_or_broken(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "any-model.bin"
    for head in (b"", b"\x06\0\0\0"):
        file.write_bytes(head + data)
        with suppress(BrokenInput):
            assert kind(file, "x").isalnum()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model in safetensors, as far as its papers go."""
    at = tmp_path / "tiny"
    at.mkdir()
    config = '{"architectures": ["LlamaForCausalLM"], "model_type": "llama"}'
    (at / "config.json").write_text(config)
    entries = [Entry("w", "F32", (1,), 4)]
    (at / "model.safetensors").write_bytes(header(entries, {}) + bytes(4))
    return at


def test_what_cannot_be_converted_is_refused_before_anything_is_started(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FREEHOLD_RUNTIMES", str(tmp_path / "none"))
    out = tmp_path / "out"
    with pytest.raises(UsageError, match="nothing converts for 'onnx'"):
        convert_model(folder, out, to="onnx")
    with pytest.raises(UsageError, match="ctranslate2 has no weights in 'int4'"):
        convert_model(folder, out, to="ctranslate2", precision="int4")
    with pytest.raises(Contradiction, match="is there already"):
        convert_model(folder, folder, to="openvino")
    with pytest.raises(EnvironmentProblem, match="in a runtime of its own") as error:
        convert_model(folder, out, to="openvino")
    assert error.value.hint == "freehold runtime install converting"
    assert not out.exists()
    assert [p for p in tmp_path.iterdir() if p.name.startswith(".freehold")] == []
