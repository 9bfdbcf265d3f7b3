"""Plans from files: GGUF, folders of Transformers, pipelines; on cards and in main memory."""

import json
from pathlib import Path
from typing import Any

import pytest

from freehold.actions.plan import Plan, plan
from freehold.core.errors import BrokenInput, NotFound, UsageError
from freehold.judge.planning import Way
from freehold.knowledge.base import KnowledgeBase
from tests.formats.layouts import Info, gguf, safetensors
from tests.formats.test_ctranslate2 import MODEL, model_bin
from tests.gguf_models.zoo import zoo

GIB = 2**30
MODELS = {model.name: model for model in zoo()}
LLAMA = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 2048,
    "intermediate_size": 8192, "num_hidden_layers": 16, "num_attention_heads": 32,
    "num_key_value_heads": 8, "head_dim": 64, "vocab_size": 128256, "torch_dtype": "bfloat16",
    "max_position_embeddings": 131072, "tie_word_embeddings": True,
}  # fmt: skip
BERT = {
    "architectures": ["BertModel"], "model_type": "bert", "hidden_size": 384,
    "intermediate_size": 1536, "num_hidden_layers": 6, "num_attention_heads": 12,
    "vocab_size": 30522, "max_position_embeddings": 512,
}  # fmt: skip
WHISPER = {
    "architectures": ["WhisperForConditionalGeneration"], "model_type": "whisper", "d_model": 384,
    "encoder_layers": 4, "decoder_layers": 4, "vocab_size": 51865, "encoder_attention_heads": 6,
    "decoder_attention_heads": 6, "num_mel_bins": 80, "encoder_ffn_dim": 1536,
    "decoder_ffn_dim": 1536, "max_target_positions": 448, "max_source_positions": 1500,
}  # fmt: skip
TRANSFORMER = {
    "_class_name": "SD3Transformer2DModel", "num_layers": 4, "num_attention_heads": 4,
    "attention_head_dim": 16, "patch_size": 2, "in_channels": 16, "joint_attention_dim": 64,
}  # fmt: skip


def of_zoo(tmp_path: Path, name: str) -> Path:
    return MODELS[name].hole(tmp_path / f"{name}.gguf")


def with_config(tmp_path: Path, config: dict[str, Any]) -> Path:
    (tmp_path / "config.json").write_text(json.dumps(config))
    return tmp_path


def planned(base: KnowledgeBase, what: Path, **wishes: Any) -> Plan:
    return plan(what, base=base, **wishes)


def test_a_gguf_file_is_planned_tensor_by_tensor(tmp_path: Path, shipped: KnowledgeBase) -> None:
    found = planned(shipped, of_zoo(tmp_path, "llama-8b"), context=8192, memory=16 * GIB)
    assert found.artifact.engine == "llama.cpp"
    assert found.fitted.fits
    assert found.fitted.parts.state == 8192 * 32 * 2 * 8 * 128 * 2
    assert found.fitted.parts.weights == pytest.approx(MODELS["llama-8b"].size, rel=0.001)
    assert not found.fitted.parts.bound
    assert found.speed is not None
    assert found.speed.decode.low < found.speed.decode.value < found.speed.decode.high


def test_on_a_card_the_table_of_words_stays_in_main_memory(
    tmp_path: Path, shipped: KnowledgeBase
) -> None:
    file = of_zoo(tmp_path, "llama-8b")
    here, there = planned(shipped, file), planned(shipped, file, on="RTX 4090")
    assert there.fitted.parts.weights < here.fitted.parts.weights
    assert there.fitted.parts.bound


def test_what_is_too_large_for_a_card_is_offered_in_part(
    tmp_path: Path, shipped: KnowledgeBase
) -> None:
    found = planned(shipped, of_zoo(tmp_path, "gemma3-27b"), on="RTX 4060", context=8192)
    assert not found.fitted.fits
    way = in_part(found)
    assert "layers on the card" in way.change
    assert way.peak <= found.place.memory


