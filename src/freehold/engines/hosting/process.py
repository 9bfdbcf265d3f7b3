"""Starts, watches and ends the process of an engine. No process outlives the one that began it.

An engine runs below a keeper (`keeper.py`), a small process that holds a lifeline to this one.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from msgspec import Struct

from freehold.core.errors import EnvironmentProblem
from freehold.engines.hosting.memory import Memory, of_tree

KEEPER = Path(__file__).with_name("keeper.py")
KEPT_LINES, LONGEST_LINE = 200, 2_000
"""How much of what an engine prints is kept for error messages."""
PACKAGES = {"libgomp.so.1": "libgomp1", "libsndfile.so.1": "libsndfile1", "libGL.so.1": "libgl1"}
"""Debian's packages of the libraries of the system that engines want."""
SHOWN_LINES = 3
FIRST_LOOK, LATER_LOOKS = 0.005, 0.05
"""Seconds between two looks whether an engine is ready."""
PASSED_ON = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "GGML_METAL")
"""The only variables of ours that an engine sees: which cards it may use."""
KILLED = -9
PROMISES = ("memory", "network", "files", "privileges")
"""What the jail holds an engine to, where the platform can (`jail.py`)."""
_STAMP = re.compile(r"^[\d.]+ [A-Z] +(?:\w+ +\w+: +)?")
"""The time and the place in the code that some programs put before each line."""


class Orders(Struct, frozen=True, kw_only=True):
    """What to start and what it may do.

    `read` are files and folders it may read beside those of the system, or what they are links
    to; it may write only into its own folder, and into what `write` names. `memory` is the limit
    of its own data in bytes.
    `environment` comes on top of a clean one.
    """

    command: tuple[str, ...]
    environment: dict[str, str] = {}
    read: tuple[Path, ...] = ()
    write: tuple[Path, ...] = ()
    memory: int | None = None
    network: bool = False


