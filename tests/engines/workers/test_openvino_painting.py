"""What the painter on OpenVINO asks for and refuses, its noise, and how models are converted."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from freehold.actions.local_model import find
from freehold.core.errors import BrokenInput, Contradiction, UsageError
from freehold.engines.workers.openvino.converting import pictures, writes_or_paints
from freehold.engines.workers.openvino.devices import reason
from freehold.engines.workers.openvino.noise import Noise
from freehold.engines.workers.openvino.painting_words import Model, called
from freehold.engines.workers.openvino.seeing import in_parts, in_words
from freehold.formats.safetensors_writing import Entry, header
from freehold.tasks.base import File
from freehold.tasks.text_generation import Message
from freehold.tasks.text_to_image import Request


def folder(at: Path, name: str, painter: dict[str, Any], blocks: int = 4) -> Path:
    """The papers of a model that paints, as the converter leaves them."""
    part = "unet" if name.startswith("StableDiffusion") and "3" not in name else "transformer"
    told: dict[str, Any] = {
        "model_index.json": {"_class_name": name, "safety_checker": [None, None]},
        f"{part}/config.json": painter,
        "vae_decoder/config.json": {"block_out_channels": [8] * blocks},
    }
    for file, words in told.items():
        (at / file).parent.mkdir(exist_ok=True)
        (at / file).write_text(json.dumps(words))
    (at / part / "openvino_model.xml").write_text("<net/>")
    (at / part / "openvino_model.bin").write_bytes(bytes(5))
    return at


def asked(at: Path, **words: Any) -> Any:
    """How a pipeline would be called that stands for any."""
    usual = SimpleNamespace(max_sequence_length=-1, num_inference_steps=50)
    pipeline = SimpleNamespace(get_generation_config=lambda: usual)
    return called(Model(at), lambda kind: pipeline, Request(prompt="a fox", **words))


def test_what_is_said_reaches_the_pipeline_and_what_is_not_said_is_left_to_it(
    tmp_path: Path,
) -> None:
    at = folder(tmp_path, "StableDiffusionPipeline", {})
    call = asked(at, negative="a dog", guidance=2.0, width=64, height=32, steps=9)
    assert call.inputs == ("a fox",)
    assert call.steps == 9
    assert call.words == {
        "negative_prompt": "a dog", "guidance_scale": 2.0, "width": 64, "height": 32,
        "num_inference_steps": 9,
    }  # fmt: skip
    assert asked(at).words == {}
    assert asked(at).steps == 50


class Words:
    """A tokenizer with one token for each letter."""

    def encode(self, text: str) -> Any:
        return SimpleNamespace(input_ids=SimpleNamespace(shape=(1, len(text))))


def test_a_text_that_no_reader_reads_in_full_is_refused_and_one_that_some_cut_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = folder(tmp_path, "StableDiffusionPipeline", {})
    monkeypatch.setattr(Model, "readers", [(Words(), 77)])
    with pytest.raises(UsageError, match="the negative has 78 tokens, this model reads 77"):
        asked(at, negative="x" * 78)
    monkeypatch.setattr(Model, "readers", [(Words(), 77), (Words(), 256)])
    (note,) = asked(at, negative="x" * 78).notes
    assert note == "a reader of the model takes only the first 77 of 78 tokens of the negative"


FLUX = {"guidance_embeds": False, "patch_size": 1}
IMAGE = File(Path("x.png"), "image")


@pytest.mark.parametrize(
    ("name", "painter", "words", "kind", "says"),
    [
        ("FluxPipeline", FLUX, {"guidance": 3.0}, UsageError, "to paint without guidance"),
        ("FluxPipeline", FLUX, {"negative": "a dog"}, UsageError, "takes no negative"),
        ("FluxPipeline", FLUX, {"width": 72}, UsageError, "in steps of 16 pixels"),
        ("LatentConsistencyModelPipeline", {}, {"negative": "x"}, UsageError, "no negative"),
        ("StableDiffusion3Pipeline", {"patch_size": 2}, {"width": 72}, UsageError, "of 16 pixels"),
        ("StableDiffusionPipeline", {}, {"width": 60}, UsageError, "in steps of 8 pixels"),
        ("StableDiffusionPipeline", {}, {"strength": 0.5}, UsageError, "without an image"),
        ("StableDiffusionPipeline", {}, {"mask": IMAGE}, Contradiction, "without the image"),
        ("StableDiffusionPipeline", {}, {"subjects": ("a dog",)}, UsageError, "one subject"),
        ("StableDiffusionPipeline", {}, {"negative": "x", "guidance": 1}, Contradiction, "above 1"),
    ],
)
def test_what_would_be_passed_over_is_refused(
    tmp_path: Path, name: str, painter: dict[str, Any], words: Any, kind: type[Exception], says: str
) -> None:
    with pytest.raises(kind, match=says):
        asked(folder(tmp_path, name, painter), **words)


def test_papers_that_are_broken_are_named(tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text("{")
    with pytest.raises(BrokenInput, match=r"model_index\.json cannot be read"):
        Model(tmp_path)


def test_a_painter_for_openvino_is_known_by_its_parts(tmp_path: Path) -> None:
    found = find(folder(tmp_path, "StableDiffusionPipeline", {}))
    assert (found.format, found.tasks, found.size) == ("openvino", ("text-to-image",), 5)
    assert found.architecture == "StableDiffusionPipeline"


def test_a_model_that_sees_is_asked_in_chats_also_without_a_template(tmp_path: Path) -> None:
    config = {"architectures": ["LlavaForConditionalGeneration"], "vision_config": {}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "preprocessor_config.json").write_text("{}")
    for ending in ("xml", "bin"):
        (tmp_path / f"openvino_language_model.{ending}").write_bytes(b"<net/>")
    found = find(tmp_path)
    assert (found.format, found.tasks, found.chat_template) == (
        "openvino", ("text-generation",), True,
    )  # fmt: skip


FIRST = (-0.8201345205307007, 0.39563116431236267, 0.8989084959030151)
LAST = (-2.056462526321411, -0.35672253370285034)
"""Of torch.randn(20, generator=torch.Generator().manual_seed(7)), PyTorch 2.13.0."""


def test_noise_is_what_pytorch_draws_from_the_same_seed() -> None:
    drawn = Noise(7).normal(20).tolist()
    assert drawn[:3] == pytest.approx(FIRST, abs=1e-6)
    assert drawn[-2:] == pytest.approx(LAST, abs=1e-6)
    assert Noise(7 + 2**32).normal(20).tolist() == drawn  # PyTorch takes 32 bits of a seed
    twice = Noise(7)
    assert twice.normal(32).tolist()[:4] == Noise(7).normal(32).tolist()[:4]
    assert twice.normal(32).tolist() != Noise(7).normal(32).tolist()


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"config.json": {"vision_config": {}}, "preprocessor_config.json": {"a": 1}}, {"a": 1}),
        (
            {
                "config.json": {"vision_config": {}},
                "processor_config.json": {"image_processor": {"b": 2}, "c": 3},
            },
            {"b": 2},
        ),
        ({"config.json": {"vision_config": {}}}, {}),
        ({"config.json": {}, "preprocessor_config.json": {"feature_size": 80}}, {}),
        ({}, {}),
    ],
)
def test_how_pictures_are_prepared_is_found_in_old_and_new_files(
    tmp_path: Path, files: dict[str, Any], told: dict[str, Any]
) -> None:
    for name, words in files.items():
        (tmp_path / name).write_text(json.dumps(words))
    assert pictures(tmp_path) == told


@pytest.mark.parametrize(
    ("file", "largest"),
    [
        ("openvino_model.xml", True),
        ("openvino_language_model.xml", True),
        ("openvino_text_embeddings_model.xml", False),
        ("openvino_vision_embeddings_merger_model.xml", False),
        ("unet/openvino_model.xml", True),
        ("text_encoder_2/openvino_model.xml", False),
    ],
)
def test_only_what_writes_or_paints_goes_down_to_4_bits(file: str, largest: bool) -> None:
    assert writes_or_paints(Path("out") / file) == largest


def test_a_turn_is_told_in_parts_or_with_marks_for_its_images() -> None:
    turn = Message("user", "what?", (IMAGE, IMAGE))
    numbers: Iterator[int] = iter(range(1, 9))
    assert in_parts(turn) == [
        {"type": "image"}, {"type": "image"}, {"type": "text", "text": "what?"},
    ]  # fmt: skip
    assert in_words(turn, numbers) == "<ov_genai_image_1><ov_genai_image_2>what?"
    assert in_words(Message("user", "so"), numbers) == "so"


def test_an_error_of_the_library_is_told_without_the_places_in_its_source() -> None:
    long = "Exception from src/a.cpp:1:\nCheck 'x == 1' failed at /home/b.hpp:2:\nBoth must fit\n"
    assert reason(RuntimeError(long)) == "Both must fit"
    assert reason(RuntimeError("")) == "RuntimeError"


def test_a_painter_is_converted_for_openvino_alone(tmp_path: Path) -> None:
    from freehold.actions.convert_model import convert_model

    at = tmp_path / "sd"
    (at / "unet").mkdir(parents=True)
    (at / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    weights = header([Entry("w", "F32", (1,), 4)], {}) + bytes(4)
    (at / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(weights)
    with pytest.raises(UsageError, match="is diffusers; for ctranslate2 only safetensors"):
        convert_model(at, tmp_path / "out", to="ctranslate2")
