"""Plans learn from what runs really took."""

import pytest
from msgspec.structs import replace

from freehold.judge.correcting import Outcome, corrected, correction, errors
from freehold.judge.fitting.parts import Parts


def ran(predicted: int, measured: int, architecture: str = "llama") -> Outcome:
    return Outcome(engine="llama.cpp", architecture=architecture, model="m",
                   predicted=predicted, measured=measured)  # fmt: skip


def test_predictions_that_held_are_left_alone() -> None:
    assert correction([ran(100, 100), ran(100, 109), ran(100, 92)], "llama.cpp", "llama") is None


def test_one_run_that_took_more_than_a_tenth_beyond_corrects_the_next_plan() -> None:
    assert correction([ran(100, 101), ran(100, 125)], "llama.cpp", "llama") == 1.25


def test_a_plan_that_promised_too_much_is_only_lowered_to_the_worst_run() -> None:
    assert correction([ran(100, 50), ran(100, 80)], "llama.cpp", "llama") == 0.8


def test_other_engines_and_architectures_do_not_count() -> None:
    assert correction([ran(100, 200, "gemma3")], "llama.cpp", "llama") is None
    assert correction([ran(100, 200)], "transformers", "llama") is None


def test_old_runs_are_forgotten() -> None:
    assert correction([ran(100, 200)] + [ran(100, 100)] * 10, "llama.cpp", "llama") is None


PARTS = Parts(weights=1000, state=200, compute=300, overhead=500)


@pytest.mark.parametrize(("factor", "total"), [(1.3, 2600), (0.8, 1200 + 640)])
def test_a_plan_is_raised_as_a_whole_and_lowered_in_its_buffers_alone_and_says_so(
    factor: float, total: int
) -> None:
    better = corrected(PARTS, factor)
    assert better.total == total
    assert (better.weights, better.state) == (1000, 200)
    assert f"{factor - 1:+.0%}" in better.notes[-1]


def test_runs_of_a_small_model_do_not_take_the_buffers_from_a_large_one() -> None:
    large = replace(PARTS, weights=1_000_000)
    assert corrected(large, 0.5).total == 1_000_200 + 400


def test_what_runs_took_beyond_a_plan_without_buffers_is_added_all_the_same() -> None:
    assert corrected(Parts(weights=100, state=0, compute=0, overhead=0), 1.5).total == 150


def test_errors_are_told_by_engine_and_architecture() -> None:
    found = errors([ran(100, 100), ran(110, 100), ran(50, 100, "gemma3")])
    assert [(e.architecture, e.runs) for e in found] == [("gemma3", 1), ("llama", 2)]
    assert found[0].worst == pytest.approx(-0.5)
    assert found[1].median == pytest.approx(0.05)
