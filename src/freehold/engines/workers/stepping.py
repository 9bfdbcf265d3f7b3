"""Lets long work inside a library tell of its steps, and ends it when nobody listens anymore."""

import queue
import threading
import time
from collections.abc import Callable, Generator
from typing import Any

from freehold.tasks.base import Progress

Tell = Callable[[int, int], None]
"""Called by the work after each step: so many are done of so many."""


class GivenUp(BaseException):
    """Nobody waits for this work anymore; raised inside it, at its next step."""


def stepwise(work: Callable[[Tell], Any], what: str) -> Generator[Progress, None, Any]:
    """Do the work in a thread of its own and yield its steps; what it returns is returned.

    The work goes on after a step once that was taken, so that it ends with the step in which it
    is given up, not with the one after.
    """
    told: queue.SimpleQueue[Progress | None] = queue.SimpleQueue()
    over, taken, kept = threading.Event(), threading.Semaphore(0), _Kept()
    started = time.monotonic()

    def tell(done: int, of: int) -> None:
        left = (time.monotonic() - started) / done * (of - done) if done else None
        told.put(Progress(done, of, what, left))
        taken.acquire()
        if over.is_set():
            raise GivenUp

    def run() -> None:
        try:
            kept.result = work(tell)
        except BaseException as error:
            kept.error = error
        told.put(None)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        while (step := told.get()) is not None:
            yield step
            taken.release()
    finally:
        over.set()
        taken.release()
        thread.join()
    if kept.error is not None:
        raise kept.error
    return kept.result


class _Kept:
    result: Any = None
    error: BaseException | None = None
