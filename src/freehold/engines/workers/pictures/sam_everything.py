"""Everything in an image with SAM: a grid of points is asked, and what is alike is kept once.

As its authors do it: points on a grid of 32 x 32; of each point the choices that the model trusts
(score) and that hardly change when the line between in and out is moved (stability); of masks
whose boxes overlap by more than 0.7 the best. Parts of the image are not looked at again larger.
"""

from collections.abc import Generator
from typing import Any

from freehold.engines.workers.pictures.masks import mask_of
from freehold.engines.workers.pictures.sam_shown import Shown
from freehold.tasks.base import Progress
from freehold.tasks.image_segmentation import Mask, Point

GRID, TOGETHER = 32, 64
SURE, STABLE, MARGIN, SAME = 0.88, 0.95, 1.0, 0.7


def everything(seen: Any) -> Generator[Progress, None, list[Mask]]:
    """The masks of all that is found, best first; progress counts the points."""
    step = (seen.wide / GRID, seen.high / GRID)
    points = [
        Point((x + 0.5) * step[0], (y + 0.5) * step[1]) for y in range(GRID) for x in range(GRID)
    ]
    kept: list[tuple[float, Any]] = []
    for first in range(0, len(points), TOGETHER):
        yield Progress(first, len(points), "points")
        asked = [Shown((point,), None) for point in points[first : first + TOGETHER]]
        masks, scores = seen.asked(asked, several=True)
        kept += sure(masks.flatten(0, 1), scores.flatten())
    best = without_doubles(kept)
    return [mask_of(within, score=score) for score, within in best]


def sure(masks: Any, scores: Any) -> list[tuple[float, Any]]:
    """The masks that are trusted and stable, with their scores."""
    found = []
    for mask, score in zip(masks[scores > SURE], scores[scores > SURE], strict=True):
        narrow, broad = (mask > MARGIN).sum(), (mask > -MARGIN).sum()
        if broad and narrow / broad >= STABLE:
            found.append((float(score), (mask > 0).cpu().numpy()))
    return [(score, within) for score, within in found if within.any()]


def without_doubles(found: list[tuple[float, Any]]) -> list[tuple[float, Any]]:
    """The best of each group of masks whose boxes overlap."""
    kept: list[tuple[float, Any, tuple[int, ...]]] = []
    for score, within in sorted(found, key=lambda pair: -pair[0]):
        box = _box(within)
        if all(_overlap(box, other) <= SAME for _, _, other in kept):
            kept.append((score, within, box))
    return [(score, within) for score, within, _ in kept]


def _box(within: Any) -> tuple[int, ...]:
    rows, columns = within.any(axis=1).nonzero()[0], within.any(axis=0).nonzero()[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _overlap(a: tuple[int, ...], b: tuple[int, ...]) -> float:
    """The area that two boxes share over the area that they cover."""
    wide = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    high = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return wide * high / (both - wide * high)
