"""The metadata of GGUF files becomes what llama.cpp makes of it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.core.errors import BrokenInput, FreeholdError
from freehold.core.tensors import Tensor
from freehold.judge.anatomy.from_gguf import anatomy
from freehold.judge.anatomy.shapes import (
    Anatomy,
    Attention,
    Compressed,
    Latent,
    Mixer,
    Recurrent,
)
from freehold.judge.fitting.parts import Setting
from freehold.judge.fitting.state import llamacpp

MIB = 2**20


def metadata(arch: str, width: int = 4096, layers: int = 32, **keys: object) -> dict[str, Any]:
    """Metadata of one architecture; `__` in a key is a point."""
    named = {f"{arch}.{key.replace('__', '.')}": value for key, value in keys.items()}
    return {
        "general.architecture": arch, f"{arch}.embedding_length": width,
        f"{arch}.block_count": layers, **named,
    }  # fmt: skip


def heads(asking: object, kept: object, **more: object) -> dict[str, Any]:
    """The keys of the attention heads."""
    return {"attention__head_count": asking, "attention__head_count_kv": kept, **more}


def mixers(table: dict[str, Any]) -> list[Mixer]:
    """All mixers, layer by layer."""
    return [part for layer in anatomy(table, ()).layers for part in layer.mixers]


def windows(table: dict[str, Any]) -> list[int | None]:
    """The window of each layer with attention."""
    return [part.window for part in mixers(table) if isinstance(part, Attention)]


LLAMA = metadata("llama", feed_forward_length=14336, **heads(32, 8))
GEMMA_3 = metadata(
    "gemma3", 2560, 34, attention__sliding_window=1024,
    **heads(8, 4, attention__key_length=256, attention__value_length=256),
)  # fmt: skip
DEEPSEEK = metadata(
    "deepseek2", 2048, 27, attention__kv_lora_rank=512, attention__key_length_mla=192,
    attention__value_length_mla=128, rope__dimension_count=64,
    **heads(16, 1, attention__key_length=576, attention__value_length=512),
)  # fmt: skip


def test_states_measured_with_the_allocator_of_llama_cpp_are_met() -> None:
    """Measured without weights: 16,384, 814 and 972 MiB."""
    assert llamacpp(anatomy(LLAMA, ()), Setting(context=131072)) == 16384 * MIB
    assert round(llamacpp(anatomy(GEMMA_3, ()), Setting(context=32768)) / MIB) == 814
    assert round(llamacpp(anatomy(DEEPSEEK, ()), Setting(context=32768)) / MIB) == 972


def test_windows_follow_the_architecture_where_no_key_says_which_layers() -> None:
    assert windows(GEMMA_3)[4:7] == [1024, None, 1024]
    oss = metadata("gpt-oss", layers=4, attention__sliding_window=128, **heads(64, 8))
    assert windows(oss) == [128, None, 128, None]
    small = metadata("smallthinker", layers=5, attention__sliding_window=9, **heads(8, 8))
    assert windows(small) == [None, 4096, 4096, 4096, None]
    assert windows(metadata("llama4", layers=4, **heads(40, 8))) == [8192, 8192, 8192, None]


def test_a_list_or_a_period_in_the_file_counts_more() -> None:
    listed = metadata("gemma4", layers=3, attention__sliding_window=512, **heads(8, 2))
    listed["gemma4.attention.sliding_window_pattern"] = [True, True, False]
    assert windows(listed) == [512, 512, None]
    assert windows(GEMMA_3 | {"gemma3.attention.sliding_window_pattern": 2})[:2] == [1024, None]


def test_windows_that_llama_cpp_ignores_are_ignored() -> None:
    assert windows(LLAMA | {"llama.attention.sliding_window": 4096}) == [None] * 32
    phi = metadata("phi3", layers=2, attention__sliding_window=2048, **heads(32, 32))
    assert windows(phi) == [None, None]


def test_an_unknown_architecture_with_a_window_is_a_bound_that_says_so() -> None:
    table = metadata("novel", layers=2, attention__sliding_window=64, **heads(8, 8))
    assert windows(table) == [None, None]
    assert not anatomy(table, ()).sure


def test_layers_with_a_window_may_have_shorter_keys() -> None:
    table = metadata(
        "gemma4", 2816, 2, attention__sliding_window=1024, attention__key_length_swa=256,
        attention__value_length_swa=256, attention__sliding_window_pattern=[True, False],
        **heads(16, [8, 2], attention__key_length=512, attention__value_length=512),
    )  # fmt: skip
    assert mixers(table) == [Attention(16, 8, 256, 256, 1024), Attention(16, 2, 512, 512)]


def test_latent_attention_is_told_by_its_decompressed_lengths() -> None:
    assert mixers(DEEPSEEK)[0] == Latent(16, 512, 64, 128, 128)
    old = {key: value for key, value in DEEPSEEK.items() if not key.endswith("_mla")}
    assert isinstance(mixers(old)[0], Attention)


def test_summaries_are_read_layer_by_layer() -> None:
    table = metadata(
        "deepseek4", 4096, 3, attention__sliding_window=128, attention__compress_ratios=[0, 4, 128],
        attention__indexer__key_length=128, **heads(64, 1, attention__key_length=512),
    )  # fmt: skip
    assert mixers(table) == [
        Compressed(64, 512, 0, 128), Compressed(64, 512, 4, 128, 128),
        Compressed(64, 512, 128, 128),
    ]  # fmt: skip


def test_layers_without_heads_are_recurrent_or_only_feed() -> None:
    table = metadata(
        "nemotron_h", 2688, 3, ssm__conv_kernel=4, ssm__state_size=128, ssm__inner_size=4096,
        ssm__group_count=8, feed_forward_length=[0, 1856, 0], **heads([32, 32, 32], [0, 0, 2]),
    )  # fmt: skip
    first, second, third = anatomy(table, ()).layers
    assert first.mixers == (Recurrent("mamba", 3 * (4096 + 2048), 128 * 4096, 4),)
    assert second.mixers == ()
    assert isinstance(third.mixers[0], Attention)


def test_three_of_four_layers_of_qwen_3_5_are_recurrent() -> None:
    table = metadata(
        "qwen35", 5120, 8, ssm__conv_kernel=4, ssm__state_size=128, ssm__inner_size=6144,
        ssm__group_count=16, full_attention_interval=4, **heads(24, 4, attention__key_length=256),
    )  # fmt: skip
    kinds = [type(part) for part in mixers(table)]
    assert kinds == [*[Recurrent] * 3, Attention] * 2


def test_every_layer_of_falcon_h1_has_both() -> None:
    table = metadata("falcon-h1", 2048, 1, ssm__conv_kernel=4, ssm__state_size=256,
                     ssm__inner_size=3072, ssm__group_count=1, **heads(8, 2))  # fmt: skip
    assert [type(part) for part in mixers(table)] == [Recurrent, Attention]


def test_layers_that_guess_ahead_are_apart() -> None:
    found = anatomy(LLAMA | {"llama.nextn_predict_layers": 1}, ())
    assert (len(found.layers), len(found.drafts)) == (31, 1)


def test_tensors_say_what_keys_do_not() -> None:
    table = Tensor("token_embd.weight", "Q4_K", (128256, 4096), 0)
    found = anatomy(LLAMA, [table])
    assert (found.vocabulary, found.tied) == (128256, True)
    assert not anatomy(LLAMA, [table, Tensor("output.weight", "Q6_K", (128256, 4096), 0)]).tied


@pytest.mark.parametrize("wrong", [{}, {"general.architecture": 7}, metadata("llama", layers=0)])
def test_a_file_that_does_not_say_what_it_is_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BrokenInput):
        anatomy(wrong, ())


def test_an_impossible_number_of_layers_is_refused() -> None:
    with pytest.raises(BrokenInput, match="layers"):
        anatomy(LLAMA | {"llama.block_count": 10**9}, ())


NAMES = sorted({key.partition(".")[2] for table in (LLAMA, GEMMA_3, DEEPSEEK) for key in table} | {
    "attention.compress_ratios", "ssm.state_size", "ssm.inner_size", "expert_count",
    "full_attention_interval", "nextn_predict_layers", "attention.shared_kv_layers",
    "attention.recurrent_layers", "wkv.head_size", "leading_dense_block_count",
})  # fmt: skip
ANY = st.none() | st.integers() | st.floats() | st.booleans() | st.text(max_size=4)
ARCH = st.sampled_from(["llama", "gemma3", "deepseek2", "qwen35", "rwkv7", "deepseek4", "novel"])


@settings(max_examples=200, deadline=None)
@given(ARCH, st.dictionaries(st.sampled_from(NAMES), ANY | st.lists(ANY, max_size=6), max_size=12))
def test_any_metadata_is_an_anatomy_or_an_error_that_was_meant(
    arch: str, keys: dict[str, object]
) -> None:
    named = {f"{arch}.{key}": value for key, value in keys.items()}
    base = {f"{arch}.embedding_length": 64, f"{arch}.block_count": 5}
    try:
        found = anatomy({"general.architecture": arch, **base, **named}, ())
    except FreeholdError:
        return
    assert isinstance(found, Anatomy)
    assert llamacpp(found, Setting(context=4096)) >= 0
