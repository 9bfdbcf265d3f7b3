"""Speeds follow from work and rates, and their intervals hold the value."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from freehold.judge.speed.audio import Listening, encoder, realtime_factor
from freehold.judge.speed.decode import Portion, decode
from freehold.judge.speed.defaults import default_rates
from freehold.judge.speed.images import image, image_step, transformer_step
from freehold.judge.speed.prefill import first_token, prefill
from freehold.judge.speed.rates import Speed
from tests.judge.speed.works import CORES, card, dense, rates, sparse

SIZES = st.floats(1e8, 1e11)
LENGTHS = st.integers(0, 200_000)


def ordered(speed: Speed) -> bool:
    """Whether the interval is one and holds the value."""
    return 0 < speed.low < speed.value < speed.high


@given(SIZES, SIZES, LENGTHS)
def test_more_bytes_are_never_faster(one: float, other: float, length: int) -> None:
    small, large = sorted((one, other))
    assert decode(dense(small), card(), length).value >= decode(dense(large), card(), length).value


@given(st.floats(1e10, 1e13), st.floats(1e10, 1e13))
def test_more_bandwidth_is_never_slower(one: float, other: float) -> None:
    slow, fast = sorted((one, other))
    for work in (dense(), sparse()):
        less = decode(work, rates(bandwidth=slow), 1000).value
        assert less <= decode(work, rates(bandwidth=fast), 1000).value


@given(SIZES, LENGTHS, st.integers(1, 64))
def test_every_interval_holds_its_value(size: float, length: int, batch: int) -> None:
    assert ordered(decode(dense(size), card(), length, batch))
    assert ordered(prefill(dense(size), card(), max(length, 1)))
    assert ordered(first_token(dense(size), card(), max(length, 1)))


@given(st.integers(1, 200), LENGTHS)
def test_more_texts_at_once_slow_each_and_help_all(batch: int, length: int) -> None:
    for work in (dense(), sparse()):
        few, more = (decode(work, card(), length, n).value for n in (batch, batch + 1))
        assert more <= few
        assert more * (batch + 1) >= few * batch * 0.999


def test_a_longer_text_is_continued_more_slowly() -> None:
    speeds = [decode(dense(), card(), n).value for n in (0, 1000, 10_000, 100_000)]
    assert all(a > b for a, b in pairwise(speeds))


def test_a_small_model_is_bound_by_its_layers() -> None:
    tiny = decode(dense(1e8), rates(), 0).value
    assert tiny == pytest.approx(1 / (1e8 / 8e11 + 32 * 60e-6), rel=0.01)


def test_what_lies_on_the_cores_decides_when_a_model_is_split() -> None:
    cores = default_rates(CORES)
    whole = decode(dense(), card(), 500).value
    half = decode(dense(), (Portion(0.5, card()), Portion(0.5, cores)), 500)
    none = decode(dense(), cores, 500).value
    assert none < half.value < whole
    assert half.value == pytest.approx(2 / (1 / whole + 1 / none))
    assert ordered(half)


def test_all_on_one_device_is_the_same_as_unsplit() -> None:
    assert decode(dense(), (Portion(1.0, card()),), 10) == decode(dense(), card(), 10)


def test_guessed_sizes_widen_the_interval() -> None:
    sure, guessed = dense(), replace(dense(), doubt=0.3)
    assert decode(guessed, card(), 0).high > decode(sure, card(), 0).high


def test_a_prompt_is_read_faster_than_an_answer_is_written() -> None:
    assert prefill(dense(), card(), 512).value > 10 * decode(dense(), card(), 512).value


def test_a_very_long_prompt_is_read_more_slowly_per_token() -> None:
    assert prefill(dense(), card(), 100_000).value < prefill(dense(), card(), 2_000).value


def test_where_attention_is_slow_long_prompts_suffer_and_short_ones_hardly() -> None:
    quick = rates()
    slow = replace(quick, looks=0.1)

    def lost(prompt: int) -> float:
        return 1 - prefill(dense(), slow, prompt).value / prefill(dense(), quick, prompt).value

    assert lost(64) < 0.05
    assert lost(32_000) > 0.5


@given(st.integers(1, 50_000))
def test_the_first_token_comes_later_after_a_longer_prompt(prompt: int) -> None:
    sooner, later = (first_token(dense(), card(), n).value for n in (prompt, prompt + 1))
    assert sooner <= later


def test_a_short_prompt_touches_few_experts() -> None:
    assert first_token(sparse(), card(), 2).value < first_token(sparse(), card(), 64).value


FLUX = transformer_step(seen=9e9, width=3072, layers=57, pixels=1024**2, text=512, bytes_read=24e9)


def test_a_picture_takes_as_long_as_its_steps() -> None:
    one = image_step(FLUX, rates())
    assert ordered(one)
    assert one.value == pytest.approx(2 * 9e9 * 4608 / 8e13, rel=0.25)
    assert image(FLUX, 20, rates()).value == pytest.approx(22 * one.value)


def test_larger_pictures_and_guidance_take_longer() -> None:
    def seconds(pixels: int, *, guided: bool = False) -> float:
        step = transformer_step(
            seen=9e9, width=3072, layers=57, pixels=pixels, text=512, bytes_read=24e9,
            guided=guided,
        )  # fmt: skip
        return image_step(step, rates()).value

    assert seconds(512**2) < seconds(1024**2) < seconds(1024**2, guided=True)


def test_sound_is_worked_on_faster_in_batches_and_without_a_decoder() -> None:
    ears = encoder(6.4e8, 1280, 32, 1500, 16)
    whisper = Listening(
        operations=ears.operations, bytes_read=ears.bytes_read, layers=32, decoder=dense(1.6e9)
    )
    alone, many = realtime_factor(whisper, rates()), realtime_factor(whisper, rates(), 16)
    assert ordered(alone)
    assert ordered(many)
    assert alone.value < many.value < realtime_factor(ears, rates(), 16).value


def test_more_words_for_a_second_of_sound_take_longer() -> None:
    slow, fast = (
        Listening(operations=1e12, bytes_read=1e9, layers=32, decoder=dense(), tokens=tokens)
        for tokens in (50.0, 4.0)
    )
    assert realtime_factor(slow, rates()).value < realtime_factor(fast, rates()).value
