"""Stands for the process of an engine where there is none here: a server at an address is asked."""

import shutil
from collections.abc import Callable
from pathlib import Path

from freehold.core.errors import EnvironmentProblem
from freehold.engines.hosting.memory import Memory


class Elsewhere:
    """Nothing to start, watch or end; what it takes is not known and counts as nothing here."""

    number, ended = 0, False
    held: tuple[str, ...] = ()

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def await_ready(self, ready: Callable[[], bool], patience: float) -> float:
        """Nothing is loaded, so nothing is waited for."""
        return 0.0

    def await_end(self, seconds: float) -> None:
        """It does not end because of us."""
        raise TimeoutError

    def memory(self) -> Memory:
        """Nothing of this machine."""
        return Memory(0, 0)

    def heard(self, words: str) -> bool:
        """Nothing that it prints arrives here."""
        return False

    def computed(self) -> float:
        """No seconds of a core of this machine."""
        return 0.0

    def failure(self, when: str) -> EnvironmentProblem:
        """What is said when it fails, which is never seen here."""
        return EnvironmentProblem(f"the server failed {when}")

    def stop(self) -> None:
        """Remove the folder; the server goes on."""
        shutil.rmtree(self.folder, ignore_errors=True)
