"""The layers of a model while it computes: how far it is, and where it ends."""

from typing import Any

import pytest

from freehold.engines.workers import aside
from freehold.engines.workers.aside import Tell
from freehold.engines.workers.language.background import Watch, progress, streamed
from freehold.tasks.base import Progress


class Layer:
    """A layer that can be looked at before it runs, as those of PyTorch."""

    def __init__(self) -> None:
        self.looks: list[Any] = []

    def register_forward_pre_hook(self, look: Any) -> "Layer":
        self.looks.append(look)
        return self

    def remove(self) -> None:
        self.looks.clear()

    def __call__(self) -> None:
        for look in self.looks:
            look(self, ())


def test_layers_that_run_are_counted_while_they_are_watched() -> None:
    layers = [Layer(), Layer()]
    watch = Watch(layers)

    def work(tell: Tell) -> str:
        for layer in layers * 3:
            layer()
        tell("made")
        return "done"

    parts = streamed(work, watch)
    assert next(parts) == "made"
    with pytest.raises(StopIteration) as end:
        next(parts)
    assert end.value.value == "done"
    assert watch.passed == 6
    layers[0]()
    assert watch.passed == 6


def test_closing_ends_the_work_at_the_next_layer() -> None:
    layer = Layer()

    def work(tell: Tell) -> None:
        tell("made")
        while True:
            layer()

    parts = streamed(work, Watch([layer]))
    assert next(parts) == "made"
    parts.close()
    assert not layer.looks


def test_progress_is_told_while_nothing_new_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "PATIENCE", 0.001)
    layers = [Layer() for _ in range(4)]
    watch = Watch(layers)

    def work(tell: Tell) -> None:
        layers[0]()
        layers[1]()
        while True:
            tell(None)

    parts = streamed(work, watch)
    told = next(parts)
    while told.done < 2:
        told = next(parts)
    assert isinstance(told, Progress)
    assert (told.done, told.of, told.what) == (2, 4, "layers")
    parts.close()


def test_the_time_left_follows_from_the_layers_that_were_passed() -> None:
    watch = Watch([Layer() for _ in range(4)])
    assert progress(watch, 1.0).left is None
    watch.passed = 1
    assert progress(watch, 2.0).left == 6.0
