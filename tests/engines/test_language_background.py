"""Work in a thread of its own: what it makes comes at once, and it ends when nobody waits."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from freehold.engines.workers.language import background
from freehold.engines.workers.language.background import GivenUp, progress, streamed
from freehold.tasks.base import Progress


class Layers:
    """Stands for the layers of a model."""

    given_up = False
    passed = 0
    count = 4

    @contextmanager
    def watching(self) -> Iterator[None]:
        yield


def results(work: Callable[..., Any], watch: Any) -> tuple[list[Any], Any]:
    """What came, and what was returned."""
    parts, found = streamed(work, watch), []
    while True:
        try:
            found.append(next(parts))
        except StopIteration as end:
            return found, end.value


def test_what_is_made_comes_in_order_and_the_end_is_returned() -> None:
    def work(give: Callable[[str], None]) -> str:
        give("one")
        give("two")
        return "done"

    assert results(work, Layers()) == (["one", "two"], "done")


def test_an_error_in_the_work_reaches_who_asked() -> None:
    def work(give: Callable[[str], None]) -> str:
        give("one")
        raise ZeroDivisionError

    parts = streamed(work, Layers())  # type: ignore[arg-type]
    assert next(parts) == "one"
    with pytest.raises(ZeroDivisionError):
        next(parts)


def test_closing_gives_the_work_up_and_waits_until_it_has_ended() -> None:
    watch, ended = Layers(), threading.Event()

    def work(give: Callable[[str], None]) -> None:
        give("one")
        while not watch.given_up:
            threading.Event().wait(0.001)
        ended.set()
        raise GivenUp

    parts = streamed(work, watch)  # type: ignore[arg-type]
    assert next(parts) == "one"
    parts.close()
    assert watch.given_up
    assert ended.is_set()


def test_progress_is_told_while_nothing_new_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "PATIENCE", 0.001)
    watch, go = Layers(), threading.Event()
    watch.passed = 2

    def work(give: Callable[[str], None]) -> None:
        go.wait()
        give("one")

    parts = streamed(work, watch)  # type: ignore[arg-type]
    told = next(parts)
    assert isinstance(told, Progress)
    assert (told.done, told.of, told.what) == (2, 4, "layers")
    go.set()
    assert [part for part in parts if part == "one"] == ["one"]


def test_the_time_left_follows_from_the_layers_that_were_passed() -> None:
    watch = Layers()
    assert progress(watch, 1.0).left is None  # type: ignore[arg-type]
    watch.passed = 1
    assert progress(watch, 2.0).left == 6.0  # type: ignore[arg-type]
