"""Steps in the jail: what they make is handed over, what goes wrong is told, nothing stays."""

import sys
from pathlib import Path

import pytest

from freehold.core.errors import EnvironmentProblem
from freehold.engines.hosting.process import available
from freehold.engines.hosting.steps import Work, homes, worked

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="engines need Linux or macOS")


def work(*lines: str, keep: tuple[str, ...] = ("made",), read: tuple[Path, ...] = ()) -> Work:
    """Python lines as one step."""
    step = (sys.executable, "-I", "-c", "\n".join(lines))
    return Work(name="trying", what="trying", steps=(step,), keep=keep, read=read)


def nobody(what: str, done: int, of: int) -> None:
    """Hear of no progress."""


def test_what_a_step_makes_is_handed_over_and_the_rest_is_gone(tmp_path: Path) -> None:
    lines = ("open('made', 'w').write('x')", "open('other', 'w').write('y')")
    with worked(work(*lines), tmp_path, nobody) as done:
        assert (done.folder / "made").read_text() == "x"
        assert not (done.folder / "other").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_a_step_that_fails_tells_its_last_lines(tmp_path: Path) -> None:
    lines = ("print('working')", "print('error: a leaf is no tree')", "raise SystemExit(3)")
    with pytest.raises(EnvironmentProblem, match="a leaf is no tree"):
        worked(work(*lines), tmp_path, nobody).__enter__()
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_a_step_that_makes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="made was not made"):
        worked(work("pass"), tmp_path, nobody).__enter__()


@pytest.mark.skipif(not available()["files"], reason="the jail does not hold files here")
def test_a_step_reads_only_what_it_is_given(tmp_path: Path) -> None:
    secret, given = tmp_path / "a" / "b" / "secret", tmp_path / "given"
    secret.parent.mkdir(parents=True)
    secret.write_text("x")
    given.write_text("y")
    place = tmp_path / "place"
    place.mkdir()
    reading = f"open('made', 'w').write(open({str(given)!r}).read())"
    with worked(work(reading, read=(given,)), place, nobody) as done:
        assert (done.folder / "made").read_text() == "y"
    with pytest.raises(EnvironmentProblem, match="PermissionError"):
        worked(work(f"open({str(secret)!r})"), place, nobody).__enter__()


def test_only_programs_bring_what_lies_beside_them() -> None:
    steps = [
        ("/opt/tool/bin/make", "/home/me/models/model.gguf", "-DCMAKE_C_COMPILER=/opt/cc/bin/cc"),
        ("relative", "/home/me/notes/secret"),
    ]
    assert homes(steps) == (Path("/opt/cc"), Path("/opt/tool"))
