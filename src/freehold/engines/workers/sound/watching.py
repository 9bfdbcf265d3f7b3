"""Lets long work tell how far it is while it runs, and ends it when nobody listens any more."""

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any, TypeVar

from freehold.tasks.base import Progress

T = TypeVar("T")
Tell = Callable[[Any], None]


class GivenUp(BaseException):
    """Nobody waits for the work any more."""


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


def nothing(_: int) -> None:
    """Say nothing of a step: it is only asked whether anybody still listens."""


def watched(work: Callable[[Tell], T]) -> Generator[Any, None, T]:
    """Do `work` in a thread; what it tells comes out at once, what it returns is the value.

    When the generator is closed, the next thing that is told ends the work (`GivenUp`); telling
    None says nothing and asks only that.
    """
    told: SimpleQueue[tuple[str, Any]] = SimpleQueue()
    over = threading.Event()

    def tell(part: Any) -> None:
        if over.is_set():
            raise GivenUp
        if part is not None:
            told.put(("part", part))

    def run() -> None:
        try:
            told.put(("value", work(tell)))
        except BaseException as error:
            told.put(("error", error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        while True:
            name, value = told.get()
            if name == "error":
                raise value
            if name == "value":
                return value  # type: ignore[no-any-return]
            yield value
    finally:
        over.set()
        thread.join()


def at_each_token(tell: Tell, says: Callable[[int], Any] = nothing) -> Any:
    """What `generate` asks after each token: it tells how far it is, and never says stop."""
    import torch

    def step(ids: Any, scores: Any, **_: Any) -> Any:
        count.append(1)
        tell(says(len(count)))
        return torch.zeros(ids.shape[0], dtype=torch.bool, device=ids.device)

    count: list[int] = []
    return [step]


@contextmanager
def at_each_step(module: Any, tell: Tell, says: Callable[[int], Any] = nothing) -> Iterator[None]:
    """While this lasts, tell each time a part of a model has run, and so let it be given up."""
    count: list[int] = []

    def step(*_: Any) -> None:
        count.append(1)
        tell(says(len(count)))

    hook = module.register_forward_hook(step)
    try:
        yield
    finally:
        hook.remove()
