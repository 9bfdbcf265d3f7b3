"""Segmentation: an image, frames or a volume goes in, which parts belong together comes out."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from freehold.core.errors import UsageError
from freehold.tasks.base import File, Flag, Task, Work, sorted_out


class Point(Struct, frozen=True):
    """A place in pixels (or voxels, with `z`); `inside` the object or not, on this `frame`."""

    x: float
    y: float
    z: float | None = None
    inside: bool = True
    frame: int = 0


class Box(Struct, frozen=True):
    """Left, top, right and bottom of an object in pixels, on this `frame`."""

    left: float
    top: float
    right: float
    bottom: float
    frame: int = 0


class Request(Struct, frozen=True, kw_only=True):
    """What to divide: one image, several as the frames of a video, or one volume.

    `points` and `boxes` show one object; `words` name objects and `classes` are numbers of the
    model's own list, for models that take these. Without any, the model divides by itself.
    """

    images: tuple[File, ...]
    points: tuple[Point, ...] = ()
    boxes: tuple[Box, ...] = ()
    words: tuple[str, ...] = ()
    classes: tuple[int, ...] = ()


class Mask(Struct, frozen=True):
    """Where one thing is: a file as large as what went in, white (or 1) inside.

    `box` is left, top, right, bottom in pixels; `share` the part of the image that it covers.
    """

    file: File
    label: str | None = None
    score: float | None = None
    box: tuple[float, float, float, float] | None = None
    share: float = 0.0
    frame: int = 0


class Result(Struct, frozen=True, kw_only=True):
    """The masks, best first; `map` gives every pixel the number of its label in `labels`."""

    masks: tuple[Mask, ...]
    map: File | None = None
    labels: dict[int, str] = {}
    work: Work
    notes: tuple[str, ...] = ()


def requested(inputs: tuple[str | File, ...], flags: Mapping[str, Any]) -> Request:
    """The files are the image, the frames or the volume; texts name what to find."""
    found = sorted_out(inputs, "text", "image", "volume", "array", "video")
    files = tuple(item for item in found if isinstance(item, File))
    if not files:
        raise UsageError("it takes an image")
    said = dict(flags)
    return Request(
        images=files,
        words=tuple(item for item in found if isinstance(item, str)),
        points=tuple(_point(text) for text in said.pop("point", ())),
        boxes=tuple(_box(text) for text in said.pop("box", ())),
        classes=tuple(int(n) for text in said.pop("class", ()) for n in text.split(",")),
        **said,
    )


def words(result: Result) -> str:
    """One line for each mask or label."""
    lines = []
    for number, mask in enumerate(result.masks, 1):
        score = f", score {mask.score:.3f}" if mask.score is not None else ""
        lines.append(f"{mask.label or f'mask {number}'}: {mask.share:.1%} of it{score}")
    return "\n".join(lines) or "nothing was found"


def _point(text: str) -> Point:
    inside = not text.startswith("-")
    numbers = _numbers(text.lstrip("+-"), (2, 3), "a point is X,Y or X,Y,Z (-X,Y: outside)")
    depth = numbers[2] if len(numbers) == 3 else None
    return Point(numbers[0], numbers[1], depth, inside)


def _box(text: str) -> Box:
    left, top, right, bottom = _numbers(text, (4,), "a box is LEFT,TOP,RIGHT,BOTTOM")
    return Box(left, top, right, bottom)


def _numbers(text: str, counts: tuple[int, ...], says: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in counts:
        raise UsageError(f"{text!r}: {says}")
    return numbers


TASK = Task(
    id="image-segmentation",
    says="Find where things are in an image, a video or a volume.",
    takes=("image", "video", "volume", "array", "text"),
    gives=("image",),
    route="/v1/segmentations",
    request=Request,
    result=Result,
    requested=requested,
    filled=("images", "points", "boxes", "words", "classes"),
    words=words,
    flags=(
        Flag(name="point", sort="several", metavar="X,Y", help="A place inside; -X,Y: outside."),
        Flag(name="box", sort="several", metavar="L,T,R,B", help="A box around the object."),
        Flag(name="class", sort="several", metavar="N", help="A number of the model's own list."),
    ),
)
