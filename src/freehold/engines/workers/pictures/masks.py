"""Masks and label maps as files, and what every segmentation checks first."""

from collections.abc import Iterable
from typing import Any

from freehold.core.errors import UsageError
from freehold.engines.workers.pictures.pixels import saved, saved_gray
from freehold.tasks.base import File
from freehold.tasks.image_segmentation import Mask, Request

MOST_POINTS = 1_000


def takes(request: Request, what: str, *fields: str) -> None:
    """Refuse by name what a model does not take: points, boxes, words or classes."""
    for field in ("points", "boxes", "words", "classes"):
        if getattr(request, field) and field not in fields:
            raise UsageError(f"{what} takes no {field}")
    if len(request.points) + len(request.boxes) > MOST_POINTS:
        count = len(request.points) + len(request.boxes)
        raise UsageError(f"{count:,} points and boxes; at most {MOST_POINTS:,} are taken")


def one_image(request: Request, what: str) -> File:
    """The only image of a request."""
    if len(request.images) != 1 or request.images[0].kind != "image":
        kinds = ", ".join(file.kind for file in request.images)
        raise UsageError(f"{what} takes one image, not {kinds or 'nothing'}")
    return request.images[0]


def inside(request: Request, wide: int, high: int) -> None:
    """Refuse points and boxes that lie outside of the image, with both sizes."""
    for point in request.points:
        if not (0 <= point.x <= wide and 0 <= point.y <= high):
            raise UsageError(
                f"the point {point.x:g},{point.y:g} lies outside the image of {wide} x {high}"
            )
    for box in request.boxes:
        if not (0 <= box.left < box.right <= wide and 0 <= box.top < box.bottom <= high):
            told = f"{box.left:g},{box.top:g},{box.right:g},{box.bottom:g}"
            raise UsageError(f"the box {told} is empty or leaves the image of {wide} x {high}")


def mask_of(within: Any, **facts: Any) -> Mask:
    """A table of True and False, rows by columns, as a mask: a file, its box and its share."""
    rows, columns = within.any(axis=1).nonzero()[0], within.any(axis=0).nonzero()[0]
    box = None
    if len(rows):
        left, top, right, bottom = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
        box = (float(left), float(top), float(right), float(bottom))
    return Mask(file=saved_gray(within), box=box, share=float(within.mean()), **facts)


def label_map(numbers: Any) -> File:
    """A table of label numbers as a gray image that holds them as they are."""
    import numpy
    from PIL import Image

    form = numpy.uint8 if numbers.max(initial=0) < 256 else numpy.uint16
    return saved(Image.fromarray(numbers.astype(form)))


def by_label(numbers: Any, labels: dict[int, str], skip: Iterable[int] = ()) -> list[Mask]:
    """One mask for each label that a map holds, the largest first."""
    import numpy

    there = [int(number) for number in numpy.unique(numbers) if int(number) not in set(skip)]
    found = [mask_of(numbers == number, label=labels.get(number, str(number))) for number in there]
    return sorted(found, key=lambda mask: -mask.share)


def resized(values: Any, size: tuple[int, int], antialias: bool = False) -> Any:
    """Images or masks in another height and width."""
    from torch.nn.functional import interpolate

    return interpolate(values, size, mode="bilinear", align_corners=False, antialias=antialias)
