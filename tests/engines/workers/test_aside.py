"""Work in a thread aside: what it tells, its value, its errors, and its end."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from freehold.engines.workers import aside as module
from freehold.engines.workers.aside import (
    GivenUp,
    Pace,
    Tell,
    TellSteps,
    aside,
    stepwise,
    until_given_up,
)


def taken(parts: Any) -> tuple[list[Any], Any]:
    """All that is told, and what the work returned."""
    found = []
    while True:
        try:
            found.append(next(parts))
        except StopIteration as end:
            return found, end.value


def test_what_is_told_comes_out_in_order_and_what_is_returned_is_the_value() -> None:
    def work(tell: Tell) -> str:
        for number in range(3):
            tell(number)
        tell(None)  # says nothing
        return "done"

    assert taken(aside(work)) == ([0, 1, 2], "done")
    assert taken(aside(work, paced=True)) == ([0, 1, 2], "done")
    with ThreadPoolExecutor(1) as threads:
        assert taken(aside(work, within=threads)) == ([0, 1, 2], "done")


def test_work_that_tells_nothing_returns_at_once() -> None:
    assert taken(aside(lambda tell: 5)) == ([], 5)


def test_an_error_of_the_work_is_raised_where_it_is_waited_for() -> None:
    def work(tell: Tell) -> None:
        tell("so far")
        raise ZeroDivisionError

    parts = aside(work)
    assert next(parts) == "so far"
    with pytest.raises(ZeroDivisionError):
        next(parts)


def test_closing_ends_the_work_at_what_it_tells_next_and_waits_for_its_end() -> None:
    ended = threading.Event()

    def work(tell: Tell) -> None:
        try:
            while True:
                tell("more")
        finally:
            ended.set()

    parts = aside(work)
    next(parts)
    parts.close()
    assert ended.is_set()


def test_work_that_only_asks_ends_as_well() -> None:
    begun, ended = threading.Event(), threading.Event()

    def work(tell: Tell) -> None:
        tell("begun")
        try:
            while True:
                tell(None)
                begun.set()
        finally:
            ended.set()

    parts = aside(work)
    next(parts)
    begun.wait()
    parts.close()
    assert ended.is_set()


def test_a_paced_work_ends_with_the_step_in_which_it_is_given_up() -> None:
    reached = []

    def work(tell: TellSteps) -> None:
        for done in range(100):
            reached.append(done)
            tell(done, 100)

    parts = stepwise(work, "steps")
    next(parts)
    next(parts)
    parts.close()
    assert reached == [0, 1]


def test_while_nothing_is_told_the_idle_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.001)
    go = threading.Event()

    def work(tell: Tell) -> str:
        go.wait()
        tell("at last")
        return "done"

    parts = aside(work, idle=lambda: "waiting")
    assert next(parts) == "waiting"
    go.set()
    found, value = taken(parts)
    assert [part for part in found if part != "waiting"] == ["at last"]
    assert value == "done"


def test_a_library_that_asks_whether_to_stop_is_told_so() -> None:
    heard = []

    def library(stop: Callable[[str], bool]) -> int:
        while not stop("x"):
            heard.append("x")
        return len(heard)

    parts = aside(lambda tell: library(until_given_up(tell)))
    assert next(parts) == "x"
    parts.close()
    with pytest.raises(StopIteration):
        next(parts)


def test_letters_that_are_not_there_are_not_told() -> None:
    def work(tell: Tell) -> bool:
        return any(map(until_given_up(tell), ("a", "", "b")))

    assert taken(aside(work)) == (["a", "b"], False)


def test_steps_are_progress_with_the_time_that_is_left() -> None:
    def work(tell: TellSteps) -> str:
        for done in range(3):
            tell(done, 2)
        return "done"

    steps, value = taken(stepwise(work, "steps"))
    assert value == "done"
    assert [(step.done, step.of, step.what) for step in steps] == [
        (0, 2, "steps"),
        (1, 2, "steps"),
        (2, 2, "steps"),
    ]
    assert steps[0].left is None
    assert steps[2].left == 0


def test_progress_never_goes_beyond_its_end() -> None:
    pace = Pace(4, "steps")
    assert pace.at(0).left is None
    assert pace.at(4).left == 0
    assert pace.at(9).done == 4


def test_nobody_who_listens_is_no_error_of_the_work() -> None:
    assert not issubclass(GivenUp, Exception)
