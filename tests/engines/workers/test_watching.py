"""Long work tells how far it is, and ends when nobody listens any more."""

import threading
from collections.abc import Callable, Generator
from typing import Any

import pytest

from freehold.engines.workers.sound.watching import Pace, watched


def test_what_is_told_comes_out_and_what_is_returned_is_the_value() -> None:
    def work(tell: Callable[[Any], None]) -> str:
        for n in range(3):
            tell(n)
        tell(None)  # says nothing
        return "done"

    def all_of_it() -> Generator[Any, None, None]:
        yield (yield from watched(work))

    assert list(all_of_it()) == [0, 1, 2, "done"]


def test_an_error_of_the_work_arrives_where_it_is_awaited() -> None:
    def work(tell: Callable[[Any], None]) -> None:
        tell(1)
        raise ZeroDivisionError

    parts = watched(work)
    assert next(parts) == 1
    with pytest.raises(ZeroDivisionError):
        next(parts)


def test_closing_ends_the_work_at_what_it_tells_next() -> None:
    ended, steps = threading.Event(), []

    def work(tell: Callable[[Any], None]) -> None:
        try:
            while True:
                steps.append(1)
                tell(len(steps))
        finally:
            ended.set()

    parts = watched(work)
    next(parts)
    parts.close()
    assert ended.is_set()


def test_progress_tells_the_time_that_is_left_and_never_goes_beyond_its_end() -> None:
    pace = Pace(4, "steps")
    assert pace.at(0).left is None
    assert pace.at(4).left == 0
    assert pace.at(9).done == 4
