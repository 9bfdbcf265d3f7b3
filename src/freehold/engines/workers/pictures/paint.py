"""Paints images with diffusers: from words, from an image, inside a mask, in a cascade.

Image number n of one request has the seed of the request plus n, so that each can be made again
alone.
"""

import secrets
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from msgspec import structs

from freehold.core.errors import BrokenInput, EnvironmentProblem, UsageError
from freehold.engines.workers.aside import TellSteps, stepwise
from freehold.engines.workers.order import Order
from freehold.engines.workers.pictures import consistory
from freehold.engines.workers.pictures.paint_pipes import opened, remarks, stages
from freehold.engines.workers.pictures.paint_words import Call, called
from freehold.engines.workers.pictures.pixels import saved
from freehold.tasks.base import File, Progress, Work
from freehold.tasks.text_to_image import Request, Result

Answer = Generator[Progress | Result, None, None]


def load(order: Order) -> Callable[[Request], Answer]:
    """Open the model; what answers requests."""
    pipelines = opened(order)
    folders = stages(Path(order.model))
    notes = tuple(
        note for pair in zip(pipelines, folders, strict=True) for note in remarks(*pair, order)
    )
    return Painter(Path(order.model).name, pipelines, notes).answer


class Painter:
    """One model: the pipelines that paint one after the other, and what must be said of them."""

    def __init__(self, name: str, pipelines: list[Any], notes: tuple[str, ...]) -> None:
        self.name, self.pipelines, self.notes = name, pipelines, notes

    def answer(self, request: Request) -> Answer:
        """The steps as they are done, then the images."""
        seed = secrets.randbelow(2**32 - 1) if request.seed is None else request.seed
        if request.subjects:
            yield from shared(self, request, seed)
            return
        started, files, notes, steps = time.monotonic(), list[File](), dict[str, None](), 0
        for number in range(request.count):
            image = None
            for pipeline in self.pipelines:
                call = called(pipeline, _next(request, image), image)
                image, took, said = yield from self._painted(call, seed + number)
                steps += took
                notes |= dict.fromkeys((*call.notes, *said))
            files.append(saved(image, self.facts(seed + number)))
        assert image is not None
        yield Result(
            images=tuple(files),
            width=image.width,
            height=image.height,
            seed=seed,
            work=Work(time.monotonic() - started, steps, "steps"),
            notes=(*self.notes, *notes, *_seeds(request.count)),
        )

    def _painted(
        self, call: Call, seed: int
    ) -> Generator[Progress, None, tuple[Any, int, list[str]]]:
        """One image of one pipeline, its steps, and what must be said of it."""
        import torch

        call.words["generator"] = torch.Generator().manual_seed(seed)
        output, steps = yield from run(call)
        return output.images[0], steps, list(_looked_at(output))

    def facts(self, seed: int) -> dict[str, str]:
        """What is written into a picture: what made it, not what was said."""
        return {"model": self.name, "seed": str(seed)}


def run(
    call: Call, each: Callable[[], None] = lambda: None
) -> Generator[Progress, None, tuple[Any, int]]:
    """Call a pipeline and tell of its steps; its output and their number. `each` follows a step."""
    import torch

    bar = Bar(each)

    def work(tell: TellSteps) -> Any:
        bar.tell = tell
        for name in ("prior_pipe", "decoder_pipe"):
            if hasattr(call.pipeline, name):
                getattr(call.pipeline, name).progress_bar = bar
        call.pipeline.progress_bar = bar
        with torch.inference_mode():
            return call.pipeline(**call.words)

    try:
        output = yield from stepwise(work, "steps")
    except (ValueError, TypeError, IndexError) as error:
        steps = call.words.get("num_inference_steps")
        told = f"{type(call.pipeline).__name__}{f' in {steps} steps' if steps else ''}"
        raise UsageError(f"{told}: {error}") from error
    except RuntimeError as error:
        raise _in_words(error) from error
    return output, bar.done


