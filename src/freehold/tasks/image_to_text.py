"""Reading an image: it goes in, what is on it comes out as words, boxes or distances."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from freehold.core.errors import UsageError
from freehold.tasks.base import File, Flag, Task, Work, sorted_out

Look = Literal[
    "caption", "detailed-caption", "objects", "regions", "ground", "text", "text-regions",
    "depth", "labels",
]  # fmt: skip


class Request(Struct, frozen=True, kw_only=True):
    """An image and what to look for; None is what the model does by itself.

    `ground` finds what `words` name; for `labels` they are the labels to choose from.
    """

    image: File
    look: Look | None = None
    words: tuple[str, ...] = ()
    max_tokens: int | None = None


class Region(Struct, frozen=True):
    """One thing on an image: left, top, right, bottom in pixels, or the corners around it."""

    label: str
    box: tuple[float, float, float, float]
    corners: tuple[tuple[float, float], ...] = ()
    score: float | None = None


class Result(Struct, frozen=True, kw_only=True):
    """What was seen; `depth` is an image as large as the first, white is near."""

    look: Look
    text: str = ""
    regions: tuple[Region, ...] = ()
    scores: dict[str, float] = {}
    depth: File | None = None
    work: Work
    notes: tuple[str, ...] = ()


def requested(inputs: tuple[str | File, ...], flags: Mapping[str, Any]) -> Request:
    """The file is the image; texts name what to find or choose from."""
    found = sorted_out(inputs, "image", "text")
    images = [item for item in found if isinstance(item, File)]
    if len(images) != 1:
        raise UsageError("it takes one image")
    return Request(image=images[0], words=tuple(x for x in found if isinstance(x, str)), **flags)


def words(result: Result) -> str:
    """The text, then one line for each region or score."""
    lines = [result.text] if result.text else []
    for region in result.regions:
        lines.append(f"{region.label}: " + ", ".join(f"{x:.0f}" for x in region.box))
    best = sorted(result.scores.items(), key=lambda pair: -pair[1])[:10]
    lines += [f"{score:.3f}  {label}" for label, score in best]
    return "\n".join(lines)


TASK = Task(
    id="image-to-text",
    says="Read an image: describe it, find things and text, judge distances.",
    takes=("image", "text"),
    gives=("text", "table", "image"),
    route="/v1/images/readings",
    request=Request,
    result=Result,
    requested=requested,
    filled=("image", "words"),
    words=words,
    flags=(
        Flag(
            name="look",
            sort="choice",
            choices=(
                *("caption", "detailed-caption", "objects", "regions", "ground", "text"),
                *("text-regions", "depth", "labels"),
            ),
            help="What to look for.",
        ),
        Flag(name="max-tokens", sort="whole", least=1, help="Write at most so many tokens."),
    ),
)
