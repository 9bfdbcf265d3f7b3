"""Images: words go in, perhaps with an image to start from, images come out."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from freehold.core.errors import UsageError
from freehold.tasks.base import File, Flag, Task, Work, sorted_out


class Request(Struct, frozen=True, kw_only=True):
    """What to paint; what is None is left to the model.

    With an `image` it is changed, by `strength` (0 keeps it, 1 forgets it); with a `mask` only
    where the mask is white. `subjects` are several prompts that share one subject.
    """

    prompt: str
    negative: str | None = None
    image: File | None = None
    mask: File | None = None
    strength: float | None = None
    width: int | None = None
    height: int | None = None
    steps: int | None = None
    guidance: float | None = None
    count: int = 1
    seed: int | None = None
    subjects: tuple[str, ...] = ()


class Result(Struct, frozen=True, kw_only=True):
    """The images, PNG files, made with this seed."""

    images: tuple[File, ...]
    width: int
    height: int
    seed: int
    work: Work
    notes: tuple[str, ...] = ()


def requested(inputs: tuple[str | File, ...], flags: Mapping[str, Any]) -> Request:
    """The text is the prompt; the first image is where to start from, the second its mask."""
    found = sorted_out(inputs, "text", "image")
    texts = [item for item in found if isinstance(item, str)]
    files = [item for item in found if isinstance(item, File)]
    if not texts or not texts[0].strip():
        raise UsageError("it takes a prompt in words")
    if len(files) > 2:
        raise UsageError("it takes at most an image and a mask")
    start, mask = (*files, None, None)[:2]
    return Request(prompt=texts[0], subjects=tuple(texts[1:]), image=start, mask=mask, **flags)


TASK = Task(
    id="text-to-image",
    says="Paint images from words, or change an image.",
    takes=("text", "image"),
    gives=("image",),
    route="/v1/images/generations",
    request=Request,
    result=Result,
    requested=requested,
    filled=("prompt", "image", "mask", "subjects"),
    words=lambda result: f"{len(result.images)} of {result.width} x {result.height} pixels",
    flags=(
        Flag(name="negative", sort="text", metavar="TEXT", help="What is not to be seen."),
        Flag(name="width", sort="whole", least=8, most=8192, help="Pixels across."),
        Flag(name="height", sort="whole", least=8, most=8192, help="Pixels down."),
        Flag(name="steps", sort="whole", least=1, most=1000, help="Steps of denoising."),
        Flag(name="guidance", sort="number", least=0, most=100, help="How closely to follow."),
        Flag(name="strength", sort="number", least=0, most=1, help="How much to change."),
        Flag(name="count", sort="whole", least=1, most=64, help="So many images."),
        Flag(name="seed", sort="whole", least=0, most=2**32 - 2, help="The same gives the same."),
    ),
)
