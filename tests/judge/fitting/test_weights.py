"""Weights in bytes: counted within a hundredth of what is published, or read from headers."""

import pytest

from freehold.core.tensors import Tensor
from freehold.judge.anatomy.counting import count
from freehold.judge.anatomy.from_config import anatomy
from freehold.judge.anatomy.storage import Storage, storage
from freehold.judge.fitting.weights import (
    counted,
    in_memory,
    is_draft,
    loaded,
)
from tests.judge.anatomy import models

PLAIN = Storage(mixing=16, dense=16, experts=16, towers=16, other=16)


def tensor(name: str, *shape: int, dtype: str = "BF16", each: float = 2) -> Tensor:
    """A tensor of so many bytes per number."""
    size = Tensor(name, dtype, shape, 0).count * each
    return Tensor(name, dtype, shape, int(size))


@pytest.mark.parametrize(
    ("config", "billions"),
    [
        (models.LLAMA_8B, 8.030), (models.LLAMA_70B, 70.55), (models.LLAMA_405B, 405.85),
        (models.MISTRAL_7B, 7.242), (models.MIXTRAL, 46.70), (models.QWEN3_SMALL, 0.596),
        (models.QWEN3_32B, 32.76), (models.QWEN3_235B, 235.09), (models.DEEPSEEK_V3, 671.03),
        (models.KIMI_K2, 1026.4), (models.GLM_5, 743.9), (models.GPT_OSS_20B, 20.91),
        (models.GPT_OSS_120B, 116.83), (models.GEMMA_3_27B, 27.01), (models.GEMMA_4_26B, 25.2),
        (models.QWEN35_27B, 26.9), (models.NEMOTRON_3_NANO, 31.58), (models.LLAMA_4_SCOUT, 107.77),
        (models.DEEPSEEK_V4_FLASH, 284.3), (models.MIMO_V2_FLASH, 308.8), (models.JAMBA, 51.6),
        (models.FALCON_7B, 6.922), (models.FALCON_40B, 41.3), (models.GPT_2, 0.1244),
        (models.MAMBA_2_8B, 2.768), (models.LFM2, 1.17), (models.BERT_BASE, 0.1095),
        (models.T5_SMALL, 0.0605), (models.WHISPER_LARGE, 1.5434),
    ],
)  # fmt: skip
def test_counts_agree_with_published_ones(config: dict[str, object], billions: float) -> None:
    assert count(anatomy(config)).total / 1e9 == pytest.approx(billions, rel=0.01)


@pytest.mark.parametrize(
    ("config", "billions"),
    [
        (models.MIXTRAL, 12.75), (models.DEEPSEEK_V3, 36.6), (models.QWEN3_235B, 21.6),
        (models.GPT_OSS_120B, 5.13), (models.GPT_OSS_20B, 3.61), (models.KIMI_K2, 31.7),
        (models.LLAMA_8B, 7.50),
    ],
)  # fmt: skip
def test_a_token_multiplies_the_experts_that_run_and_no_input_table(
    config: dict[str, object], billions: float
) -> None:
    assert count(anatomy(config)).active / 1e9 == pytest.approx(billions, rel=0.01)


def test_a_shared_table_is_multiplied_once_as_the_head() -> None:
    counts = count(anatomy(models.QWEN3_SMALL))
    assert counts.head == 0
    assert counts.active == counts.total


def test_bytes_follow_the_declared_precision() -> None:
    oss = anatomy(models.GPT_OSS_120B)
    bits = storage(models.GPT_OSS_120B)
    assert (bits.experts, bits.mixing, bits.other) == (4.25, 16, 16)
    assert counted(oss, bits) / 1e9 == pytest.approx(65.25, rel=0.01)
    v4 = storage(models.DEEPSEEK_V4_FLASH)
    assert v4.experts == 4.25
    assert v4.mixing == pytest.approx(8.002, rel=1e-3)


