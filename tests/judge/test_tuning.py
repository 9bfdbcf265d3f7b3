"""Which way of running wins: the fastest that keeps the quality, and what quality means."""

from math import exp, inf, log
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.judge.tuning import (
    Quality,
    Timed,
    Trial,
    Workload,
    divergence,
    quality,
    winner,
)

WORK = Workload(prompt=100, answer=10)


def logs(weights: list[float]) -> dict[str, float]:
    """A distribution over as many tokens."""
    return {str(n): log(w / sum(weights)) for n, w in enumerate(weights)}


def likeliest(whole: dict[str, float], count: int) -> dict[str, float]:
    """The likeliest tokens of a distribution."""
    return dict(sorted(whole.items(), key=lambda item: -item[1])[:count])


def exactly(p: dict[str, float], q: dict[str, float]) -> float:
    """The divergence by its definition."""
    return sum(exp(p[key]) * (p[key] - q[key]) for key in p)


def timed(prefill: float, decode: float) -> Timed:
    """Figures of which only the speeds matter."""
    return Timed(
        prefill=prefill, decode=decode, first_token=1, load=1, peak=1, share=None, rounds=3
    )


def trial(speed: float | None, nats: float | None = 0.0, **more: Any) -> Trial:
    """A trial of this speed and divergence."""
    return Trial(
        engine="x", version=None, precision="p", setting="s", same=more.get("same", False),
        timed=timed(speed, speed) if speed else None,
        quality=None if nats is None else Quality(nats, 8, True, 1.0),
    )  # fmt: skip


WEIGHTS = st.lists(st.floats(0.01, 100), min_size=6, max_size=6)


@given(WEIGHTS, WEIGHTS)
def test_with_every_token_known_the_divergence_is_exact(p: list[float], q: list[float]) -> None:
    nats, told = divergence(logs(p), logs(q))
    assert nats == pytest.approx(exactly(logs(p), logs(q)), abs=1e-9)
    assert told == pytest.approx(1)


@given(WEIGHTS, WEIGHTS, st.integers(1, 6), st.integers(1, 6))
def test_with_some_tokens_known_it_is_never_more_than_the_truth(
    p: list[float], q: list[float], some: int, others: int
) -> None:
    nats, told = divergence(likeliest(logs(p), some), likeliest(logs(q), others))
    assert 0 <= nats <= exactly(logs(p), logs(q)) + 1e-9
    assert 0 <= told <= 1


def test_the_mean_says_whether_it_is_exact_and_how_much_is_known() -> None:
    whole, half = logs([1, 1, 2]), likeliest(logs([1, 1, 2]), 1)
    exact = quality([whole, whole], [whole, whole])
    bounded = quality([whole, half], [whole, half])
    assert exact is not None
    assert bounded is not None
    assert (exact.nats, exact.exact) == (0.0, True)
    assert not bounded.exact
    assert bounded.covered == pytest.approx(0.75)
    assert "at least" in bounded.says
    assert "at least" not in exact.says


def test_an_engine_that_tells_too_little_has_no_quality() -> None:
    whole = logs([1, 1])
    assert quality([], []) is None
    assert quality([whole] * 4, [whole, {}, {}, {}]) is None
    assert quality([whole] * 4, [whole, whole, whole, {}]) is not None


def test_the_fastest_for_the_workload_wins() -> None:
    reader = Trial(**{**_fields(trial(1)), "timed": timed(1000, 10), "setting": "reads"})
    writer = Trial(**{**_fields(trial(1)), "timed": timed(100, 40), "setting": "writes"})
    assert winner([reader, writer], Workload(1000, 10)) is reader
    assert winner([reader, writer], Workload(100, 1000)) is writer


def test_one_that_changes_what_the_model_says_does_not_win() -> None:
    safe, wild = trial(10, 0.001), trial(99, 0.06)
    assert winner([safe, wild], WORK) is safe
    assert winner([safe, wild], WORK, most=0.1) is wild


def test_unknown_quality_counts_only_for_the_same_weights() -> None:
    unknown, same = trial(99, None), trial(10, None, same=True)
    assert winner([unknown, same], WORK) is same


def test_noise_changes_nothing_and_what_failed_never_wins() -> None:
    first, hardly = trial(100), trial(102)
    assert winner([first, hardly, trial(None)], WORK) is first
    assert winner([trial(None)], WORK) is None
    assert winner([], WORK) is None


def test_a_divergence_that_is_no_number_is_not_kept() -> None:
    assert winner([trial(10, inf)], WORK) is None


def _fields(one: Trial) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__struct_fields__}
