"""Paints images with OpenVINO GenAI: from words, from an image, inside a mask.

Image number n of one request has the seed of the request plus n, so that each can be made again
alone. One seed means the same noise as on PyTorch (`noise.py`).
"""

import secrets
import time
from collections.abc import Callable, Generator
from importlib import import_module
from pathlib import Path
from typing import Any

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.aside import TellSteps, stepwise
from freehold.engines.workers.openvino.devices import device, genai, properties, reason
from freehold.engines.workers.openvino.noise import generator
from freehold.engines.workers.openvino.painting_words import Call, Model, called
from freehold.engines.workers.order import Order
from freehold.engines.workers.pictures.pixels import saved
from freehold.tasks.base import File, Progress, Work
from freehold.tasks.text_to_image import Request, Result

Answer = Generator[Progress | Result, None, None]
NEEDS = {
    "InpaintingPipeline": "an image and a mask",
    "Image2ImagePipeline": "an image",
    "Text2ImagePipeline": "words alone",
}
"""Its pipelines and what they paint from; the first ones can become the later ones."""
KINDS = tuple(NEEDS)
UNWATCHED = {
    True: "the safety checker of the model does not run on OpenVINO: nothing looks at the images",
    False: "the model comes without a safety checker",
}


def load(order: Order) -> Callable[[Request], Answer]:
    """Open the model; what answers requests."""
    model = Model(Path(order.model))
    return Painter(model, Pipelines(order, together=model.shares)).answer


class Pipelines:
    """The pipelines of a model: all of them made of one, or else one at a time."""

    def __init__(self, order: Order, together: bool) -> None:
        """Open the one that can do most, and what can be made of it; or the one for words."""
        self._order, self._together, self._open = order, together, dict[str, Any]()
        wrong = ""
        for kind in KINDS if together else reversed(KINDS):
            if self._open and not together:
                break
            try:
                self._begin(kind)
            except RuntimeError as error:
                wrong = reason(error)
        if not self._open:
            raise BrokenInput(f"OpenVINO cannot open {Path(order.model).name}: {wrong}")

    def of(self, kind: str) -> Any:
        """The pipeline of this kind; UsageError where the model has none."""
        if kind not in self._open and not self._together:
            (usual,) = self._open
            self._open.clear()  # two of them at once would take the memory twice
            try:
                self._begin(kind)
            except RuntimeError:
                self._begin(usual)
        if kind not in self._open:
            able = " or ".join(NEEDS[name] for name in self._open)
            raise UsageError(f"on OpenVINO this model paints from {able}, not from {NEEDS[kind]}")
        return self._open[kind]

    def _begin(self, kind: str) -> None:
        made, before = getattr(genai(), kind), next(reversed(self._open.values()), None)
        if before is not None:
            self._open[kind] = made(before)
            return
        place, told = device(self._order), properties(self._order)
        self._open[kind] = made(self._order.model, place, **told)


class Painter:
    """One model and its pipelines."""

    def __init__(self, model: Model, pipelines: Pipelines) -> None:
        self.model, self.pipelines = model, pipelines

    def answer(self, request: Request) -> Answer:
        """The steps as they are done, then the images."""
        seed = secrets.randbelow(2**32 - 1) if request.seed is None else request.seed
        call = called(self.model, self.pipelines.of, request)
        started, files, steps = time.monotonic(), list[File](), 0
        size = (0, 0)
        for number in range(request.count):
            image, took = yield from painted(call, seed + number)
            steps, size = steps + took, image.size
            facts = {"model": self.model.folder.name, "seed": str(seed + number)}
            files.append(saved(image, facts))
        further = "each further image has the seed of the one before it plus 1"
        yield Result(
            images=tuple(files),
            width=size[0],
            height=size[1],
            seed=seed,
            work=Work(time.monotonic() - started, steps, "steps"),
            notes=(
                *call.notes,
                UNWATCHED[self.model.watched],
                *((further,) if request.count > 1 else ()),
            ),
        )


def painted(call: Call, seed: int) -> Generator[Progress, None, tuple[Any, int]]:
    """One image and how many steps it took."""
    numpy, images = import_module("numpy"), import_module("PIL.Image")
    done, ended = [0], list[BaseException]()

    def work(tell: TellSteps) -> Any:
        def step(number: int, of: int, latent: Any) -> bool:
            try:
                if not numpy.isfinite(latent.data).all():
                    raise BrokenInput("the image in the making is no longer made of numbers")
                done[0] = number + 1
                tell(number + 1, of)
            except BaseException as error:
                ended.append(error)
            return bool(ended)

        tell(0, call.steps)
        made = call.pipeline.generate(
            *call.inputs, **call.words, generator=generator(seed), callback=step
        )
        if ended:
            raise ended[0]
        return images.fromarray(made.data[0].copy())

    try:
        image = yield from stepwise(work, "steps")
    except RuntimeError as error:
        raise UsageError(f"OpenVINO: {reason(error)}") from error
    return image, done[0]