def test_each_of_several_cards_has_buffers_of_its_own(
    tmp_path: Path, shipped: KnowledgeBase
) -> None:
    file = of_zoo(tmp_path, "llama-8b")
    one, four = (planned(shipped, file, on=on).fitted.parts for on in ("RTX 4090", "4x RTX 4090"))
    assert (four.weights, four.state) == (one.weights, one.state)
    assert (four.compute, four.overhead) == (4 * one.compute, 4 * one.overhead)
    assert any("each of the 4" in note for note in four.notes)


def test_a_part_on_several_cards_leaves_room_for_the_buffers_of_each(
    tmp_path: Path, shipped: KnowledgeBase
) -> None:
    found = planned(shipped, of_zoo(tmp_path, "llama-70b"), on="2x RTX 4070")
    (way,) = [way for way in found.fitted.ways if way.kind == "machine"]
    parts = found.fitted.parts
    buffers = (parts.compute + parts.overhead) // 2
    assert 20 * GIB + buffers < way.peak <= found.place.memory


def test_a_sliding_window_takes_less_than_full_attention(
    tmp_path: Path, shipped: KnowledgeBase
) -> None:
    found = planned(shipped, of_zoo(tmp_path, "gemma3-27b"), context=32768, memory=64 * GIB)
    full = 62 * 16 * 128 * 2 * 2 * 32768
    assert found.fitted.parts.state < full / 4


def test_a_configuration_alone_is_enough(tmp_path: Path, shipped: KnowledgeBase) -> None:
    found = planned(shipped, with_config(tmp_path, LLAMA), on="RTX 4090", context=4096)
    assert found.artifact.engine == "transformers"
    assert found.fitted.parts.weights == pytest.approx(1.236e9 * 2, rel=0.01)
    assert found.fitted.parts.state == 4096 * 16 * 2 * 8 * 64 * 2
    assert any("configuration alone" in note for note in found.notes)


def test_a_folder_is_planned_for_llamacpp_as_it_would_be_converted(
    tmp_path: Path, shipped: KnowledgeBase
) -> None:
    found = planned(
        shipped, with_config(tmp_path, LLAMA), engine="llama.cpp", precision="q4_K_M", context=4096
    )
    assert found.fitted.parts.bound
    assert found.fitted.parts.weights == pytest.approx(1.236e9 * 4.9 / 8, rel=0.02)
    assert any("converted" in note for note in found.notes)
    assert [c.precision for c in found.choices][:2] == ["f16", "q8_0"]


def test_vllm_is_an_upper_bound_on_cards_only(tmp_path: Path, shipped: KnowledgeBase) -> None:
    folder = with_config(tmp_path, LLAMA)
    found = planned(shipped, folder, engine="vllm", on="h100-pcie", context=8192, parallel=8)
    assert found.fitted.parts.bound
    assert found.fitted.parts.state >= 8 * 8192 * 16 * 2 * 8 * 64 * 2
    assert any("90 %" in note for note in found.notes)
    with pytest.raises(UsageError, match="cards only"):
        planned(shipped, folder, engine="vllm", memory=16 * GIB)


def test_an_encoder_keeps_nothing_between_texts(tmp_path: Path, shipped: KnowledgeBase) -> None:
    found = planned(shipped, with_config(tmp_path, BERT), context=512, parallel=16)
    assert found.fitted.parts.state == 0
    assert found.speed is None
    with pytest.raises(UsageError, match="512 tokens, not 513"):
        planned(shipped, tmp_path, context=513)


def test_a_pipeline_grows_with_the_picture_and_not_with_a_context(
    tmp_path: Path, shipped: KnowledgeBase
) -> None:
    folder = a_pipeline(tmp_path)
    small = planned(shipped, folder, size=(512, 512))
    large = planned(shipped, folder, size=(1024, 1024))
    assert small.artifact.engine == "diffusers"
    assert large.fitted.parts.compute > 3 * small.fitted.parts.compute
    assert large.form()["limits"]["context"] is None


