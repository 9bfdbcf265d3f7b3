"""State in bytes against published and independently measured figures.

Vectors: the models' own configurations; what unsloth's pull request 4757 measured (in GiB at the
full context of each model); vLLM's 73,728 bytes per token for gpt-oss-120b (hf-mem issue 60).
"""

import pytest

from freehold.judge.anatomy.from_config import anatomy
from freehold.judge.anatomy.shapes import Anatomy, Attention, Layer
from freehold.judge.fitting.pages import vllm, vllm_token
from freehold.judge.fitting.parts import Precision, Setting
from freehold.judge.fitting.state import least as state
from freehold.judge.fitting.state import llamacpp, padded, transformers
from tests.judge.anatomy import models

GIB, MIB = 2**30, 2**20


def setting(
    context: int, parallel: int = 1, precision: Precision = "bf16", **more: bool
) -> Setting:
    """A setting with keys and values in one precision."""
    return Setting(context=context, parallel=parallel, keys=precision, values=precision, **more)


@pytest.mark.parametrize(
    ("config", "gib"),
    [
        (models.DEEPSEEK_V3, 2.144), (models.KIMI_K2, 2.144), (models.QWEN3_32B, 8.0),
        (models.LLAMA_8B, 4.0), (models.GEMMA_4_26B, 0.820), (models.GEMMA_3_27B, 2.906),
        (models.GPT_OSS_120B, 1.129), (models.MISTRAL_7B, 0.5), (models.QWEN35_27B, 2.146),
        (models.NEMOTRON_3_NANO, 0.234), (models.GLM_5, 3.352), (models.DEEPSEEK_V4_FLASH, 0.215),
        (models.MIMO_V2_FLASH, 0.727),
    ],
)  # fmt: skip
def test_the_least_state_at_32k_is_what_the_architecture_keeps(
    config: dict[str, object], gib: float
) -> None:
    assert state(anatomy(config), setting(32768)) / GIB == pytest.approx(gib, rel=0.002)


@pytest.mark.parametrize(
    ("config", "context", "gib"),
    [
        (models.GEMMA_3_27B, 131072, 10.4), (models.QWEN35_27B, 262144, 16.0),
        (models.DEEPSEEK_V3, 163840, 10.72), (models.KIMI_K2, 262144, 17.16),
        (models.QWEN3_SMALL, 40960, 4.38),
        (models.GLM_5 | {"num_hidden_layers": 79, "index_head_dim": None}, 202752, 17.18),
    ],
)  # fmt: skip
def test_full_contexts_agree_with_what_others_measured(
    config: dict[str, object], context: int, gib: float
) -> None:
    assert state(anatomy(config), setting(context)) / GIB == pytest.approx(gib, rel=0.01)


def test_llama_cpp_keeps_a_window_and_one_batch_in_whole_cells() -> None:
    found = anatomy(models.MISTRAL_7B)
    pair = 32 * 8 * 256 * 2
    assert llamacpp(found, setting(32768)) == pair * 4608
    assert llamacpp(found, setting(32768, full_window=True)) == pair * 32768
    assert llamacpp(found, setting(1000)) == pair * 1024


def test_llama_cpp_with_shared_cells_needs_one_batch_only() -> None:
    found = anatomy(models.MISTRAL_7B)
    pair = 32 * 8 * 256 * 2
    assert llamacpp(found, setting(32768, 4)) == pair * 4608 * 4
    assert llamacpp(found, setting(32768, 4), unified=True) == pair * (4 * 4096 + 512)


def test_llama_cpp_keeps_recurrent_state_in_full_precision_for_each_sequence() -> None:
    found = anatomy(models.MAMBA_2_8B)
    one = 64 * (3 * 5120 + 16 * 5120) * 4
    assert llamacpp(found, setting(4096)) == llamacpp(found, setting(131072)) == one
    assert llamacpp(found, setting(4096, 3)) == 3 * one


def test_llama_cpp_keeps_no_values_for_latent_attention() -> None:
    found = anatomy(models.DEEPSEEK_V3)
    tall = Setting(context=4096, keys="f16", values="f32")
    assert llamacpp(found, tall) == 61 * 576 * 4096 * 2


def test_llama_cpp_keeps_sums_for_the_summaries_that_it_makes() -> None:
    found = anatomy(models.DEEPSEEK_V4_FLASH)
    window = 43 * padded(128 + 512) * 512 * 2
    fine = 21 * (padded(8192) * (512 + 128) * 2 + 8 * 4 * (512 + 128) * 4)
    coarse = 20 * (padded(256) * 512 * 2 + 2 * 128 * 512 * 4)
    assert llamacpp(found, setting(32768)) == window + fine + coarse


@pytest.mark.parametrize(
    ("precision", "share"), [("q8_0", 34 / 64), ("q4_0", 18 / 64), ("f32", 2.0), ("fp8", 0.5)]
)
def test_precision_counts_the_scales_of_each_block(precision: Precision, share: float) -> None:
    found = anatomy(models.LLAMA_8B)
    assert llamacpp(found, setting(8192, 1, precision)) == int(2**30 * share)