class Bar:
    """Stands where a pipeline expects its progress bar, and tells of each step."""

    def __init__(self, each: Callable[[], None]) -> None:
        self.done, self.of, self.each = 0, 0, each
        self.tell: TellSteps = lambda done, of: None

    def __call__(self, iterable: Any = None, total: int | None = None) -> Any:
        """Begin to count; what is iterated over is counted by itself."""
        self.of += len(iterable) if total is None else total
        self.tell(self.done, self.of)
        return self if iterable is None else self._each(iterable)

    def _each(self, iterable: Any) -> Generator[Any, None, None]:
        for item in iterable:
            yield item
            self.update()

    def update(self, count: int = 1) -> None:
        """So many steps more are done."""
        self.done += count
        self.each()
        self.tell(self.done, self.of)

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *_: object) -> None:
        pass


def shared(painter: Painter, request: Request, seed: int) -> Answer:
    """Several prompts with one subject, painted together (`consistory.py`)."""
    import torch

    pipeline, prompts = painter.pipelines[0], (request.prompt, *request.subjects)
    if type(pipeline).__name__ != "StableDiffusionXLPipeline":
        raise UsageError("only Stable Diffusion XL paints several prompts with one subject")
    if request.image is not None or request.count > 1:
        raise UsageError("prompts with one subject are painted from words, each of them once")
    started, subject = time.monotonic(), consistory.shared_words(prompts)
    calls = [called(pipeline, structs.replace(request, prompt=text)) for text in prompts]
    call = calls[0]
    sharing = consistory.Sharing(prompts, _latent_size(pipeline, request), seed)
    sharing.find_tokens(pipeline.tokenizer, prompts, subject)
    seeds = [seed + number for number in range(len(prompts))]
    call.words["generator"] = [torch.Generator().manual_seed(one) for one in seeds]
    call.words["prompt"] = list(prompts)
    if request.negative is not None:
        call.words["negative_prompt"] = [request.negative] * len(prompts)
    before = consistory.put_in(pipeline.unet, sharing)
    try:
        output, steps = yield from run(call, sharing.step)
    finally:
        pipeline.unet.set_attn_processor(before)
    images = output.images
    yield Result(
        images=tuple(
            saved(image, painter.facts(one)) for image, one in zip(images, seeds, strict=True)
        ),
        width=images[0].width,
        height=images[0].height,
        seed=seed,
        work=Work(time.monotonic() - started, steps, "steps"),
        notes=(
            *painter.notes,
            *dict.fromkeys(note for one in calls for note in one.notes),
            f"the subject that the prompts share is taken to be {subject!r}",
            *_seeds(len(prompts)),
        ),
    )


def _latent_size(pipeline: Any, request: Request) -> tuple[int, int]:
    """Height and width of a picture while it is painted."""
    scale, side = pipeline.vae_scale_factor, pipeline.default_sample_size
    return (request.height or side * scale) // scale, (request.width or side * scale) // scale


def _next(request: Request, image: Any) -> Request:
    """What a later stage of a cascade is asked: what was said of sizes is for the first alone."""
    if image is None:
        return request
    return structs.replace(request, width=None, height=None, image=None, mask=None, strength=None)


def _looked_at(output: Any) -> Generator[str, None, None]:
    """What the safety checker found."""
    for name in ("nsfw_content_detected", "nsfw_detected"):
        found = getattr(output, name, None)
        if isinstance(found, list) and any(found):
            yield "the safety checker took an image for unsafe and made it black or blurred"


def _seeds(count: int) -> tuple[str, ...]:
    return ("each further image has the seed of the one before it plus 1",) if count > 1 else ()


def _in_words(error: RuntimeError) -> Exception:
    text = str(error)
    if "out of memory" in text or "can't allocate" in text:
        return EnvironmentProblem("the memory is not enough for an image of this size")
    return BrokenInput(f"the model cannot be run: {text[:300]}")
