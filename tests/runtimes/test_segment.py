"""Tiny models that divide images, in their publishers' layout, against the library itself."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from freehold.core.errors import BrokenInput, Contradiction, EnvironmentProblem, UsageError
from freehold.engines.base import Contract, Found, Running, start
from freehold.tasks.base import File, Progress
from freehold.tasks.image_segmentation import Box, Point, Request, Result
from tests.runtimes.making import job, made, pixels
from tests.runtimes.pictures_engine import Engine

pytestmark = pytest.mark.runtime
TASK = "image-segmentation"
NAMES = ("sam2", "sam", "deeplab", "mobilevit", "segformer", "mask2former")


@pytest.fixture(scope="module")
def models(installed: Callable[[Contract], Found]) -> Path:
    return made(installed(Engine()), "tiny_segmenters.py", *NAMES)


@pytest.fixture(scope="module")
def sam2(models: Path) -> Iterator[Running]:
    with start(Engine(), job(models / "sam2", TASK)) as running:
        yield running


def found(running: Running, *images: Path, **words: Any) -> Result:
    """What comes last."""
    files = tuple(File(path, "image") for path in images)
    result = list(running.ask(Request(images=files, **words)))[-1]
    assert isinstance(result, Result)
    return result


def test_a_point_gives_the_masks_that_the_library_gives(sam2: Running, models: Path) -> None:
    result = found(sam2, models / "image.png", points=(Point(12, 15),))
    assert len(result.masks) == 3  # a point alone leaves open how much is meant
    assert sorted(result.masks, key=lambda m: -(m.score or 0)) == list(result.masks)
    assert pixels(result.masks[0].file.path) == pixels(models / "sam2-mask.png")


def test_a_box_gives_one_mask_and_several_boxes_one_each(sam2: Running, models: Path) -> None:
    image, box = models / "image.png", Box(8, 10, 20, 22)
    (mask,) = found(sam2, image, boxes=(box,)).masks
    assert mask.box is None or mask.box[2] <= 48
    assert 0 <= mask.share <= 1
    assert len(found(sam2, image, boxes=(box, Box(0, 0, 9, 9))).masks) == 2
    outside = found(sam2, image, boxes=(box,), points=(Point(2, 2, inside=False),)).masks
    assert pixels(outside[0].file.path) != pixels(mask.file.path)


def test_an_object_is_followed_through_a_video(sam2: Running, models: Path) -> None:
    frames = [models / f"frame-{number}.png" for number in range(4)]
    result = found(sam2, *frames, boxes=(Box(8, 10, 20, 22),))
    assert [mask.frame for mask in result.masks] == [0, 1, 2, 3]
    for number, mask in enumerate(result.masks):
        assert pixels(mask.file.path) == pixels(models / f"frame-{number}-mask.png")
    later = found(sam2, *frames, boxes=(Box(8, 10, 20, 22, frame=2),))
    assert [mask.frame for mask in later.masks] == [2, 3]
    assert "the frames before 2" in later.notes[0]


@pytest.mark.slow
def test_without_any_hint_everything_is_looked_for(sam2: Running, models: Path) -> None:
    parts = list(sam2.ask(Request(images=(File(models / "image.png", "image"),))))
    assert isinstance(parts[0], Progress)
    assert parts[0].of == 1024
    assert isinstance(parts[-1], Result)


@pytest.mark.parametrize(
    ("words", "kind", "says"),
    [
        ({"points": (Point(50, 5),)}, UsageError, "50,5 lies outside the image of 48 x 36"),
        ({"boxes": (Box(9, 9, 5, 5),)}, UsageError, "the box 9,9,5,5 is empty or leaves"),
        ({"points": (Point(1, 1, frame=3),)}, UsageError, "there is no frame 3"),
        ({"points": (Point(1, 1),) * 1001}, UsageError, "1,001 points and boxes; at most 1,000"),
        ({"words": ("a cat",)}, UsageError, "SAM 2 takes no words"),
        ({"classes": (3,)}, UsageError, "SAM 2 takes no classes"),
        (
            {"points": (Point(1, 1),), "boxes": (Box(0, 0, 5, 5), Box(1, 1, 5, 5))},
            Contradiction,
            "points show one object",
        ),
    ],
    ids=lambda value: "",
)
def test_what_does_not_fit_is_refused(
    sam2: Running, models: Path, words: dict[str, Any], kind: type[Exception], says: str
) -> None:
    with pytest.raises(kind, match=says):
        found(sam2, models / "image.png", **words)


def test_a_broken_image_is_an_error_and_the_next_one_is_read(
    sam2: Running, models: Path, tmp_path: Path
) -> None:
    whole = (models / "image.png").read_bytes()
    for number, data in enumerate((b"", b"nothing", whole[:-60], whole[:40])):
        broken = tmp_path / f"{number}.png"
        broken.write_bytes(data)
        with pytest.raises(BrokenInput, match="the image"):
            found(sam2, broken, points=(Point(1, 1),))
    assert found(sam2, models / "image.png", points=(Point(1, 1),)).masks


def test_an_image_is_read_whole_or_not_at_all(sam2: Running, models: Path) -> None:
    point = (Point(12, 15),)
    with pytest.raises(BrokenInput, match="the file holds 2 images; one is taken"):
        found(sam2, models / "two.gif", points=point)
    eight = found(sam2, models / "gray.png", points=point).masks[0]
    sixteen = found(sam2, models / "gray16.png", points=point).masks[0]
    assert pixels(eight.file.path) == pixels(sixteen.file.path)


def test_the_first_sam_gives_the_masks_that_the_library_gives(models: Path) -> None:
    with start(Engine(), job(models / "sam", TASK)) as running:
        result = found(running, models / "image.png", points=(Point(12, 15),))
        assert pixels(result.masks[0].file.path) == pixels(models / "sam-mask.png")
        with pytest.raises(UsageError, match="SAM takes one image"):
            found(running, models / "image.png", models / "image.png", points=(Point(1, 1),))


@pytest.mark.parametrize(
    "name", ["deeplab", *(pytest.param(n, marks=pytest.mark.slow) for n in NAMES[3:])]
)
def test_each_pixel_gets_the_label_that_the_library_gives_it(models: Path, name: str) -> None:
    with start(Engine(), job(models / name, TASK)) as running:
        result = found(running, models / "image.png")
        assert result.map is not None
        assert pixels(result.map.path) == pixels(models / f"{name}-map.png")
        known = {"sky", "road", "tree", "nothing"}
        assert known >= set(result.labels.values()) >= {mask.label for mask in result.masks}
        with pytest.raises(UsageError, match="takes no points"):
            found(running, models / "image.png", points=(Point(1, 1),))


def test_a_model_that_lacks_tensors_is_not_filled_with_chance(models: Path, tmp_path: Path) -> None:
    broken = tmp_path / "model"
    shutil.copytree(models / "deeplab", broken)
    weights = broken / "model.safetensors"
    weights.write_bytes(
        weights.read_bytes().replace(b"classifier.convolution", b"nothing_like.it_at_all")
    )
    with pytest.raises(EnvironmentProblem, match="are not in its files"):
        start(Engine(), job(broken, TASK))
