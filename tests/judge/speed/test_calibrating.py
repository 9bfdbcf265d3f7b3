"""Measurements turn what is expected of a machine into what it reaches."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.judge.speed.calibrating import calibrate
from freehold.judge.speed.decode import decode
from freehold.judge.speed.least_squares import divide, identity
from freehold.judge.speed.prefill import prefill
from freehold.judge.speed.rates import Measurement, Rates
from freehold.judge.speed.work import Work, decoding, reading
from tests.judge.speed.works import card, dense, rates, sparse

REAL = rates(bandwidth=5e11, layer=1e-4, sums=4e13)


def seen(work: Work, real: Rates = REAL) -> Measurement:
    """What a machine with these rates would measure."""
    return decoding(work, decode(work, real, 200).value, 200)


def test_nothing_measured_changes_nothing() -> None:
    assert calibrate(card(), []) == card()
    assert calibrate(card(), [decoding(dense(), 0, 100)]) == card()


def test_one_measurement_brings_other_models_near() -> None:
    before = decode(dense(3e9), card(), 200).value
    after = decode(dense(3e9), calibrate(card(), [seen(dense())]), 200).value
    truth = decode(dense(3e9), REAL, 200).value
    assert abs(after / truth - 1) < 0.1 < abs(before / truth - 1)


def test_a_small_and_a_large_model_tell_both_rates() -> None:
    both = [seen(dense(2e8)), seen(dense(2e10))]
    found = calibrate(card(), both * 3)
    assert found.bandwidth == pytest.approx(5e11, rel=0.03)
    assert found.layer == pytest.approx(1e-4, rel=0.03)
    assert found.measured == 6


def test_a_prompt_tells_the_matrix_rate_and_hardly_moves_the_other_grade() -> None:
    prompt = reading(dense(), 2048, 2048 / prefill(dense(), REAL, 2048).value)
    found = calibrate(card(), [prompt] * 5)
    assert found.matrix["8-bit"] == pytest.approx(4e13, rel=0.05)
    assert found.matrix["16-bit"] == pytest.approx(card().matrix["16-bit"], rel=0.02)


@settings(max_examples=30)
@given(st.lists(st.sampled_from((2e8, 1e9, 4e9, 2e10)), min_size=1, max_size=5))
def test_each_measurement_narrows_the_interval(sizes: list[float]) -> None:
    def width(measured: list[Measurement]) -> float:
        speed = decode(dense(6e9), calibrate(card(), measured), 200)
        return speed.high / speed.low

    runs = [seen(dense(size)) for size in sizes]
    assert width(runs) <= width(runs[:-1]) * 1.001


def test_in_two_goes_it_is_nearly_the_same_as_in_one() -> None:
    first, second = [seen(dense(2e8))], [seen(dense(2e10)), seen(sparse())]
    once = calibrate(card(), [*first, *second])
    twice = calibrate(calibrate(card(), first), second)
    assert twice.bandwidth == pytest.approx(once.bandwidth, rel=0.05)
    assert twice.measured == once.measured == 3


def test_one_run_beside_other_work_does_little_harm() -> None:
    good = [seen(dense(size)) for size in (5e8, 2e9, 4e9, 8e9, 1.6e10)]
    bad = decoding(dense(), decode(dense(), REAL, 200).value / 5, 200)
    found = decode(dense(), calibrate(card(), [*good, bad]), 200).value
    assert found == pytest.approx(decode(dense(), REAL, 200).value, rel=0.08)


def test_what_stays_unsure_is_what_differs_between_models() -> None:
    many = [seen(dense(size)) for size in (2e8, 1e9, 4e9, 2e10)] * 20
    speed = decode(dense(), calibrate(card(), many), 200)
    factor = 2.718281828 ** (1.2816 * card().doubt.model)
    assert speed.high / speed.value == pytest.approx(factor, rel=0.02)


@given(st.lists(st.floats(-5, 5), min_size=9, max_size=9))
def test_equations_are_solved(cells: list[float]) -> None:
    matrix = [[10.0 * (i == j) + cells[3 * i + j] / 2 for j in range(3)] for i in range(3)]
    inverse = divide(matrix, identity(3))
    for i in range(3):
        for j in range(3):
            product = sum(matrix[i][k] * inverse[k][j] for k in range(3))
            assert product == pytest.approx(float(i == j), abs=1e-9)
