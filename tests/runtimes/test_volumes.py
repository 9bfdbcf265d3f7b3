"""VISTA-3D, small and random, against MONAI itself; and volumes as hospitals keep them."""

import gzip
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.base import Contract, Found, Running, start
from freehold.formats.nifti import read_nifti, write_head
from freehold.tasks.base import File, Progress
from freehold.tasks.image_segmentation import Point, Request, Result
from tests.runtimes import npy
from tests.runtimes.making import job, made
from tests.runtimes.pictures_engine import Engine

pytestmark = [pytest.mark.runtime, pytest.mark.slow]
SIDE = 32


@pytest.fixture(scope="module")
def models(installed: Callable[[Contract], Found]) -> Path:
    return made(installed(Engine()), "tiny_volumes.py")


@pytest.fixture(scope="module")
def vista(models: Path) -> Iterator[Running]:
    with start(Engine(), job(models / "vista", "image-segmentation")) as running:
        yield running


def found(running: Running, file: File, **words: Any) -> Result:
    """What comes last."""
    result = list(running.ask(Request(images=(file,), **words)))[-1]
    assert isinstance(result, Result)
    return result


def test_classes_are_found_where_monai_finds_them(vista: Running, models: Path) -> None:
    parts = list(vista.ask(Request(images=(File(models / "volume.npy", "array"),), classes=(1, 5))))
    assert isinstance(parts[0], Progress)
    one, five = parts[-1].masks
    assert (one.label, five.label) == ("class 1", "class 5")
    assert npy.read(one.file.path) == npy.read(models / "one.npy")
    assert npy.read(five.file.path) == npy.read(models / "five.npy")


def test_a_point_shows_what_monai_shows(vista: Running, models: Path) -> None:
    (mask,) = found(vista, File(models / "volume.npy", "array"), points=(Point(5, 6, 7),)).masks
    assert npy.read(mask.file.path) == npy.read(models / "point.npy")


def test_a_volume_that_lies_another_way_has_its_mask_the_same_way(
    vista: Running, models: Path, tmp_path: Path
) -> None:
    values, _ = npy.read(models / "volume.npy")
    # the same body, with the first axis of the file to the left and the others exchanged
    turned = [
        int(values[(SIDE - 1 - x) * SIDE**2 + y * SIDE + z])
        for y in range(SIDE) for z in range(SIDE) for x in range(SIDE)
    ]  # fmt: skip
    places = ((-1.5, 0.0, 0.0, 40.0), (0.0, 0.0, 1.5, 0.0), (0.0, 1.5, 0.0, 0.0))
    head = bytearray(write_head((SIDE, SIDE, SIDE), places))
    struct.pack_into("<2h", head, 70, 4, 16)
    body = bytes(head) + struct.pack(f"<{len(turned)}h", *turned)
    file = tmp_path / "body.nii.gz"
    file.write_bytes(gzip.compress(body))
    (mask,) = found(vista, File(file, "volume"), classes=(1,)).masks
    data = mask.file.path.read_bytes()
    assert read_nifti(data).places == places
    expected, _ = npy.read(models / "one.npy")
    seen = data[read_nifti(data).start :]
    for x, y, z in ((0, 0, 0), (3, 20, 9), (31, 31, 0), (16, 1, 30), (7, 7, 8)):
        here = seen[(SIDE - 1 - x) + SIDE * z + SIDE**2 * y]
        assert here == expected[x * SIDE**2 + y * SIDE + z]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({}, "name what to find"),
        ({"classes": (133,)}, "classes are 1 to 132"),
        ({"points": (Point(1, 1),)}, "a point in a volume is X,Y,Z"),
        ({"points": (Point(1, 1, 40),)}, "lies outside of 32 x 32 x 32"),
        ({"words": ("liver",)}, "VISTA-3D takes no words"),
    ],
)
def test_what_does_not_fit_is_refused(
    vista: Running, models: Path, words: dict[str, Any], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        found(vista, File(models / "volume.npy", "array"), **words)


def test_a_broken_volume_is_an_error(vista: Running, tmp_path: Path) -> None:
    head = write_head((4, 4, 4), ((1.0, 0, 0, 0), (0, 1.0, 0, 0), (0, 0, 1.0, 0)))
    for name, data, says in (
        ("a.nii", b"", "not a NIfTI-1 file"),
        ("b.nii", head + bytes(10), "ends in the middle"),
        ("c.nii.gz", gzip.compress(head + bytes(64))[:-20], "cannot be read|ends in the middle"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(BrokenInput, match=says):
            found(vista, File(tmp_path / name, "volume"), classes=(1,))
    flat = npy.write(tmp_path / "flat.npy", [1.0] * 4, (2, 2))
    with pytest.raises(BrokenInput, match="a volume has three dimensions"):
        found(vista, File(flat, "array"), classes=(1,))