@pytest.mark.parametrize(
    ("declared", "bits"),
    [
        ({"quant_method": "fp8", "weight_block_size": [128, 128]}, 8.002),
        ({"quant_method": "gptq", "bits": 4, "group_size": 128}, 4.156),
        ({"quant_method": "awq", "bits": 4, "group_size": 128}, 4.156),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, 4.5),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, 4.5),
        ({"config_groups": {"a": {"weights": {"num_bits": 4, "type": "int", "group_size": 32}}}},
         4.5),
        ({"config_groups": {"a": {"format": "mxfp4-pack-quantized", "weights": {"num_bits": 4}}}},
         4.25),
        ({"quant_method": "something new"}, 16.0),
        ("no table", 16.0),
    ],
)  # fmt: skip
def test_packed_weights_count_their_scales(declared: object, bits: float) -> None:
    found = storage(models.LLAMA_8B | {"quantization_config": declared})
    assert found.dense == pytest.approx(bits, abs=0.001)
    assert found.other == 16


def test_what_is_excepted_stays_whole() -> None:
    packed = {"quant_method": "modelopt", "quant_algo": "NVFP4", "ignore": ["lm_head", "*attn*"]}
    assert storage(models.LLAMA_8B | {"quantization_config": packed}).mixing == 16
    packed["ignore"] = ["lm_head", "model.visual.blocks.0.attn.qkv", "model.layers.0.attn.norm"]
    assert storage(models.LLAMA_8B | {"quantization_config": packed}).mixing == 4.5


def test_the_widest_precision_of_a_part_counts_where_layers_differ() -> None:
    layers = {
        "model.layers.0.self_attn.q_proj": {"quant_algo": "FP8"},
        "model.layers.0.mlp.experts": {"quant_algo": "NVFP4"},
        "model.layers.1.mlp.experts": {"quant_algo": "FP8"},
    }
    found = storage({"quantization_config": {"quantized_layers": layers}, "hidden_size": 8})
    assert found.experts == found.mixing == pytest.approx(8.002, rel=1e-3)
    assert found.dense == 16


def test_the_precision_may_stand_in_a_file_beside_the_configuration() -> None:
    beside = {"quantization": {"quant_algo": "NVFP4", "kv_cache_quant_algo": "FP8"}}
    assert storage(models.QWEN3_32B).dense == 16
    assert storage(models.QWEN3_32B, beside).dense == 4.5


def test_an_engine_turns_plain_numbers_into_its_own_and_keeps_packed_ones() -> None:
    assert in_memory(tensor("a.weight", 8, 8, dtype="F32", each=4), 2) == 128
    assert in_memory(tensor("a.weight", 8, 8, dtype="F16"), 4) == 256
    assert in_memory(tensor("a.weight", 8, 8, dtype="F32", each=4), None) == 256
    assert in_memory(tensor("a.weight_scale_inv", 8, 8, dtype="F32", each=4), 2) == 256
    for packed in ("I32", "U8", "F8_E4M3", "F8_E8M0", "I8"):
        assert in_memory(tensor("a.qweight", 8, 8, dtype=packed, each=1), 2) == 64


def test_a_tied_head_in_the_file_is_loaded_once() -> None:
    file = [tensor("model.embed_tokens.weight", 10, 4), tensor("lm_head.weight", 10, 4)]
    assert loaded(anatomy(models.QWEN3_SMALL), file) == 80
    assert loaded(anatomy(models.QWEN3_32B), file) == 160


def test_layers_that_guess_ahead_and_towers_are_loaded_on_demand() -> None:
    found = anatomy(models.DEEPSEEK_V3)
    file = [
        tensor("model.layers.60.mlp.gate.weight", 4, 4),
        tensor("model.layers.61.eh_proj.weight", 4, 8),
        tensor("visual.patch_embed.weight", 2, 2),
    ]
    assert loaded(found, file) == 32 + 8
    assert loaded(found, file, drafts=True) == 32 + 64 + 8
    assert loaded(found, file, towers=False) == 32
    assert is_draft(found, "mtp.layers.0.weight")
    assert not is_draft(anatomy(models.LLAMA_8B), "model.layers.99.weight")
