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
from freehold.engines.workers.openvino.devices import device, genai, properties, reason
from freehold.engines.workers.openvino.noise import generator
from freehold.engines.workers.openvino.painting_words import Call, Model, called
from freehold.engines.workers.order import Order
from freehold.engines.workers.pictures.pixels import saved
from freehold.engines.workers.stepping import Tell, stepwise
from freehold.tasks.base import File, Progress, Work
from freehold.tasks.text_to_image import Request, Result

Answer = Generator[Progress | Result, None, None]
KINDS = ("InpaintingPipeline", "Image2ImagePipeline", "Text2ImagePipeline")
"""Its pipelines; each can be made of the one before, and then shares its parts."""
UNWATCHED = {
    True: "the safety checker of the model does not run on OpenVINO: nothing looks at the images",
    False: "the model comes without a safety checker",
}


def load(order: Order) -> Callable[[Request], Answer]:
    """Open the model; what answers requests."""
    return Painter(Model(Path(order.model)), opened(order)).answer


def opened(order: Order) -> dict[str, Any]:
    """The pipelines that a model has, made of the one that can do most."""
    library, place, told = genai(), device(order), properties(order)
    found, wrong = dict[str, Any](), ""
    for name in KINDS:
        kind, before = getattr(library, name), next(reversed(found.values()), None)
        try:
            made = kind(before) if before is not None else kind(order.model, place, **told)
        except RuntimeError as error:
            wrong = reason(error)
            continue
        found[name] = made
    if not found:
        raise BrokenInput(f"OpenVINO cannot open {Path(order.model).name}: {wrong}")
    return found


class Painter:
    """One model and its pipelines."""

    def __init__(self, model: Model, pipelines: dict[str, Any]) -> None:
        self.model, self.pipelines = model, pipelines

    def answer(self, request: Request) -> Answer:
        """The steps as they are done, then the images."""
        seed = secrets.randbelow(2**32 - 1) if request.seed is None else request.seed
        call = called(self.model, self.pipelines, request)
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

    def work(tell: Tell) -> Any:
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
