"""Configurations become anatomies: by their keys, bounded, never guessed below."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.core.errors import BrokenInput, FreeholdError
from freehold.judge.anatomy.from_config import anatomy
from freehold.judge.anatomy.keys import MOST_LAYERS
from freehold.judge.anatomy.shapes import (
    Anatomy,
    Attention,
    Compressed,
    Cross,
    Latent,
    Mixer,
    Recurrent,
)
from freehold.judge.fitting.parts import Setting
from freehold.judge.fitting.state import least
from tests.judge.anatomy import models


def mixers(config: dict[str, Any]) -> list[Mixer]:
    """All mixers of a model, layer by layer."""
    return [part for layer in anatomy(config).layers for part in layer.mixers]


def windows(config: dict[str, Any]) -> list[int | None]:
    """The window of each layer with attention."""
    return [part.window for part in mixers(config) if isinstance(part, Attention)]


def test_the_length_of_a_head_is_not_the_width_over_the_heads_where_it_is_stated() -> None:
    assert mixers(models.QWEN3_SMALL)[0] == Attention(16, 8, 128, 128)
    assert mixers(models.LLAMA_8B)[0] == Attention(32, 8, 128, 128)


def test_windows_are_read_from_lists_patterns_and_known_models() -> None:
    assert windows(models.GPT_OSS_120B)[:3] == [128, None, 128]
    assert windows(models.GEMMA_3_27B)[4:7] == [1024, None, 1024]
    assert windows(models.MISTRAL_7B) == [4096] * 32
    text = models.dense(64, 4, 4, 4, 64, 9, sliding_window=16, sliding_window_pattern="LLG")
    assert windows(text) == [16, 16, None, 16]


def test_a_window_that_is_turned_off_is_none() -> None:
    assert windows(models.MISTRAL_7B | {"use_sliding_window": False}) == [None] * 32
    assert windows(models.QWEN3_32B | {"sliding_window": 4096, "model_type": "qwen3"})[0] is None


def test_a_window_without_a_place_is_full_attention_and_not_sure() -> None:
    found = anatomy(models.dense(64, 4, 4, 4, 64, 9, sliding_window=16, model_type="novel"))
    assert not found.sure
    assert all(part.window is None for row in found.layers for part in row.mixers)  # type: ignore[union-attr]


def test_layers_with_a_window_may_have_heads_of_their_own() -> None:
    full, sliding = mixers(models.MIMO_V2_FLASH)[:2]
    assert full == Attention(64, 4, 192, 128)
    assert sliding == Attention(64, 8, 192, 128, 128)


def test_gemma_4_has_wide_heads_where_it_sees_everything() -> None:
    row = mixers(models.GEMMA_4_26B)
    assert row[0] == Attention(16, 8, 256, 256, 1024)
    assert row[5] == Attention(16, 2, 512, 512, projected=False)


def test_the_last_layers_of_gemma_3n_borrow_their_keys() -> None:
    row = [part.borrows for part in mixers(models.GEMMA_3N) if isinstance(part, Attention)]
    assert row == [False] * 6 + [True] * 4
    assert anatomy(models.GEMMA_3N).lookups == 256 * 262144 * 10


def test_what_one_layer_says_of_itself_counts_more() -> None:
    own = {"01": {"head_dim": 512, "num_key_value_heads": 1}, "2": {"skip": ["attention"]}}
    found = anatomy(models.dense(64, 3, 4, 4, 64, 9, per_layer_config=own)).layers
    assert [row.mixers for row in found] == [
        (Attention(4, 4, 16, 16),), (Attention(4, 1, 512, 512),), (),
    ]  # fmt: skip


def test_llama_4_sees_chunks_but_in_every_fourth_layer() -> None:
    row = [part for part in mixers(models.LLAMA_4_SCOUT) if isinstance(part, Attention)]
    assert [part.window for part in row[:5]] == [8192, 8192, 8192, None, 8192]
    assert row[0].chunked
    assert not row[3].chunked


def test_latent_attention_keeps_one_vector_and_an_indexer_its_key() -> None:
    assert mixers(models.DEEPSEEK_V3)[0] == Latent(128, 512, 64, 128, 128, query=1536)
    glm = mixers(models.GLM_5)[0]
    assert isinstance(glm, Latent)
    assert (glm.index, glm.nope, glm.value) == (128, 192, 256)


def test_an_indexer_that_repeats_a_choice_keeps_no_keys() -> None:
    row = mixers(models.GLM_5 | {"indexer_types": ["full", "shared"] * 39})
    assert [part.index for part in row[:2] if isinstance(part, Latent)] == [128, 0]


def test_deepseek_v4_keeps_summaries_and_a_window() -> None:
    row = [part for part in mixers(models.DEEPSEEK_V4_FLASH) if isinstance(part, Compressed)]
    assert [(part.ratio, part.index) for part in row[1:4]] == [(0, 0), (4, 128), (128, 0)]
    assert {part.window for part in row} == {128}


def test_three_of_four_layers_of_qwen_3_5_are_recurrent() -> None:
    row = mixers(models.QWEN35_27B)
    first = row[0]
    assert isinstance(first, Recurrent)
    assert (first.convolution, first.memory) == (3 * (2 * 2048 + 6144), 48 * 128 * 128)
    assert isinstance(row[3], Attention)
    assert sum(isinstance(part, Attention) for part in row) == 16


def test_nemotron_has_layers_of_one_part_each() -> None:
    found = anatomy(models.NEMOTRON_3_NANO)
    assert len(found.layers) == len(models.NEMOTRON_3_NANO["hybrid_override_pattern"])  # type: ignore[arg-type]
    mamba, experts = found.layers[:2]
    assert mamba.feed is None
    assert experts.mixers == ()
    state = mamba.mixers[0]
    assert isinstance(state, Recurrent)
    assert (state.convolution, state.memory) == (3 * (4096 + 2 * 8 * 128), 4096 * 128)
    assert sum(isinstance(part, Attention) for part in mixers(models.NEMOTRON_3_NANO)) == 6


def test_kimi_k3_attends_in_24_of_93_layers() -> None:
    row = mixers(models.KIMI_K3)
    assert sum(isinstance(part, Latent) for part in row) == 24
    assert isinstance(row[0], Recurrent)
    assert row[0].memory == 96 * 128 * 128
    assert row[0].convolution == 3 * 3 * 96 * 128


def test_searched_models_say_what_each_block_has() -> None:
    first, second = anatomy(models.NEMOTRON_SUPER).layers
    assert first.mixers == (Attention(64, 8, 128, 128),)
    assert second.mixers == ()
    assert first.feed is not None
    assert first.feed.width == 28672


def test_models_mix_in_parallel_or_in_turn() -> None:
    assert [type(part) for part in anatomy(models.FALCON_H1).layers[0].mixers] == [
        Recurrent, Attention,
    ]  # fmt: skip
    row = mixers(models.JAMBA)
    assert [n for n, part in enumerate(row) if isinstance(part, Attention)] == [4, 12, 20, 28]
    assert sum(isinstance(part, Attention) for part in mixers(models.LFM2)) == 6


def test_older_models_spell_their_heads_in_other_ways() -> None:
    assert mixers(models.FALCON_7B)[0] == Attention(71, 1, 64, 64)
    assert mixers(models.FALCON_40B)[0] == Attention(128, 8, 64, 64)
    assert mixers(models.GPT_2)[0] == Attention(12, 12, 64, 64)
    mpt = {"d_model": 64, "n_layers": 1, "n_heads": 8, "attn_config": {"kv_n_heads": 2}}
    assert mixers(mpt)[0] == Attention(8, 2, 8, 8)


def test_decoders_look_at_what_their_encoder_made() -> None:
    found = anatomy(models.WHISPER_LARGE)
    assert found.kind == "encoder-decoder"
    assert found.layers[0].mixers == (Attention(20, 20, 64, 64), Cross(20, 20, 64, 64, 1500))
    assert (found.towers[0].kind, found.towers[0].layers) == ("audio", 32)
    assert anatomy(models.WHISPER_LARGE | {"decoder_layers": 4}).layers[4:] == ()


def test_some_layers_of_llama_vision_look_at_the_picture_only() -> None:
    found = anatomy(models.LLAMA_VISION)
    assert found.layers[3].mixers == (Cross(32, 8, 128, 128, 4 * 1601),)
    assert found.towers[0].kind == "vision"


def test_encoders_are_told_from_decoders() -> None:
    assert anatomy(models.BERT_BASE).kind == "encoder"
    assert anatomy({**models.BERT_BASE, "model_type": "x", "architectures": ["XForMaskedLM"]}).kind
    assert anatomy(models.LLAMA_8B).kind == "decoder"
    both = {"use_bidirectional_attention": True}
    assert (
        anatomy({**models.LLAMA_8B, **both, "architectures": ["Gemma3TextModel"]}).kind == "encoder"
    )
    seeing = ["PaliGemmaForConditionalGeneration"]
    assert anatomy({**models.LLAMA_8B, **both, "architectures": seeing}).kind == "decoder"


def test_layers_that_guess_ahead_are_apart() -> None:
    found = anatomy(models.DEEPSEEK_V3)
    assert (len(found.layers), len(found.drafts)) == (61, 1)


def test_an_unknown_kind_of_layer_is_a_bound_that_says_so() -> None:
    known = models.dense(64, 2, 4, 4, 64, 9, layer_types=["full_attention", "quantum_foam"])
    found = anatomy(known)
    assert not found.sure
    assert found.layers[0] == found.layers[1]
    recurrent = anatomy(models.dense(64, 2, 4, 4, 64, 9, layer_types=["mamba", "attention"]))
    assert not recurrent.sure
    assert isinstance(recurrent.layers[0].mixers[0], Attention)


def test_a_key_about_state_that_nobody_reads_is_named() -> None:
    found = anatomy(models.LLAMA_8B | {"attention_echo_length": 64, "attention_bias": True})
    assert found.notes == (
        "not understood: attention_echo_length; more may be kept than is counted",
    )
    assert not found.sure


@pytest.mark.parametrize("name", sorted(n for n in vars(models) if n.isupper()))
def test_well_known_models_leave_no_doubt(name: str) -> None:
    assert anatomy(getattr(models, name)).notes == ()


@pytest.mark.parametrize("count", [0, -1, None, "12", 10**9, 1e300, MOST_LAYERS + 1])
def test_an_impossible_number_of_layers_is_refused(count: object) -> None:
    with pytest.raises(BrokenInput, match="layers"):
        anatomy(models.LLAMA_8B | {"num_hidden_layers": count})


def test_a_model_without_a_width_is_refused() -> None:
    with pytest.raises(BrokenInput, match="wide"):
        anatomy({"num_hidden_layers": 2})


def test_impossible_numbers_count_as_not_stated() -> None:
    found = anatomy(models.LLAMA_8B | {"num_key_value_heads": -8, "head_dim": float("nan")})
    assert not found.sure
    assert found.layers[0].mixers == (Attention(32, 32, 128, 128),)


OTHERS = {
    "lru_width",
    "block_types",
    "use_mtp",
    "thinker_config",
    "encoder",
    "per_layer_config",
    "skip",
    "compress_rates",
    "num_hidden_groups",
    "embedding_size",
}
KEYS = sorted({
    key for config in vars(models).values() if isinstance(config, dict)
    for key in (*config, *config.get("text_config", {}))
} | OTHERS)  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["mamba", "full_attention", "sliding_attention", "hybrid", "M*E-"])
    | st.integers(1, 64),
    lambda inner: st.lists(inner, max_size=5)
    | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=12,
)  # fmt: skip
PLAUSIBLE = st.fixed_dictionaries(
    {"hidden_size": st.integers(1, 256) | ANYTHING, "num_hidden_layers": st.integers(1, 9)}
)


@settings(max_examples=120, deadline=None)
@given(PLAUSIBLE, st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=12))
def test_anything_is_an_anatomy_or_an_error_that_was_meant(
    base: dict[str, object], more: dict[str, object]
) -> None:
    try:
        found = anatomy({**more, **base})
    except FreeholdError:
        return
    assert isinstance(found, Anatomy)
    assert least(found, Setting(context=4096)) >= 0
    assert found.sure == (not found.notes)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(models.LLAMA_8B)), ANYTHING)
def test_one_wrong_value_never_makes_the_state_smaller_unless_it_is_possible(
    key: str, value: object
) -> None:
    config = models.LLAMA_8B | {key: value}
    try:
        found = anatomy(config)
    except FreeholdError:
        return
    if not found.sure:
        whole = anatomy(models.LLAMA_8B)
        assert least(found, Setting(context=512)) >= least(whole, Setting(context=512))
    json.dumps(found.notes)