def test_keys_and_values_may_differ() -> None:
    mixed = Setting(context=8192, keys="q8_0", values="q4_0")
    assert llamacpp(anatomy(models.LLAMA_8B), mixed) == 2**30 * (34 + 18) // 128


def test_layers_that_borrow_keep_nothing() -> None:
    own = models.GEMMA_3N["text_config"] | {"num_kv_shared_layers": 0}
    assert state(anatomy(models.GEMMA_3N), setting(512)) == 6 * 2 * 512 * 512 * 2
    assert state(anatomy({"text_config": own}), setting(512)) == 10 * 2 * 512 * 512 * 2


def test_encoders_keep_nothing() -> None:
    found = anatomy(models.BERT_BASE)
    assert [f(found, setting(512)) for f in (state, llamacpp, vllm, transformers)] == [0] * 4


def test_what_an_encoder_made_is_kept_once_whatever_the_context() -> None:
    found = anatomy(models.WHISPER_LARGE)
    cross = 32 * 2 * 1280 * 1500 * 2
    assert state(found, setting(448)) == cross + 32 * 2 * 1280 * 448 * 2
    assert state(found, setting(1)) == cross + 32 * 2 * 1280 * 2


def test_vllm_divides_its_memory_by_what_all_layers_take_for_a_token() -> None:
    assert vllm_token(anatomy(models.GPT_OSS_120B), setting(1)) == 73_728


def test_vllm_keeps_one_step_beside_a_window() -> None:
    found = anatomy(models.GPT_OSS_120B)
    page = 16 * 8 * 128 * 2
    pages = 18 * 131072 // 16 + 18 * (-(-(127 + 8192) // 16) + 1)
    assert vllm(found, setting(131072)) == pages * page


def test_vllm_fills_up_groups_of_layers() -> None:
    rows = tuple(Layer((Attention(8, 8, 64, 64, w),)) for w in [128] * 5 + [None] * 3)
    uneven = Anatomy(architecture="x", kind="decoder", width=512, vocabulary=0, layers=rows)
    page = 16 * 8 * 128 * 2
    assert vllm(uneven, setting(1600), batched=16) == page * (3 * 100 + 6 * 10)


def test_vllm_fills_up_the_smaller_kind_where_both_are_about_equal() -> None:
    rows = tuple(Layer((Attention(8, 8, 64, 64, w),)) for w in [128] * 4 + [None] * 3)
    even = Anatomy(architecture="x", kind="decoder", width=512, vocabulary=0, layers=rows)
    page = 16 * 8 * 128 * 2
    assert vllm(even, setting(1600), batched=16) == page * (4 * 100 + 4 * 10)


def test_vllm_grows_its_blocks_to_the_size_of_recurrent_state() -> None:
    found = anatomy(models.QWEN35_27B)
    memory = 48 * 128 * 128 * 4 + 3 * (2 * 2048 + 6144) * 2
    block = -(-memory // (4096 * 16)) * 16
    page = block * 4096
    assert page >= memory
    assert vllm(found, setting(block)) == 16 * page + 48 * page


def test_vllm_keeps_sparse_latent_attention_in_656_bytes() -> None:
    found = anatomy(models.GLM_5)
    assert vllm_token(found, setting(1, 1, "fp8")) == 78 * (656 + 132)
    assert vllm_token(found, setting(1)) == 78 * (1152 + 132)
    assert vllm_token(anatomy(models.DEEPSEEK_V3), setting(1, 1, "fp8")) == 61 * 576


def test_transformers_keeps_latent_attention_compressed_since_version_5() -> None:
    """Measured with 5.24: 421,632,000 bytes for 6,000 tokens of DeepSeek V3, in bf16."""
    found = anatomy(models.DEEPSEEK_V3)
    assert transformers(found, setting(6000)) == 421_632_000
    old = transformers(found, setting(1024), decompressed=True)
    assert old == 61 * 128 * (192 + 128) * 1024 * 2


def test_transformers_keeps_what_the_next_summary_is_made_from() -> None:
    found = anatomy(models.DEEPSEEK_V4_FLASH)
    pending = 21 * 8 * 4 * (512 + 128) + 20 * 2 * 128 * 512
    more = transformers(found, setting(6000)) - state(found, setting(6000))
    assert more == pending * 2


def test_transformers_cuts_windows_and_keeps_whole_convolutions() -> None:
    assert transformers(anatomy(models.MISTRAL_7B), setting(32768)) == 32 * 8 * 256 * 2 * 4096
    found = anatomy(models.MAMBA_2_8B)
    assert transformers(found, setting(8)) == 64 * (4 * 5120 * 2 + 16 * 5120 * 4)


@pytest.mark.parametrize("engine", [state, llamacpp, vllm, transformers])
@pytest.mark.parametrize("name", sorted(n for n in vars(models) if n.isupper()))
def test_more_text_and_more_sequences_never_need_less(name: str, engine: object) -> None:
    assert callable(engine)
    found = anatomy(getattr(models, name))
    sizes = [engine(found, setting(n)) for n in (1, 256, 4096, 65536)]
    assert sizes == sorted(sizes)
    assert engine(found, setting(256, 2)) == 2 * sizes[1]
    if engine is llamacpp:
        assert all(engine(found, setting(n)) >= state(found, setting(n)) for n in (256, 4096))
