"""A worker of the tests: does what the prompt tells it to do, without any model."""

import os
import time
from collections.abc import Generator
from typing import Any

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.files import new_file
from freehold.tasks.base import Progress, Work
from freehold.tasks.text_to_image import Request, Result


def load(order: Any) -> Any:
    """Refuse a model that is told to be broken; else answer."""
    if order.options.get("broken"):
        raise BrokenInput("the weights hold no numbers")
    return answer if order.options.get("mute") else Told()


class Told:
    """A model whose tokens are the letters of a text."""

    def answer(self, request: Request) -> Generator[Progress | Result, None, None]:
        """As below."""
        return answer(request)

    def count(self, request: Request) -> int:
        """The letters of the prompt."""
        return len(request.prompt)

    def split(self, text: str, special: bool) -> list[int]:
        """The numbers of its letters, after a mark."""
        return [1] * special + [ord(letter) for letter in text]

    def spell(self, tokens: list[int]) -> str:
        """The letters of numbers."""
        return "".join(map(chr, tokens))


def answer(request: Request) -> Generator[Progress | Result, None, None]:
    """Paint nothing: each word of the prompt is something that can happen to a worker."""
    if request.prompt == "refuse":
        raise UsageError("no such picture", hint="ask for another")
    if request.prompt == "fail":
        raise ZeroDivisionError("by nothing")
    if request.prompt == "die":
        os._exit(3)
    for done in range(3 if request.prompt == "slow" else 1):
        yield Progress(done, 3, "steps")
        time.sleep(0.05)
    made = new_file("image")
    made.path.write_bytes(request.image.path.read_bytes() if request.image else b"nothing")
    yield Result(
        images=(made,), width=1, height=1, seed=request.seed or 0, work=Work(0.1, 1, "steps")
    )
