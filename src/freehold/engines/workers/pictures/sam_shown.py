"""What a request shows to SAM: one object by points, or one for each box, on its frames."""

from itertools import groupby

from msgspec import Struct

from freehold.core.errors import Contradiction
from freehold.tasks.image_segmentation import Box, Point, Request


class Shown(Struct, frozen=True):
    """What shows one object."""

    points: tuple[Point, ...]
    box: Box | None


def shown(request: Request) -> list[Shown]:
    """The objects that a request shows: one, or one for each of several boxes."""
    if request.points and len(request.boxes) > 1:
        raise Contradiction("points show one object, and several boxes show several")
    if request.points:
        return [Shown(request.points, request.boxes[0] if request.boxes else None)]
    return [Shown((), box) for box in request.boxes]


def frames(request: Request) -> dict[int, list[Shown]]:
    """What is shown on each frame; the n-th box of a frame is of the same object everywhere."""

    def frame(item: Point | Box) -> int:
        return item.frame

    items: list[Point | Box] = sorted([*request.points, *request.boxes], key=frame)
    found = {}
    for number, group in groupby(items, key=frame):
        members = list(group)
        points = tuple(item for item in members if isinstance(item, Point))
        boxes = tuple(item for item in members if isinstance(item, Box))
        found[number] = shown(Request(images=(), points=points, boxes=boxes))
    return found
