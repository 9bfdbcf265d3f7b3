"""Measures how fast this machine reads memory, which bounds how fast a model makes tokens.

Each thread lets the C library search its own block for a byte that is not there, so every
byte is read once and nothing is written.
"""

import ctypes
import json
import sys
import threading
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from freehold.core import paths
from freehold.core.machine import usable_cores

BLOCK = 48 * 2**20
ROUNDS = 3


def measure(block: int = BLOCK, rounds: int = ROUNDS) -> int:
    """Bytes read per second with all cores at once: the best of several rounds."""
    search = _search()
    blocks = [bytearray(block) for _ in range(usable_cores())]
    views = [(ctypes.c_char * block).from_buffer(b) for b in blocks]
    best = min(_round(search, views, block) for _ in range(rounds))
    return int(block * len(blocks) / best)


def known(file: Path | None = None) -> tuple[int, str] | None:
    """The bandwidth measured here earlier, and the day; None when there is none."""
    try:
        kept = json.loads((file or _file()).read_text())
        return int(kept["bytes-per-second"]), str(kept["measured"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def measured() -> tuple[int, str]:
    """The bandwidth of this machine and the day it was measured; measures once and keeps it."""
    return known() or remeasure()


def remeasure() -> tuple[int, str]:
    """Measure now, keep the figure where that is possible, and return it with today's date."""
    figure, today = measure(), date.today().isoformat()
    file = _file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"bytes-per-second": figure, "measured": today}) + "\n")
    except OSError:
        pass  # a read-only home only means that it is measured again next time
    return figure, today


def _file() -> Path:
    import platform

    return paths.state() / f"bandwidth-{platform.node() or 'machine'}.json"


def _search() -> Callable[..., object]:
    library = ctypes.cdll.msvcrt if sys.platform == "win32" else ctypes.CDLL(None)
    library.memchr.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t)
    library.memchr.restype = ctypes.c_void_p
    found: Callable[..., object] = library.memchr
    return found


def _round(
    search: Callable[..., object], views: list[ctypes.Array[ctypes.c_char]], size: int
) -> float:
    """Seconds until all threads have read their block."""
    threads = [threading.Thread(target=search, args=(view, 1, size)) for view in views]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start
