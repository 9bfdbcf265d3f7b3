"""Lets a model compute in a thread of its own, so that what it makes can be given out at once.

One thread computes for the whole life of a worker: threads of PyTorch belong to the one that
calls them.
"""

import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from freehold.engines.workers.aside import Tell, aside
from freehold.tasks.base import Progress

T = TypeVar("T")

THREAD = ThreadPoolExecutor(1, thread_name_prefix="model")


class Watch:
    """Counts the layers that a model has passed, and stops it in between when it is given up."""

    def __init__(self, layers: list[Any]) -> None:
        self.passed = 0
        self._layers = layers

    @property
    def count(self) -> int:
        """Layers of one pass."""
        return max(1, len(self._layers))

    @contextmanager
    def watching(self, tell: Tell) -> Iterator[None]:
        """Look at each layer."""

        def look(*_: Any) -> None:
            self.passed += 1
            tell(None)

        handles = [layer.register_forward_pre_hook(look) for layer in self._layers]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


def layers(model: Any) -> list[Any]:
    """The layers of a model: of its lists of modules that with the most numbers."""
    from torch.nn import ModuleList

    lists = [module for module in model.modules() if isinstance(module, ModuleList)]
    return list(max(lists, key=_numbers, default=[]))


def _numbers(module: Any) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def streamed(work: Callable[[Tell], T], watch: Watch) -> Generator[Any, None, T]:
    """What `work` tells, as it comes; at last what it returns.

    While nothing new comes, `Progress` in layers is told. Closing the generator gives the work up
    within one layer.
    """
    began = time.monotonic()

    def run(tell: Tell) -> T:
        with watch.watching(tell):
            return work(tell)

    return aside(run, idle=lambda: progress(watch, time.monotonic() - began), within=THREAD)


def progress(watch: Watch, seconds: float) -> Progress:
    """How far the pass through the layers is; the time left as the layers before took."""
    done = watch.passed % (watch.count + 1)
    left = seconds / watch.passed * (watch.count - done) if watch.passed else None
    return Progress(done, watch.count, "layers", left)