def test_a_narrower_precision_of_a_file_is_faster(tmp_path: Path, shipped: KnowledgeBase) -> None:
    file = of_zoo(tmp_path, "llama-8b")
    whole, narrow = (planned(shipped, file, precision=p).speed for p in (None, "q2_K"))
    assert whole is not None
    assert narrow is not None
    assert narrow.decode.value > whole.decode.value


def test_what_hears_is_told_in_seconds_of_sound(tmp_path: Path, shipped: KnowledgeBase) -> None:
    found = planned(shipped, with_config(tmp_path, WHISPER), on="RTX 4090")
    speed = found.form()["speed"]["realtime"]
    assert speed["low"] < speed["value"] < speed["high"]
    assert found.fitted.parts.state > 0


def test_a_step_of_a_larger_picture_takes_longer(tmp_path: Path, shipped: KnowledgeBase) -> None:
    folder = a_pipeline(tmp_path, TRANSFORMER)
    times = [
        planned(shipped, folder, on="RTX 4090", size=(side, side)).form()["speed"]["step"]["value"]
        for side in (512, 1024)
    ]
    assert times[1] > times[0] > 0


def test_the_projector_beside_a_file_counts_in_every_precision(
    tmp_path: Path, shipped: KnowledgeBase
) -> None:
    of_zoo(tmp_path, "llama-42m")
    alone = planned(shipped, tmp_path)
    with_projector(tmp_path)
    both = planned(shipped, tmp_path)
    assert both.fitted.parts.weights - alone.fitted.parts.weights >= 2**21
    assert any("mmproj" in note for note in both.notes)
    assert both.choices
    for before, after in zip(alone.choices, both.choices, strict=True):
        assert after.peak - before.peak >= 2**21


def test_the_projector_takes_its_room_on_a_card(tmp_path: Path, shipped: KnowledgeBase) -> None:
    of_zoo(tmp_path, "llama-8b")
    alone = in_part(planned(shipped, tmp_path, on="RTX 4090", memory=4 * GIB))
    with_projector(tmp_path)
    both = in_part(planned(shipped, tmp_path, on="RTX 4090", memory=4 * GIB))
    assert both.change == alone.change
    assert both.peak - alone.peak >= 2**21


def in_part(found: Plan) -> Way:
    """The way out that puts a part of the model on the card."""
    return next(way for way in found.fitted.ways if way.kind == "machine")


def with_projector(folder: Path) -> None:
    """Lay a projector of 2 MiB beside a model."""
    (folder / "mmproj-model.gguf").write_bytes(
        gguf({"general.architecture": "clip", "general.type": "mmproj"},
             infos=[Info("v.weight", [1024, 1024], 1, 0)]) + b"\0" * 2**21
    )  # fmt: skip


def test_a_pipeline_is_not_divided_between_cards(tmp_path: Path, shipped: KnowledgeBase) -> None:
    folder = a_pipeline(tmp_path)
    one, two = (planned(shipped, folder, on=on) for on in ("RTX 4090", "2x RTX 4090"))
    assert two.place.memory == one.place.memory
    assert two.fitted.parts == one.fitted.parts
    assert any("one of the cards" in note for note in two.notes)


def test_an_engine_that_cannot_run_a_format_is_refused(
    tmp_path: Path, shipped: KnowledgeBase
) -> None:
    with pytest.raises(UsageError, match="does not run GGUF"):
        planned(shipped, of_zoo(tmp_path, "llama-42m"), engine="vllm")
    (tmp_path / "folder").mkdir()
    with pytest.raises(NotFound, match="transformers"):
        planned(shipped, with_config(tmp_path / "folder", LLAMA), engine="transformer")


def test_files_that_are_no_model_are_refused(tmp_path: Path, shipped: KnowledgeBase) -> None:
    broken = tmp_path / "model.gguf"
    broken.write_bytes(b"GGUF" + b"\xff" * 100)
    with pytest.raises(BrokenInput):
        planned(shipped, broken)
    with pytest.raises(BrokenInput, match="does not exist"):
        planned(shipped, tmp_path / "nothing.gguf")


