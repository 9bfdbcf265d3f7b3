"""A lock that one process holds at a time: so that two of them share one download."""

import errno
import os
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
    file = _opened(path)
    if file is None:
        yield
        return
    with file:
        _take(file, waiting)
        try:
            yield
        finally:
            with suppress(OSError):
                _give(file)


def _opened(path: Path) -> IO[bytes] | None:
    """The file of a lock; None in a store that may only be read, where nothing can be changed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return open(os.open(path, os.O_RDWR | os.O_CREAT, 0o664), "r+b")
    except PermissionError:
        try:
            return path.open("rb")
        except OSError:
            return None
    except OSError as error:
        if error.errno == errno.EROFS:
            return None
        raise EnvironmentProblem(
            f"{path} cannot be locked: {error.strerror}",
            hint="look at the permissions of its folder",
        ) from error


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
