"""Steps in the jail: what they make is handed over, what goes wrong is told, nothing stays."""

import io
import sys
import tarfile
from pathlib import Path

import pytest

from freehold.core.errors import EnvironmentProblem
from freehold.engines.hosting.process import available
from freehold.engines.hosting.steps import Work, homes, worked
from freehold.engines.workers.steps import unpack

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


def archive(path: Path, *members: tuple[str, bytes, str]) -> str:
    """An archive of members: name, type, and where a link leads."""
    with tarfile.open(path, "w") as made:
        for name, kind, target in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.mode = kind, target, 0o4755
            member.size = 1 if kind == tarfile.REGTYPE else 0
            made.addfile(member, io.BytesIO(b"x"))
    return str(path)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("filtered", [True, False], ids=["newer python", "python 3.11.2"])
def test_an_archive_is_unpacked_and_nothing_of_it_lies_elsewhere(
    filtered: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not filtered:
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
    elif not hasattr(tarfile, "data_filter"):
        pytest.skip("this Python has no filter")
    good = (("a/in/x", tarfile.REGTYPE, ""), ("a/in/y", tarfile.SYMTYPE, "x"))
    monkeypatch.chdir(tmp_path)
    unpack(archive(tmp_path / "good.tar", *good), "in", 10)
    assert (tmp_path / "source" / "y").read_text() == "x"
    assert (tmp_path / "source" / "x").stat().st_mode & 0o7000 == 0
    for name, kind, target in (
        ("a/in/../../../b", tarfile.REGTYPE, ""),
        ("a/in/z", tarfile.SYMTYPE, "../../../../etc/passwd"),
        ("a/in/z", tarfile.SYMTYPE, "/etc/passwd"),
        ("a/in/z", tarfile.LNKTYPE, "../outside"),
        ("a/in/z", tarfile.FIFOTYPE, ""),
    ):
        with pytest.raises((ValueError, tarfile.TarError)):
            unpack(archive(tmp_path / "bad.tar", (name, kind, target)), "in", 10)
    assert not (tmp_path / "b").exists()
