"""Folders of models that see, and of models that are published in parts."""

import json
from pathlib import Path

import pytest

from freehold.actions.layouts import model_in
from freehold.core.errors import BrokenInput

HEAD = b"\x02\0\0\0\0\0\0\0{}"


def test_a_model_in_parts_is_found_by_its_folders(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"architectures": ["LlavaLlamaModel"]}))
    for part in ("llm", "vision_tower", "mm_projector"):
        (tmp_path / part).mkdir()
        (tmp_path / part / "model.safetensors").write_bytes(HEAD)
    (tmp_path / "vision_tower" / "preprocessor_config.json").write_text("{}")
    found = model_in(tmp_path)
    assert (found.format, found.tasks) == ("safetensors", ("text-generation",))
    assert found.chat_template


def test_a_model_of_text_with_a_tokenizer_of_speech_also_talks(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"architectures": ["LlamaForCausalLM"]}))
    (tmp_path / "model.safetensors").write_bytes(HEAD)
    assert "audio-to-audio" not in model_in(tmp_path).tasks
    (tmp_path / "speech_tokenizer").mkdir()
    assert model_in(tmp_path).tasks[:2] == ("audio-to-audio", "text-generation")


def test_a_model_in_the_layout_of_timm_is_known_by_the_name_it_has_there(tmp_path: Path) -> None:
    told = {"architecture": "prithvi_eo_v2_300_tl", "pretrained_cfg": {"in_chans": 6}}
    (tmp_path / "config.json").write_text(json.dumps(told))
    (tmp_path / "model.safetensors").write_bytes(HEAD)
    found = model_in(tmp_path)
    assert (found.architecture, found.tasks) == ("prithvi_eo_v2_300_tl", ("feature-extraction",))
    (tmp_path / "config.json").write_text(json.dumps({"architecture": "prithvi_eo_v2_300_tl"}))
    with pytest.raises(BrokenInput, match="does not say its architecture"):
        model_in(tmp_path)


def test_a_model_that_sees_is_asked_also_without_a_template(tmp_path: Path) -> None:
    name = "PaliGemmaForConditionalGeneration"
    (tmp_path / "config.json").write_text(json.dumps({"architectures": [name]}))
    (tmp_path / "model.safetensors").write_bytes(HEAD)
    assert not model_in(tmp_path).chat_template
    (tmp_path / "preprocessor_config.json").write_text("{}")
    assert model_in(tmp_path).chat_template
