"""Waits for what must come to be: on any machine, however slow, and never longer than it takes."""

import time
from collections.abc import Callable

LONG = 120.0
"""Seconds after which what should have come is given up; no test is about this number."""


def until(holds: Callable[[], object], what: str = "it") -> None:
    """Wait until something is so; AssertionError when it never is."""
    end = time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < end, f"{what} never came to be"
        time.sleep(0.01)
