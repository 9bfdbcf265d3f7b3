"""Whole machines: what they do, what they cost, and where an API becomes dearer."""

from math import inf, isclose

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.judge.costing.breaking import break_even
from freehold.judge.costing.machines import Power, Site, per_month
from freehold.judge.costing.work import Capacity, Rate, Span, Volume, missing, seconds

FEW = st.floats(0.01, 1e4)
SITES = st.builds(
    Site,
    name=st.just("mine"),
    kind=st.just("own"),
    per_machine=FEW,
    shared=st.just(0.0) | FEW,
    hours=st.floats(100, 744),
    utilization=st.floats(0.01, 1),
    power=st.none() | st.builds(Power, busy=st.floats(100, 900), idle=st.floats(0, 100),
                                kwh=st.floats(0.01, 1), pue=st.floats(1, 2)),
)  # fmt: skip


@pytest.mark.parametrize(
    ("speed", "dollars"),
    [(9_806, 0.07), (2_578, 0.27), (1_504, 0.46), (295, 2.35)],
    ids=["Llama-3.1-8B", "Qwen3-32B", "Llama-3.3-70B", "Llama-3.1-405B-FP8"],
)
def test_an_h100_at_full_work_costs_what_the_measured_speeds_say(
    speed: float, dollars: float
) -> None:
    """Tokens per second and card from the ML.ENERGY board, at $2.50 an hour."""
    site = Site(name="h100", kind="rented", per_machine=2.5 * 730, hours=730)
    written = speed * site.capacity
    work = seconds(Volume(tokens_out=written), Capacity(decode=Rate.exactly(speed)))
    assert work is not None
    assert site.machines(work.value) == 1
    assert site.month(work.value) / written * 1e6 == pytest.approx(dollars, abs=0.006)


def test_a_month_on_a_machine_of_ones_own_by_hand() -> None:
    power = Power(busy=250, idle=60, kwh=0.30, pue=1.5)
    each = per_month(2500, 700, 36)
    site = Site(name="mine", kind="own", per_machine=each, shared=40, hours=730, power=power)
    busy = 100 * 3600
    energy = (0.250 * 100 + 0.060 * 630) * 1.5
    assert each == 50
    assert site.energy(busy, 1) == pytest.approx(energy)
    assert site.month(busy) == pytest.approx(40 + 50 + energy * 0.30)
    assert site.full() == pytest.approx(50 + 0.250 * 730 * 1.5 * 0.30)


def test_reading_and_writing_take_turns() -> None:
    capacity = Capacity(prefill=Rate(500, 400, 600), decode=Rate(40, 20, 50))
    work = seconds(Volume(tokens_in=1000, tokens_out=100), capacity)
    assert work == Span(1000 / 500 + 100 / 40, 1000 / 600 + 100 / 50, 1000 / 400 + 100 / 20)


def test_a_speed_that_is_not_known_is_named_and_not_guessed() -> None:
    volume = Volume(tokens_in=1000, tokens_out=100, images=5)
    capacity = Capacity(decode=Rate.exactly(40))
    assert seconds(volume, capacity) is None
    assert missing(volume, capacity) == ["reading the input", "making images"]
    assert seconds(Volume(tokens_out=100), capacity) is not None


@settings(deadline=None)
@given(SITES, st.floats(0, 1e9), st.floats(0, 1e9))
def test_more_work_never_costs_less(site: Site, one: float, more: float) -> None:
    assert site.month(one + more) >= site.month(one) - 1e-6


@settings(deadline=None)
@given(SITES, st.floats(1, 1e9))
def test_the_machines_are_enough_and_one_fewer_would_not_be(site: Site, work: float) -> None:
    count = site.machines(work)
    assert count * site.capacity >= work * (1 - 1e-6)
    assert count == 1 or (count - 1) * site.capacity < work


@settings(deadline=None)
@given(SITES, st.floats(1, 1e9))
def test_whole_machines_never_cost_less_than_the_part_that_is_used(site: Site, work: float) -> None:
    part = work / site.capacity
    assert site.month(work) >= site.shared + part * site.full() - 1e-6 * (1 + part * site.full())


@settings(deadline=None)
@given(SITES, st.floats(1, 1e8), st.floats(1, 5), st.floats(1, 5))
def test_the_interval_holds_the_value(site: Site, work: float, down: float, up: float) -> None:
    span = site.span(Span(work, work / down, work * up))
    assert span.low <= span.value <= span.high


def dearer(site: Site, work: float, times: float) -> float:
    """The price of an API that takes so many times what a machine costs that is fully used."""
    return work * site.per_second + times * site.each * work / site.capacity


@settings(deadline=None)
@given(SITES, st.floats(1, 1e8), st.floats(1.01, 100))
def test_at_the_break_even_both_cost_the_same_and_before_it_the_api_less(
    site: Site, work: float, dear: float
) -> None:
    price = dearer(site, work, dear)
    even = break_even(site, work, price)
    assert even is not None
    own = site.month(work * even.times)
    assert isclose(own, price * even.times, rel_tol=1e-6, abs_tol=1e-9)
    assert site.machines(work * even.times) == even.machines
    for part in (0.1, 0.5, 0.9, 0.999):
        assert site.month(work * even.times * part) >= price * even.times * part * (1 - 1e-9)


@settings(deadline=None)
@given(SITES, st.floats(1, 1e8), st.floats(1.01, 100), st.floats(1.0001, 50))
def test_behind_the_steady_point_the_machines_never_cost_more(
    site: Site, work: float, dear: float, beyond: float
) -> None:
    price = dearer(site, work, dear)
    even = break_even(site, work, price)
    assert even is not None
    assert even.steady != inf
    assert even.times <= even.steady * (1 + 1e-9)
    x = even.steady * beyond
    assert site.month(work * x) <= price * x * (1 + 1e-6)


@settings(deadline=None)
@given(SITES, st.floats(1, 1e8), FEW, st.floats(0.001, 1000))
def test_where_there_is_no_break_even_the_api_is_never_dearer(
    site: Site, work: float, price: float, times: float
) -> None:
    if break_even(site, work, price) is None:
        assert site.month(work * times) >= price * times * (1 - 1e-6)


def test_a_dearer_machine_breaks_even_later() -> None:
    cheap, dear = (Site(name="m", kind="own", per_machine=p) for p in (50.0, 80.0))
    first, second = (break_even(site, 3600, 10.0) for site in (cheap, dear))
    assert first is not None
    assert second is not None
    assert first.times == 5
    assert second.times == 8
