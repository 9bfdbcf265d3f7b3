"""Tells of each step inside a model of PyTorch, so that it can be given up in between."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from freehold.engines.workers.aside import Tell


def nothing(_: int) -> None:
    """Say nothing of a step: it is only asked whether anybody still listens."""


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
