"""Lets long work go on aside: what it tells comes out at once, and it ends when nobody listens.

A thread does the work, a generator gives out what it tells. Closing the generator ends the work
where it tells something next.
"""

import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from freehold.tasks.base import Progress

T = TypeVar("T")
Tell = Callable[[Any], None]
"""Called by the work with what is to be given out; None says nothing, and asks to go on."""
TellSteps = Callable[[int, int], None]
"""Called by the work after each step: so many are done of so many."""
PATIENCE = 0.5
"""Seconds without anything told after which `idle` is asked for something to tell."""


class GivenUp(BaseException):
    """Nobody waits for this work any more; raised inside it, where it tells something."""


def aside(
    work: Callable[[Tell], T],
    *,
    paced: bool = False,
    idle: Callable[[], Any] | None = None,
    within: ThreadPoolExecutor | None = None,
) -> Generator[Any, None, T]:
    """Do the work in a thread and yield what it tells; what it returns is the value.

    A paced work goes on once what it told was taken, so that it ends with the step in which it is
    given up, not with the one after. While nothing is told, what `idle` says is. The thread is one
    of its own, or one of those `within`.
    """
    talk = _Talk(paced)
    if within:
        within.submit(talk.run, work)
    else:
        threading.Thread(target=talk.run, args=(work,), daemon=True).start()
    patience = PATIENCE if idle else None
    try:
        while True:
            part = None
            with suppress(Empty):
                part = talk.told.get(timeout=patience)
            if part is not None:
                yield part[0]
                talk.taken.release()
            elif talk.ended.is_set() and talk.told.empty():
                break
            elif idle:
                yield idle()
    finally:
        talk.over.set()
        talk.taken.release()
        talk.ended.wait()
    if talk.error is not None:
        raise talk.error
    return talk.value  # type: ignore[no-any-return]


class _Talk:
    """Between the thread that works and the one that listens."""

    def __init__(self, paced: bool) -> None:
        self.told: SimpleQueue[tuple[Any] | None] = SimpleQueue()
        self.over, self.ended = threading.Event(), threading.Event()
        self.taken = threading.Semaphore(0)
        self.value: Any = None
        self.error: BaseException | None = None
        self._paced = paced

    def tell(self, part: Any) -> None:
        """Give this out, unless nobody listens."""
        if not self.over.is_set() and part is not None:
            self.told.put((part,))
            if self._paced:
                self.taken.acquire()
        if self.over.is_set():
            raise GivenUp

    def run(self, work: Callable[[Tell], Any]) -> None:
        """Do the work, and keep how it ended."""
        try:
            self.value = work(self.tell)
        except BaseException as error:
            self.error = error
        self.ended.set()
        self.told.put(None)


class Pace:
    """Tells progress with the time that is left, as the steps so far took it."""

    def __init__(self, of: int, what: str) -> None:
        self.of, self.what, self.began = max(of, 1), what, time.monotonic()

    def at(self, done: int) -> Progress:
        """Progress after so many steps."""
        done = min(done, self.of)
        spent = time.monotonic() - self.began
        left = spent / done * (self.of - done) if done else None
        return Progress(done, self.of, self.what, left)


def stepwise(work: Callable[[TellSteps], T], what: str) -> Generator[Progress, None, T]:
    """Do the work aside and yield its steps, which are of this kind."""

    def told(tell: Tell) -> T:
        pace = Pace(1, what)

        def step(done: int, of: int) -> None:
            pace.of = of
            tell(pace.at(done))

        return work(step)

    return aside(told, paced=True)


def until_given_up(tell: Tell) -> Callable[[str], bool]:
    """A function for libraries that ask with each few letters whether to stop."""

    def stop(letters: str) -> bool:
        try:
            tell(letters or None)
        except GivenUp:
            return True
        return False

    return stop
