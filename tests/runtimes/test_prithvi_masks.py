"""Prithvi-EO tuned with TerraTorch, tiny and random: the labels of pixels that plain sums give."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import freehold
from freehold.actions.convert import convert
from freehold.core.errors import EnvironmentProblem, UsageError
from freehold.engines.base import Contract, Found, start
from freehold.engines.transformers import Engine
from freehold.formats.png import read_png
from freehold.tasks.base import File, Progress
from freehold.tasks.image_segmentation import Point, Request
from tests.runtimes import npy
from tests.runtimes.making import job, made

pytestmark = pytest.mark.runtime
TASK = "image-segmentation"


@pytest.fixture(scope="module")
def models(installed: Callable[[Contract], Found]) -> Path:
    folder = made(installed(Engine()), "tiny_prithvi_masks.py")
    for name in ("floods", "crops"):
        source, target = folder / name / "Prithvi.pt", folder / name / "model.safetensors"
        convert(source, target, under="state_dict")
    return folder


def told(models: Path, name: str) -> list[list[int]]:
    """The label of each pixel by plain sums."""
    found: list[list[int]] = json.loads((models / "labels.json").read_text())[name]
    return found


def labels(path: Path) -> list[list[int]]:
    """The label of each pixel of a map, which is its gray."""
    picture = read_png(path)
    assert picture.channels == 1
    return [list(row) for row in picture.rows]


def test_floods_are_where_plain_sums_find_them(models: Path, tmp_path: Path) -> None:
    flood = File(models / "flood.npy", "array")
    with start(Engine(), job(models / "floods", TASK)) as running:
        parts = list(running.ask(Request(images=(flood,))))
        assert isinstance(parts[0], Progress)
        result = parts[-1]
        assert labels(result.map.path) == told(models, "floods")
        every = [label for row in told(models, "floods") for label in row]
        for mask in result.masks:
            number = int(mask.label.removeprefix("class "))
            assert mask.share == pytest.approx(every.count(number) / 96)
        lacking = "computed without time and location, which options (dates, place) can say"
        assert result.notes == ("1.0% of it is unknown (-9999)", lacking)
        two = npy.write(tmp_path / "two.npy", [900.0] * 3 * 2 * 96, (3, 2, 12, 8))
        with pytest.raises(UsageError, match="it takes 1 times, and this has 2"):
            list(running.ask(Request(images=(File(two, "array"),))))
        with pytest.raises(UsageError, match="Prithvi takes no points"):
            list(running.ask(Request(images=(flood,), points=(Point(1, 1),))))


def test_run_finds_crops_in_two_times_with_the_other_decoder_and_names_them(models: Path) -> None:
    result = freehold.run(models / "crops", models / "flood.npy", models / "later.npy").result
    assert labels(result.map.path) == told(models, "crops")
    assert {mask.label for mask in result.masks} == {"none", "corn", "rice"}


def test_what_is_not_known_is_refused(models: Path, tmp_path: Path) -> None:
    for change, says in (
        (("model", "class_path", "terratorch.tasks.PixelwiseRegressionTask"), "only segmentation"),
        (("data", "class_path", "terratorch.datamodules.Other"), "means and deviations of bands"),
    ):
        folder = shutil.copytree(models / "floods", tmp_path / change[2])
        table = json.loads((folder / "config.json").read_text())
        table["pretrained_cfg"][change[0]][change[1]] = change[2]
        (folder / "config.json").write_text(json.dumps(table))
        with pytest.raises(EnvironmentProblem, match=says), start(Engine(), job(folder, TASK)):
            pass
