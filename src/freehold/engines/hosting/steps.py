"""Lets programs do a work of several steps inside the jail: compile, quantize, convert.

They have no network and write only into a folder of their own, from which the caller takes what
they made. Whatever happens, nothing of them stays: no process and no file.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct, to_builtins

from freehold.core.errors import EnvironmentProblem
from freehold.engines.hosting.process import Orders, Process

WORKER = Path(__file__).parent.parent / "workers" / "steps.py"
DONE, PROGRESS, KEPT = "done.json", "progress", "kept"
PATIENCE = 4 * 3600.0
Counted = Callable[[str, int, int], object]
"""Told what is done, how much of it, and of how much."""


class Archive(Struct, frozen=True):
    """An archive to unpack first, to at most so many bytes: its folder `inside` is `source`."""

    archive: str
    inside: str
    most: int


class Work(Struct, frozen=True, kw_only=True):
    """The words of each step; `keep` are names of files that are made, `read` what is needed.

    `hint` is the next command to try when a step fails.
    """

    name: str
    what: str
    steps: tuple[tuple[str, ...], ...]
    keep: tuple[str, ...]
    read: tuple[Path, ...] = ()
    unpack: Archive | None = None
    hint: str | None = None


class Worked(Struct, frozen=True):
    """A folder with the files that were kept, to be moved away, and the seconds that it took."""

    folder: Path
    seconds: float


@contextmanager
def worked(work: Work, place: Path, count: Counted) -> Iterator[Worked]:
    """Do the work in a new folder below `place`; EnvironmentProblem with its last lines."""
    own = Path(tempfile.mkdtemp(prefix="work-", dir=place))
    job = {"steps": work.steps, "keep": work.keep,
           "unpack": to_builtins(work.unpack) if work.unpack else None}  # fmt: skip
    orders = Orders(
        command=(sys.executable, "-I", "-B", str(WORKER)),
        environment={"FREEHOLD_WORKER": json.dumps(job)},
        read=(*work.read, *homes(work.steps)),
    )
    with Process(work.name, orders, own) as process:
        process.await_ready(lambda: _told(own, work.what, count), PATIENCE)
        told: dict[str, Any] = json.loads((own / DONE).read_text(encoding="utf-8"))
        if "error" in told:
            raise EnvironmentProblem(f"{work.name} failed: {told['error']}", hint=work.hint)
        yield Worked(own / KEPT, told["seconds"])


def homes(steps: Iterable[Sequence[str]]) -> tuple[Path, ...]:
    """Where the programs of these steps are installed, with what lies beside them.

    These are the first words, and what CMake is told by a word such as `-DCMAKE_C_COMPILER=`;
    other files are not opened by being named.
    """
    told = [word for words in steps for word in words[1:] if word.startswith("-DCMAKE_")]
    named = [*(words[0] for words in steps), *(word.partition("=")[2] for word in told)]
    real = {Path(name).resolve() for name in named if name.startswith("/")}
    return tuple(sorted({path.parent.parent for path in real if len(path.parents) > 2}))


def _told(folder: Path, what: str, count: Counted) -> bool:
    """Whether it is done; tells how far it is."""
    try:
        done, of = map(int, (folder / PROGRESS).read_text().split())
        count(what, done, of)
    except (OSError, ValueError):
        pass  # not that far yet
    return (folder / DONE).exists()