def a_pipeline(folder: Path, denoiser: dict[str, Any] | None = None) -> Path:
    """A tiny pipeline in the layout of diffusers."""
    index: dict[str, Any] = {
        "_class_name": "StableDiffusionPipeline",
        "text_encoder": ["transformers", "CLIPTextModel"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    parts: dict[str, dict[str, Any]] = {
        "text_encoder": {"model_type": "clip_text_model", "hidden_size": 64,
                         "intermediate_size": 128, "num_hidden_layers": 2},
        "unet": {"_class_name": "UNet2DConditionModel", "block_out_channels": [32, 64],
                 "layers_per_block": 1, "attention_head_dim": 8,
                 "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"]},
        "vae": {"_class_name": "AutoencoderKL", "block_out_channels": [32, 64, 64, 64]},
    }  # fmt: skip
    if denoiser:
        index |= {"transformer": ["diffusers", str(denoiser["_class_name"])]}
        parts["transformer"] = denoiser
        del index["unet"], parts["unet"]
    (folder / "model_index.json").write_text(json.dumps(index))
    for name, config in parts.items():
        (folder / name).mkdir()
        (folder / name / "config.json").write_text(json.dumps(config))
        weights = "model" if name == "text_encoder" else "diffusion_pytorch_model"
        data = safetensors(
            {"weight": {"dtype": "F16", "shape": [64, 64], "data_offsets": [0, 8192]}}
        )
        (folder / name / f"{weights}.safetensors").write_bytes(data + b"\0" * 8192)
    return folder


def made_for_openvino(folder: Path, config: dict[str, Any]) -> Path:
    """A folder as it was converted for OpenVINO, its weights a hole of a tenth of a GiB."""
    with_config(folder, config)
    (folder / "openvino_model.xml").write_text("<net/>")
    with (folder / "openvino_model.bin").open("wb") as file:
        file.truncate(GIB // 10)
    return folder


def test_a_folder_converted_for_openvino_is_planned_by_its_files(
    tmp_path: Path, shipped: KnowledgeBase
) -> None:
    found = planned(shipped, made_for_openvino(tmp_path, LLAMA), context=4096, memory=16 * GIB)
    assert (found.artifact.engine, found.precision) == ("openvino", None)
    assert found.fitted.parts.weights == GIB // 10
    assert found.fitted.parts.peak > GIB // 5
    assert found.fitted.parts.state > 0
    assert found.fitted.parts.bound
    with pytest.raises(UsageError, match="was made for openvino, so transformers does not run it"):
        planned(shipped, tmp_path, engine="transformers")


def test_a_genai_folder_tells_its_state_and_a_file_of_ctranslate2_by_its_shapes(
    tmp_path: Path, shipped: KnowledgeBase
) -> None:
    genai, ct2 = tmp_path / "genai", tmp_path / "ct2"
    genai.mkdir()
    ct2.mkdir()
    decoder = {"num_hidden_layers": 16, "num_key_value_heads": 8, "head_size": 64,
               "hidden_size": 2048, "filename": "model.onnx"}  # fmt: skip
    told = {"model": {"type": "llama", "context_length": 8192, "decoder": decoder}}
    (genai / "genai_config.json").write_text(json.dumps(told))
    (genai / "model.onnx.data").write_bytes(bytes(4096))
    (ct2 / "model.bin").write_bytes(model_bin([]))
    (ct2 / "vocabulary.json").write_text("[]")
    found = planned(shipped, genai, context=1024, memory=16 * GIB)
    assert found.artifact.engine == "onnxruntime-genai"
    assert found.artifact.trained == 8192
    assert found.fitted.parts.state == 1024 * 16 * 2 * 8 * 64 * 4
    other = planned(shipped, ct2, memory=16 * GIB)
    assert other.artifact.engine == "ctranslate2"
    assert not other.fitted.parts.bound
    assert any("is not counted" in note for note in other.notes)
    (ct2 / "model.bin").write_bytes(MODEL)
    known = planned(shipped, ct2, context=1024, memory=16 * GIB)
    assert known.fitted.parts.state == 1024 * 2 * 32 * 4
    assert known.fitted.parts.bound
