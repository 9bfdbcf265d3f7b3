"""A lock that one process holds at a time: so that two of them share one download."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from freehold.core.errors import EnvironmentProblem

STEP = 0.05
"""Seconds between two looks at a lock that somebody else holds."""


@contextmanager
def locked(path: Path, waiting: Callable[[], object] | None = None) -> Iterator[None]:
    """Hold the lock in this file; `waiting` is called at each look while another holds it.

    The system lets go of it when the process ends, however that is. The files are those of
    `huggingface_hub` in its cache, so that its downloads and ours wait for each other.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b")
    except OSError as error:
        raise EnvironmentProblem(
            f"{path} cannot be locked: {error.strerror}",
            hint="look at the permissions of its folder",
        ) from error
    with file:
        _take(file, waiting)
        try:
            yield
        finally:
            with suppress(OSError):
                _give(file)


def _take(file: IO[bytes], waiting: Callable[[], object] | None) -> None:
    while not _try(file):
        if waiting:
            waiting()
        time.sleep(STEP)


def _system() -> Any:
    """The module that locks on this system."""
    try:
        import fcntl

        return fcntl
    except ImportError:
        import msvcrt

        return msvcrt


def _try(file: IO[bytes]) -> bool:
    system = _system()
    try:
        if hasattr(system, "flock"):
            system.flock(file.fileno(), system.LOCK_EX | system.LOCK_NB)
        else:
            file.seek(0)
            system.locking(file.fileno(), system.LK_NBLCK, 1)
    except (BlockingIOError, PermissionError):
        return False
    except OSError as error:  # a file system without locks: go on alone, as there is no other way
        return error.errno is not None
    return True


def _give(file: IO[bytes]) -> None:
    system = _system()
    if hasattr(system, "flock"):
        system.flock(file.fileno(), system.LOCK_UN)
    else:
        file.seek(0)
        system.locking(file.fileno(), system.LK_UNLCK, 1)
