"""Prithvi-EO, tiny and random, from files as published, against plain sums in numpy."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import freehold
from freehold.actions.convert import convert
from freehold.core.errors import BrokenInput, EnvironmentProblem, UsageError
from freehold.engines.base import Contract, Found, Running, start
from freehold.engines.transformers import Engine
from freehold.tasks.base import File, Progress
from freehold.tasks.feature_extraction import Request, floats
from tests.runtimes import npy
from tests.runtimes.making import job, made

pytestmark = pytest.mark.runtime
TASK = "feature-extraction"


@pytest.fixture(scope="module")
def models(installed: Callable[[Contract], Found]) -> Path:
    folder = made(installed(Engine()), "tiny_prithvi.py")
    for name in ("one", "two"):
        convert(folder / name / "Prithvi_EO.pt", folder / name / "model.safetensors")
    return folder


@pytest.fixture(scope="module")
def two(models: Path) -> Iterator[Running]:
    with start(Engine(), job(models / "two", TASK)) as running:
        yield running


def told(models: Path, name: str) -> list[list[float]]:
    """What numpy gives: for the whole first, then for each patch."""
    found: list[list[float]] = json.loads((models / "vectors.json").read_text())[name]
    return found


def mean(rows: list[list[float]]) -> list[float]:
    return [sum(column) / len(rows) for column in zip(*rows, strict=True)]


def near(numbers: list[float]) -> Any:
    return pytest.approx(numbers, abs=2e-4)


def test_a_field_over_time_becomes_the_vectors_of_plain_sums(models: Path, two: Running) -> None:
    field = File(models / "field.npy", "array")
    parts = list(two.ask(Request(items=(field,), normalize=False)))
    assert isinstance(parts[0], Progress)
    assert parts[-1].work.count == 8
    patches = told(models, "two")[1:]
    assert floats(parts[-1].dense[0]) == near(mean(patches))
    each = list(two.ask(Request(items=(field,), form="multi-vector", normalize=False)))[-1]
    assert each.size == 32
    assert floats(each.several[0]) == near([x for row in patches for x in row])
    said = "computed without time and location, which options (dates, place) can say"
    assert parts[-1].notes == ("0.3% of it is unknown (-9999)", said)


def test_run_takes_the_folder_of_the_first_version(models: Path) -> None:
    result = freehold.run(models / "one", models / "field.npy", normalize=False).result
    assert floats(result.dense[0]) == near(mean(told(models, "one")[1:]))


def test_dates_and_a_place_are_told_to_the_model(models: Path) -> None:
    field = File(models / "field.npy", "array")
    options = {"dates": "2018-01-13,2020-12-31", "place": "47.5,-122.25", "pooling": "cls"}
    with start(Engine(), job(models / "two", TASK, options=options)) as running:
        result = list(running.ask(Request(items=(field,), normalize=False)))[-1]
        assert floats(result.dense[0]) == near(told(models, "said")[0])
        one = npy.write(models / "one_time.npy", [1000.0] * 192, (3, 8, 8))
        with pytest.raises(UsageError, match="2 dates were said for 1 times"):
            list(running.ask(Request(items=(File(one, "array"),))))


def test_a_higher_picture_has_its_places_between(models: Path, two: Running) -> None:
    high = File(models / "high.npy", "array")
    result = list(two.ask(Request(items=(high,), normalize=False)))[-1]
    assert floats(result.dense[0]) == near(mean(told(models, "high")[1:]))


@pytest.mark.parametrize("name", ["pages.tif", "packed.tif", "times.tif"])
def test_a_tiff_file_of_bands_is_the_same_picture(models: Path, two: Running, name: str) -> None:
    request = Request(items=(File(models / name, "image"),), normalize=False)
    assert floats(list(two.ask(request))[-1].dense[0]) == near(mean(told(models, "two")[1:]))


def test_what_the_model_cannot_take_is_refused(models: Path, two: Running, tmp_path: Path) -> None:
    field = File(models / "field.npy", "array")
    wide = npy.write(tmp_path / "wide.npy", [1.0] * 4 * 64, (4, 8, 8))
    flat = npy.write(tmp_path / "flat.npy", [1.0] * 64, (8, 8))
    for item, form, error, says in (
        ("a field", "dense", UsageError, "not texts"),
        (field, "sparse", UsageError, "dense vectors of one size"),
        (File(wide, "array"), "dense", UsageError, "takes 3 bands, and this has 4"),
        (File(flat, "array"), "dense", BrokenInput, "in 3 or 4 dimensions"),
    ):
        with pytest.raises(error, match=says):
            list(two.ask(Request(items=(item,), form=form)))  # type: ignore[arg-type]
    options = {"dates": "2018-01-13"}
    with (
        pytest.raises(EnvironmentProblem, match="this model takes no dates"),
        start(Engine(), job(models / "one", TASK, options=options)),
    ):
        pass
    broken = shutil.copytree(models / "one", tmp_path / "broken")
    table = json.loads((broken / "config.json").read_text())
    table["pretrained_cfg"]["depth"] = 3
    (broken / "config.json").write_text(json.dumps(table))
    with (
        pytest.raises(EnvironmentProblem, match=r"blocks\.2\.norm1\.weight is missing"),
        start(Engine(), job(broken, TASK)),
    ):
        pass
