"""Long work in a thread of its own: its steps, its result, its errors, and its end."""

import threading
from typing import Any

import pytest

from freehold.engines.workers.stepping import GivenUp, Tell, stepwise
from freehold.tasks.base import Progress


def taken(work: Any) -> tuple[list[Progress], Any]:
    """All steps, and what the work returned."""
    steps, parts = [], stepwise(work, "steps")
    while True:
        try:
            steps.append(next(parts))
        except StopIteration as end:
            return steps, end.value


def test_steps_come_and_then_the_result() -> None:
    def work(tell: Tell) -> str:
        for done in range(3):
            tell(done, 2)
        return "done"

    steps, result = taken(work)
    assert result == "done"
    assert [(step.done, step.of, step.what) for step in steps] == [
        (0, 2, "steps"),
        (1, 2, "steps"),
        (2, 2, "steps"),
    ]
    assert steps[0].left is None
    assert steps[2].left == 0


def test_work_without_steps_returns_at_once() -> None:
    assert taken(lambda tell: 5) == ([], 5)


def test_an_error_of_the_work_is_raised_where_it_is_waited_for() -> None:
    def work(tell: Tell) -> None:
        tell(0, 1)
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        taken(work)


def test_work_that_is_given_up_ends_in_the_same_step() -> None:
    reached, ended = [], threading.Event()

    def work(tell: Tell) -> None:
        try:
            for done in range(100):
                reached.append(done)
                tell(done, 100)
        except GivenUp:
            ended.set()
            raise

    parts = stepwise(work, "steps")
    next(parts)
    next(parts)
    parts.close()
    assert ended.is_set()
    assert reached == [0, 1]