class Process:
    """An engine: `folder` is its own, `held` what its jail enforces, `ended` whether it has."""

    def __init__(self, name: str, orders: Orders, folder: Path) -> None:
        """Start it; EnvironmentProblem when the program cannot be run."""
        self.name, self.folder = name, folder
        self.started = time.monotonic()
        self._peak = 0
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._first: list[str] = []
        self._code: int | None = None
        self.ended = False
        self._threads: list[threading.Thread] = []
        self._keeper = _keeper(folder)
        assert self._keeper.stdout is not None
        assert self._keeper.stderr is not None
        self._hear(self._collect, self._keeper.stderr)
        try:
            told = self._begin(orders, self._keeper.stdout)
        except BaseException:
            self._keeper.stdout.close()
            self.stop()
            raise
        self.number: int = told["pid"]
        self.held: tuple[str, ...] = tuple(told["held"])
        self._hear(self._await_end, self._keeper.stdout)

    def _begin(self, orders: Orders, answers: IO[bytes]) -> dict[str, Any]:
        """Hand the orders to the keeper and hear what came of it."""
        given = {
            "command": list(orders.command),
            "env": {**clean_environment(self.folder), **orders.environment},
            "folder": str(self.folder),
            "memory": orders.memory,
            "network": orders.network,
            "read": [str(path) for path in (*_pythons(), *orders.read)],
            "write": [str(path) for path in (self.folder, *orders.write)],
        }
        lifeline = self._keeper.stdin
        assert lifeline is not None
        with suppress(BrokenPipeError):
            lifeline.write(json.dumps(given).encode() + b"\n")
            lifeline.flush()
        line = answers.readline()
        if not line:
            self.stop()
        told: dict[str, Any] = json.loads(line) if line else {"error": self.says()}
        if "error" in told:
            raise EnvironmentProblem(f"{self.name} cannot be started: {told['error']}")
        return told

    def await_ready(self, ready: Callable[[], bool], patience: float) -> float:
        """Wait until `ready` says so; the seconds since the start. An error when it ends first."""
        pause = FIRST_LOOK
        while not ready():
            if self.ended:
                raise self.failure("while it was loading")
            if time.monotonic() - self.started > patience:
                self.stop()
                raise EnvironmentProblem(
                    f"{self.name} was not ready after {patience:.0f} seconds{self._said()}"
                )
            time.sleep(pause)
            pause = min(pause * 1.5, LATER_LOOKS)
        return time.monotonic() - self.started

    def await_end(self, seconds: float) -> None:
        """Wait until the engine has ended; TimeoutError when it has not by then."""
        try:
            self._keeper.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError from error

    def memory(self) -> Memory:
        """What the engine's processes take now, and the most they took so far, in bytes."""
        now = of_tree(self.number)
        self._peak = max(self._peak, now.peak)
        return Memory(now.now, self._peak, now.mapped)

    def computed(self) -> float:
        """Seconds of one core that the engine has used so far; 0 once it has ended."""
        import psutil

        try:
            spent = psutil.Process(self.number).cpu_times()
        except psutil.Error:
            return 0.0
        return float(spent.user + spent.system)

    def failure(self, when: str) -> EnvironmentProblem:
        """The error to raise when the engine ended by itself."""
        self.stop()
        hint: str | None
        if self._code == KILLED:
            why, hint = "was killed", "most often the machine ran out of memory: freehold machine"
        else:
            why, hint = f"ended with code {self._code}", self._lacking()
        return EnvironmentProblem(f"{self.name} {why} {when}{self._said()}", hint=hint)

    def _lacking(self) -> str | None:
        """How to get a library of the system that slim ones leave out."""
        packages = [package for library, package in PACKAGES.items() if self.heard(library)]
        return f"apt install {packages[0]}, or what your system calls it" if packages else None

    def says(self) -> str:
        """The first lines it printed that tell of an error and the last; else the last ones."""
        lines = [line for line in self._lines if line.strip()]
        wrong = [_STAMP.sub("", x) for x in lines if " E " in x or "error" in x.lower()]
        wrong = list(dict.fromkeys(wrong))
        if len(wrong) > SHOWN_LINES:
            wrong = [*wrong[: SHOWN_LINES - 1], wrong[-1]]
        return "; ".join(wrong or lines[-SHOWN_LINES:])

    def heard(self, words: str) -> bool:
        """Whether one of the first or the last lines that it printed holds these words."""
        return any(words in line for line in (*self._first, *self._lines))

    def stop(self) -> None:
        """End the engine and all that it started; returns when they are gone."""
        with suppress(OSError):
            if self._keeper.stdin is not None:
                self._keeper.stdin.close()
        try:
            self._keeper.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._keeper.kill()
            self._keeper.wait()
        for thread in self._threads:
            thread.join(timeout=2)
        shutil.rmtree(self.folder, ignore_errors=True)  # where the keeper could not

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _said(self) -> str:
        says = self.says()
        return f": {says}" if says else ""

    def _collect(self, pipe: IO[bytes]) -> None:
        """Keep the last lines that the engine prints, each up to a length."""
        with pipe:
            while line := pipe.readline(LONGEST_LINE):
                text = line.decode("utf-8", "replace").rstrip()
                shown = "".join(sign for sign in text if sign.isprintable())
                self._lines.append(shown)
                if len(self._first) < KEPT_LINES:
                    self._first.append(shown)

    def _await_end(self, pipe: IO[bytes]) -> None:
        """Hear from the keeper how the engine ended; when the keeper ends, so does the engine."""
        with pipe:
            if line := pipe.readline():
                self._code = json.loads(line)["exit"]
        self.ended = True

    def _hear(self, listen: Callable[[IO[bytes]], None], pipe: IO[bytes]) -> None:
        """Let a thread read a pipe to its end, and close it."""
        thread = threading.Thread(target=listen, args=(pipe,), daemon=True)
        thread.start()
        self._threads.append(thread)


def available() -> dict[str, bool]:
    """What this platform can hold an engine to, found out in a process of its own."""
    held: list[str] = []
    if sys.platform != "win32":
        command = (sys.executable, "-I", "-S", "-B", str(KEEPER.with_name("jail.py")))
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        held = done.stdout.split()
    return {name: name in held for name in PROMISES}


def own_folder() -> Path:
    """A new folder that only this user may enter, with a path short enough for a socket."""
    usual = tempfile.gettempdir()
    return Path(tempfile.mkdtemp(prefix="freehold-", dir=usual if len(usual) < 70 else "/tmp"))


def clean_environment(folder: Path) -> dict[str, str]:
    """The variables an engine starts with: no secrets, and its own folder as home."""
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    at = str(folder)
    return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": at, "TMPDIR": at, **passed}


def _keeper(folder: Path) -> subprocess.Popen[bytes]:
    if sys.platform == "win32":
        raise EnvironmentProblem("engines are started on Linux and macOS only, so far")
    pipe = subprocess.PIPE
    return subprocess.Popen(
        (sys.executable, "-I", "-S", str(KEEPER)),
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        env=clean_environment(folder),
        start_new_session=True,
    )


def _pythons() -> tuple[Path, ...]:
    """What a worker of ours needs to read: this Python and this package."""
    return Path(sys.prefix), Path(sys.base_prefix), Path(__file__).parent.parent.parent
