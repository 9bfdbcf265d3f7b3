"""Engines start, are watched and end: none outlives Freehold, and each says why it failed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from freehold.core.errors import EnvironmentProblem
from freehold.engines.hosting import process as hosting
from freehold.engines.hosting.memory import Memory, of_tree
from freehold.engines.hosting.process import Orders, Process, own_folder
from tests.waiting import LONG, until

PYTHON = sys.executable
SLEEP = "import time; time.sleep(60)"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="engines need Linux or macOS")


def running(code: str, **more: object) -> Process:
    """A process that runs these lines of Python."""
    return Process("test", Orders(command=(PYTHON, "-I", "-u", "-c", code), **more), own_folder())  # type: ignore[arg-type]


def is_there(number: int) -> bool:
    """Whether a process runs; one that only waits to be cleared away does not."""
    try:
        return ") Z" not in Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return False


def gone(*numbers: int) -> bool:
    """Wait until all of these have ended."""
    until(lambda: not any(is_there(n) for n in numbers), "the end of the processes")
    return True


def said(code: str, **more: object) -> list[str]:
    """The lines that code prints in the jail, until it ends."""
    with running(code, **more) as process:
        process.await_end(LONG)
        process.stop()
        return list(process._lines)


def test_an_engine_that_is_stopped_is_gone_and_so_are_its_children_and_its_folder() -> None:
    apart = "subprocess.Popen(['sleep', '600'], start_new_session=True)"
    code = f"import subprocess; {apart}; print('up')\n"
    with running(code + SLEEP) as process:
        process.await_ready(lambda: "up" in process._lines, LONG)
        below = Path(f"/proc/{process.number}/task/{process.number}/children").read_text()
        children = [int(word) for word in below.split()]
        assert len(children) == 1
        assert process.folder.is_dir()
    assert gone(process.number, *children)
    assert not process.folder.exists()


def test_a_killed_freehold_leaves_no_engine_behind(tmp_path: Path) -> None:
    code = (
        "import sys,time\nfrom freehold.engines.hosting.process import *\n"
        f"p = Process('test', Orders(command=({PYTHON!r}, '-c', {SLEEP!r})), own_folder())\n"
        "print(p.number, p._keeper.pid, p.folder, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([PYTHON, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    engine, keeper, folder = parent.stdout.readline().split()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert gone(int(engine), int(keeper))
    assert not Path(folder).exists()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux does it")
def test_a_killed_keeper_takes_its_engine_along() -> None:
    with running(SLEEP) as process:
        os.kill(process._keeper.pid, signal.SIGKILL)
        assert gone(process.number)
        until(lambda: process.ended)
    assert not process.folder.exists()


def test_an_engine_sees_no_secret_and_only_its_own_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    lines = said("import os; print(sorted(os.environ)); print(os.getcwd() == os.environ['HOME'])")
    assert "HF_TOKEN" not in lines[0]
    assert "CUDA_VISIBLE_DEVICES" in lines[0]
    assert lines[1] == "True"


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(EnvironmentProblem, match="/nowhere: No such file"):
        Process("test", Orders(command=("/nowhere",)), own_folder())


def test_an_engine_that_ends_while_loading_says_its_last_errors() -> None:
    code = "print('fine'); print('0.1 E model is broken'); raise SystemExit(3)"
    with running(code) as process, pytest.raises(EnvironmentProblem) as error:
        process.await_ready(lambda: False, LONG)
    assert str(error.value) == "test ended with code 3 while it was loading: model is broken"


def test_a_library_that_the_system_lacks_is_named_with_its_package() -> None:
    code = "raise ImportError('libgomp.so.1: cannot open shared object file')"
    with running(code) as process, pytest.raises(EnvironmentProblem, match="libgomp") as error:
        process.await_ready(lambda: False, LONG)
    assert error.value.hint == "apt install libgomp1, or what your system calls it"


def test_a_killed_engine_points_to_memory() -> None:
    with running("import os; os.kill(os.getpid(), 9)") as process:
        with pytest.raises(EnvironmentProblem, match="was killed") as error:
            process.await_ready(lambda: False, LONG)
        assert "memory" in str(error.value.hint)


def test_an_engine_that_is_never_ready_is_given_up_and_ended() -> None:
    with running(SLEEP) as process:
        with pytest.raises(EnvironmentProblem, match="was not ready after 0 seconds"):
            process.await_ready(lambda: False, 0.05)
        assert gone(process.number)


def test_what_an_engine_prints_is_kept_within_bounds() -> None:
    code = "for n in range(3000): print(n)\nprint('x' * 10**6)\nprint('\\x1b[31mred')"
    lines = said(code)
    assert len(lines) <= hosting.KEPT_LINES
    assert max(map(len, lines)) <= hosting.LONGEST_LINE
    assert "[31mred" in lines[-1]
    assert "\x1b" not in "".join(lines)


@pytest.mark.skipif(sys.platform != "linux", reason="peaks are read from /proc")
def test_the_peak_of_memory_stays_after_it_was_given_back() -> None:
    code = "b = bytes(range(256)) * 2**18; del b; print('up'); " + SLEEP
    with running(code) as process:
        process.await_ready(lambda: "up" in process._lines, LONG)
        seen = process.memory()
        assert seen.peak > 60 * 2**20 > seen.now
    assert process.memory().peak >= seen.peak


def test_the_memory_of_a_tree_is_the_sum_over_its_processes(tmp_path: Path) -> None:
    for number, children in ((7, "8 9"), (8, ""), (9, "")):
        folder = tmp_path / str(number)
        (folder / "task" / str(number)).mkdir(parents=True)
        (folder / "task" / str(number) / "children").write_text(children)
        (folder / "status").write_text(
            "Name:\tx\nVmHWM:\t 200 kB\nVmRSS:\t 100 kB\nRssFile:\t 50 kB\n"
        )
    assert of_tree(7, tmp_path) == Memory(3 * 102400, 3 * 204800, 3 * 51200)
    assert of_tree(10, tmp_path) == Memory(0, 0, 0)
