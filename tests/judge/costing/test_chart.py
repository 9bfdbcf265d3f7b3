"""The lines that are drawn say what the sums say."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.judge.costing.chart import reach, staircase, stairs, straight, tidy, top
from freehold.judge.costing.machines import Power, Site

SITE = Site(
    name="mine", kind="own", per_machine=60, hours=730, utilization=0.2,
    power=Power(busy=250, idle=60, kwh=0.3),
)  # fmt: skip


@settings(deadline=None)
@given(st.floats(0.01, 4.99))
def test_the_staircase_goes_through_the_cost_of_every_volume(x: float) -> None:
    work = 400_000.0
    line = staircase("A", SITE, (work, work, work), 5.0)
    assert abs(line.at(x) - SITE.month(work * x)) < 0.01 or near_a_step(work * x)


def near_a_step(work: float) -> bool:
    part = work / SITE.capacity
    return abs(part - round(part)) < 1e-6


def test_a_staircase_has_two_corners_for_each_machine() -> None:
    points = stairs(SITE, SITE.capacity, 3.5)
    assert [x for x, _ in points] == [0, 1, 1, 2, 2, 3, 3, 3.5]
    assert all(y1 <= y2 for (_, y1), (_, y2) in pairwise(points))


def test_thousands_of_machines_are_drawn_as_a_slope() -> None:
    assert len(stairs(SITE, SITE.capacity * 1e6, 2.0)) == 2


def test_an_interval_of_speed_is_drawn_around_the_line() -> None:
    line = staircase("A", SITE, (4e5, 3e5, 5e5), 4.0)
    assert all(line.low[-1][1] <= y <= line.high[-1][1] for y in (line.points[-1][1],))
    assert staircase("A", SITE, (4e5, 4e5, 4e5), 4.0).low == ()


def test_the_axis_reaches_past_the_first_meeting_unless_it_is_far_away() -> None:
    assert reach([]) == 2
    assert reach([0.3, 7.0]) == 2
    assert reach([5.0, 90.0]) == 8
    assert reach([1e5]) == 2


def test_one_dear_line_does_not_press_the_others_flat() -> None:
    lines = (straight("C", "cheap", 10, 2), staircase("A", SITE, (4e5,) * 3, 2.0))
    low = top(lines, 2)
    assert top((*lines, straight("D", "dear", 10_000, 2)), 2) <= 4 * low


@settings(deadline=None)
@given(st.floats(1e-9, 1e15))
def test_a_tidy_number_is_not_below_and_not_far_above(value: float) -> None:
    assert value * (1 - 1e-6) <= tidy(value) <= value * 2
