"""Folders of models that see, and of models that are published in parts."""

import json
from pathlib import Path

from freehold.actions.layouts import model_in

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


def test_a_model_that_sees_is_asked_also_without_a_template(tmp_path: Path) -> None:
    name = "PaliGemmaForConditionalGeneration"
    (tmp_path / "config.json").write_text(json.dumps({"architectures": [name]}))
    (tmp_path / "model.safetensors").write_bytes(HEAD)
    assert not model_in(tmp_path).chat_template
    (tmp_path / "preprocessor_config.json").write_text("{}")
    assert model_in(tmp_path).chat_template
