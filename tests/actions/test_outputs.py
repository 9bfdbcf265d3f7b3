"""What a model made ends up where it was asked for, whole, and over nothing else."""

import json
from pathlib import Path

import pytest

from freehold.actions.outputs import placed, refuse_taken
from freehold.core.errors import UsageError
from freehold.tasks.base import TASKS, File, Work
from freehold.tasks.feature_extraction import Result as Vectors
from freehold.tasks.text_to_image import Result as Images
from freehold.tasks.time_series_forecasting import Result as Forecast
from freehold.tasks.time_series_forecasting import Series

PAINT, EMBED = TASKS.get("text-to-image"), TASKS.get("feature-extraction")
WORK = Work(1.0, 2, "steps")


@pytest.fixture
def images(tmp_path: Path) -> Images:
    made = [tmp_path / "own" / f"{n}.png" for n in range(2)]
    made[0].parent.mkdir()
    for number, path in enumerate(made):
        path.write_bytes(b"picture %d" % number)
    files = tuple(File(path, "image") for path in made)
    return Images(images=files, width=1, height=1, seed=0, work=WORK)


def one(images: Images) -> Images:
    from msgspec.structs import replace

    return replace(images, images=images.images[:1])


def test_one_file_goes_where_it_was_asked_for(images: Images, tmp_path: Path) -> None:
    result, files = placed(one(images), PAINT, tmp_path / "cat.png")
    assert files == (tmp_path / "cat.png",)
    assert result.images[0].path.read_bytes() == b"picture 0"
    assert not images.images[0].path.exists()


def test_an_ending_that_is_not_that_of_the_file_is_put_right(
    images: Images, tmp_path: Path
) -> None:
    assert placed(one(images), PAINT, tmp_path / "cat")[1] == (tmp_path / "cat.png",)


def test_several_files_get_numbers(images: Images, tmp_path: Path) -> None:
    _, files = placed(images, PAINT, tmp_path / "cat.png")
    assert [path.name for path in files] == ["cat-1.png", "cat-2.png"]


def test_in_a_folder_the_next_free_names_are_taken(images: Images, tmp_path: Path) -> None:
    (tmp_path / "text-to-image-1.png").write_bytes(b"mine")
    _, files = placed(images, PAINT, folder=tmp_path)
    assert [path.name for path in files] == ["text-to-image-2.png", "text-to-image-3.png"]
    assert (tmp_path / "text-to-image-1.png").read_bytes() == b"mine"


def test_nothing_is_overwritten_and_nothing_is_half_there(images: Images, tmp_path: Path) -> None:
    there = tmp_path / "cat.png"
    there.write_bytes(b"mine")
    with pytest.raises(UsageError, match="is there already"):
        refuse_taken(there)
    with pytest.raises(UsageError, match="is there already"):
        placed(one(images), PAINT, there)
    assert there.read_bytes() == b"mine"
    assert not list(tmp_path.glob(".*"))


def test_a_folder_that_is_missing_is_told_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no folder"):
        refuse_taken(tmp_path / "none" / "cat.png")


def test_vectors_are_written_as_an_array_that_numpy_reads(tmp_path: Path) -> None:
    import struct

    vectors = Vectors(form="dense", size=2, dense=(struct.pack("<2f", 1, 2),) * 3, work=WORK)
    _, (there,) = placed(vectors, EMBED, tmp_path / "v.npy")
    data = there.read_bytes()
    length = int.from_bytes(data[8:10], "little")
    assert (10 + length) % 64 == 0
    assert b"'shape': (3, 2)" in data[: 10 + length]
    assert len(data) == 10 + length + 24


def test_a_forecast_is_written_as_a_table(tmp_path: Path) -> None:
    series = Series("sales, net", (1.0, 2.5), {"0.1": (0.5, 1.0)})
    task = TASKS.get("time-series-forecasting")
    _, (there,) = placed(Forecast(series=(series,), work=WORK), task, tmp_path / "f.csv")
    assert there.read_text() == 'step,"sales, net","sales, net 0.1"\n1,1.0,0.5\n2,2.5,1.0\n'


def test_any_result_is_written_as_json(tmp_path: Path) -> None:
    vectors = Vectors(form="dense", size=1, work=WORK)
    _, (there,) = placed(vectors, EMBED, tmp_path / "v.json")
    assert json.loads(there.read_text())["size"] == 1


def test_an_ending_that_means_nothing_here_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="its ending must be one of"):
        placed(Vectors(form="dense", size=1, work=WORK), EMBED, tmp_path / "v.png")
