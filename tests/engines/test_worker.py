"""Workers of ours: requests, files and errors on their way to another process and back."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from freehold.core.errors import BrokenInput, EnvironmentProblem, UsageError
from freehold.engines.base import Found, Job, Running, start
from freehold.engines.hosting.loop import wait
from freehold.engines.hosting.worker import WorkerEngine
from freehold.judge.fitting.parts import Setting
from freehold.tasks.base import File, Progress
from freehold.tasks.text_to_image import Request
from tests.waiting import LONG

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="engines need Linux or macOS")


class Engine(WorkerEngine):
    """A worker of the tests."""

    name = "told"
    tasks = frozenset({"text-to-image"})
    formats = frozenset({"diffusers"})
    devices = ("cpu",)
    precisions = ("f32",)
    hint = "nothing to install"
    needs = "msgspec"
    modules = {"text-to-image": str(Path(__file__).with_name("told_worker.py"))}  # noqa: RUF012

    def find(self) -> Found:
        """This Python."""
        return Found("package", Path(sys.executable))


def job(folder: Path, **options: str) -> Job:
    return Job(
        model=folder, task="text-to-image", setting=Setting(context=1), threads=1, options=options
    )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with start(Engine(), job(tmp_path_factory.mktemp("model")), patience=LONG) as running:
        yield running


def asked(running: Running, prompt: str, **fields: Any) -> list[Any]:
    return list(running.ask(Request(prompt=prompt, **fields)))


def test_progress_comes_before_the_result_and_its_files_are_there(running: Running) -> None:
    *progress, result = asked(running, "slow", seed=5)
    assert progress == [Progress(n, 3, "steps") for n in range(3)]
    assert result.seed == 5
    assert result.images[0].path.read_bytes() == b"nothing"


def test_a_file_that_goes_in_is_copied_to_where_the_worker_may_read(
    running: Running, tmp_path: Path
) -> None:
    image = tmp_path / "cat.png"
    image.write_bytes(b"a cat")
    result = asked(running, "same", image=File(image, "image"))[-1]
    assert result.images[0].path.read_bytes() == b"a cat"
    assert not list(running.process.folder.glob("in-*"))  # and gone when it was used


def test_a_file_that_cannot_be_read_is_an_error_before_anything_is_asked(
    running: Running, tmp_path: Path
) -> None:
    with pytest.raises(BrokenInput, match="No such file"):
        asked(running, "same", image=File(tmp_path / "none.png", "image"))


def test_a_worker_tells_the_tokens_of_its_model(running: Running) -> None:
    engine = running.engine
    assert wait(engine.count(running, Request(prompt="four"))) == 4
    assert wait(engine.split(running, "ä b", special=True)) == [1, 0xE4, 32, 98]
    assert wait(engine.spell(running, [0xE4, 32, 98])) == "ä b"


def test_a_worker_that_cannot_tell_tokens_says_so(tmp_path: Path) -> None:
    with (
        start(Engine(), job(tmp_path, mute="yes"), patience=LONG) as running,
        pytest.raises(UsageError, match="does not tell its tokens"),
    ):
        wait(running.engine.count(running, Request(prompt="four")))


def test_what_a_worker_refuses_arrives_as_the_same_error_with_its_hint(running: Running) -> None:
    with pytest.raises(UsageError, match="no such picture") as error:
        asked(running, "refuse")
    assert error.value.hint == "ask for another"
    assert asked(running, "next")[-1].images


def test_what_a_worker_did_not_expect_is_told_by_its_name(running: Running) -> None:
    with pytest.raises(EnvironmentProblem, match="ZeroDivisionError: by nothing"):
        asked(running, "fail")


def test_a_request_that_is_given_up_leaves_the_worker_free(running: Running) -> None:
    parts = running.ask(Request(prompt="slow"))
    next(parts)
    parts.close()  # type: ignore[attr-defined]
    assert asked(running, "next")[-1].images


def test_a_worker_that_dies_says_so(tmp_path: Path) -> None:
    with (
        start(Engine(), job(tmp_path), patience=LONG) as running,
        pytest.raises(EnvironmentProblem, match="ended with code 3 in the middle of an answer"),
    ):
        asked(running, "die")


def test_a_model_that_cannot_be_loaded_is_an_error_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="while it was loading: error: the weights hold"):
        start(Engine(), job(tmp_path, broken="yes"), patience=LONG)
