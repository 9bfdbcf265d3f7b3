"""`run` for models that write no text: layouts, files, progress, ledger; a worker of ours."""

import json
import struct
import sys
from pathlib import Path
from typing import Any

import pytest

from freehold.actions.answer import Answer
from freehold.actions.layouts import model_in
from freehold.actions.run import run, stream
from freehold.core.errors import BrokenInput, EnvironmentProblem, UsageError
from freehold.engines.base import ENGINES
from freehold.judge.abilities import of_class, of_gguf
from freehold.store.ledger import Ledger
from freehold.tasks.base import Progress
from tests.cli.running import freehold
from tests.engines.test_worker import Engine

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="engines need Linux or macOS")


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pipeline on disk, and a worker that paints it."""
    folder = tmp_path / "painter"
    (folder / "unet").mkdir(parents=True)
    (folder / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    (folder / "unet" / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    monkeypatch.setattr(ENGINES, "all", lambda: [Engine()])
    monkeypatch.chdir(tmp_path)
    return folder


def test_what_is_made_is_written_and_the_work_is_in_the_ledger(
    pipeline: Path, tmp_path: Path
) -> None:
    answer = run(pipeline, "A cat.", seed=3, out=tmp_path / "cat.png")
    assert answer.files == (tmp_path / "cat.png",)
    assert (tmp_path / "cat.png").read_bytes() == b"nothing"
    assert (answer.result.seed, answer.task.id) == (3, "text-to-image")
    with Ledger.open(reading=True) as ledger:
        (row,) = ledger.last(5, "run")
    assert row.facts["task"] == "text-to-image"
    assert row.facts["measured"]["work"] == {"seconds": 0.1, "count": 1, "unit": "steps"}


def test_progress_comes_first_and_the_task_of_a_model_is_found_by_itself(pipeline: Path) -> None:
    *progress, answer = stream(pipeline, "slow")
    assert [part.done for part in progress if isinstance(part, Progress)] == [0, 1, 2]
    assert isinstance(answer, Answer)
    assert answer.files[0].is_file()


def test_a_picture_that_goes_in_is_given_to_the_worker(pipeline: Path, tmp_path: Path) -> None:
    (tmp_path / "in.png").write_bytes(b"a cat")
    answer = run(pipeline, "same", tmp_path / "in.png", out=tmp_path / "out.png")
    assert answer.files[0].read_bytes() == b"a cat"


@pytest.mark.parametrize(
    ("inputs", "said", "says"),
    [
        ((), {}, "it takes a prompt"),
        (("A cat.",), {"wings": 2}, "text-to-image does not know wings"),
        (("A cat.",), {"language": "fr"}, "does not know language"),
        (("A cat.",), {"task": "flying"}, "there is no task"),
        (("A cat.",), {"task": "text-generation"}, "it does not do text-generation"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_starts(
    pipeline: Path, inputs: tuple[str, ...], said: dict[str, Any], says: str
) -> None:
    with pytest.raises((UsageError, EnvironmentProblem), match=says):
        run(pipeline, *inputs, **said)


def test_the_command_writes_into_the_folder_it_is_called_in(
    capsys: pytest.CaptureFixture[str], pipeline: Path, tmp_path: Path
) -> None:
    done = freehold(capsys, "run", str(pipeline), "A cat.")
    assert done.code == 0, done.err
    assert "1 of 1 x 1 pixels" in done.out
    assert f"wrote {tmp_path / 'text-to-image-1.png'}" in done.err
    assert "1 steps in 0.10 s" in done.err
    form = json.loads(freehold(capsys, "run", str(pipeline), "A cat.", "--json").out)
    assert form["files"] == [str(tmp_path / "text-to-image-2.png")]
    assert form["result"]["images"][0]["path"] == form["files"][0]
    assert form["work"] == {"count": 1.0, "unit": "steps"}


def test_what_is_there_is_not_overwritten(
    capsys: pytest.CaptureFixture[str], pipeline: Path, tmp_path: Path
) -> None:
    (tmp_path / "cat.png").write_bytes(b"mine")
    done = freehold(capsys, "run", str(pipeline), "A cat.", "-o", str(tmp_path / "cat.png"))
    assert (done.code, "is there already" in done.err) == (2, True)
    assert (tmp_path / "cat.png").read_bytes() == b"mine"


def test_a_name_of_a_file_that_is_not_there_is_no_text(
    capsys: pytest.CaptureFixture[str], pipeline: Path
) -> None:
    done = freehold(capsys, "run", str(pipeline), "A cat.", "cat.png")
    assert (done.code, "there is no such file" in done.err) == (3, True)


def transformers(folder: Path, config: dict[str, Any], *names: str) -> Path:
    """A folder in the layout of Transformers."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    for name in names or ("model.safetensors",):
        (folder / name).write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    return folder


def test_layouts_are_told_apart_by_their_files(tmp_path: Path) -> None:
    config = {"architectures": ["LlamaForCausalLM"], "max_position_embeddings": 4096}
    plain = transformers(tmp_path / "a", config)
    assert (model_in(plain).format, model_in(plain).context) == ("safetensors", 4096)
    ir = transformers(tmp_path / "b", config, "openvino_model.bin", "openvino_model.xml")
    assert model_in(ir).format == "openvino"
    fast = transformers(tmp_path / "c", {}, "model.bin", "vocabulary.json")
    (fast / "model.bin").write_bytes(struct.pack("<IH", 6, 16) + b"TransformerSpec\0")
    assert model_in(fast).format == "ctranslate2"
    (tmp_path / "d.tflite").write_bytes(b"\0\0\0\0TFL3")
    assert model_in(tmp_path / "d.tflite").tasks == ("tensors",)


def test_weights_that_would_have_to_be_unpickled_are_not_run(tmp_path: Path) -> None:
    config = {"architectures": ["LlamaForCausalLM"]}
    folder = transformers(tmp_path / "a", config, "pytorch_model.bin")
    with pytest.raises(EnvironmentProblem, match="no safetensors") as error:
        model_in(folder)
    assert "freehold convert" in str(error.value.hint)


def test_a_configuration_without_an_architecture_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(BrokenInput, match="does not say its architecture"):
        model_in(transformers(tmp_path / "a", {"model_type": "llama"}))


@pytest.mark.parametrize(
    ("architecture", "config", "task"),
    [
        ("LlamaForCausalLM", {}, "text-generation"),
        ("T5ForConditionalGeneration", {}, "text-generation"),
        ("WhisperForConditionalGeneration", {}, "automatic-speech-recognition"),
        ("XLMRobertaForSequenceClassification", {"id2label": {"0": "LABEL_0"}}, "text-ranking"),
        ("RobertaForSequenceClassification", {"id2label": {"0": "a", "1": "b"}},
         "text-classification"),
        ("XLMRobertaModel", {}, "feature-extraction"),
        ("PatchTSTForPrediction", {}, "time-series-forecasting"),
        ("FluxPipeline", {}, "text-to-image"),
        ("Nothing", {}, None),
    ],
)  # fmt: skip
def test_what_a_model_does_follows_from_its_architecture(
    architecture: str, config: dict[str, Any], task: str | None
) -> None:
    assert (of_class(architecture, config) or (None,))[0] == task


def test_what_a_gguf_file_does_follows_from_how_it_pools() -> None:
    assert of_gguf("llama", None)[0] == "text-generation"
    assert of_gguf("bert", 2)[0] == "feature-extraction"
    assert of_gguf("bert", 4)[0] == "text-ranking"
    assert of_gguf("qwen3", 3)[0] == "feature-extraction"
