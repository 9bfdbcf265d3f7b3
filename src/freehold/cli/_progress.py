"""One line on a terminal that says how far a download is, how fast, and how long it still takes."""

import sys
import time
from collections import deque
from threading import Lock
from types import TracebackType
from typing import Self

import click

EVERY = 0.2
"""Seconds between two changes of the line."""
LOOKS_BACK = 10.0
"""Seconds that the rate is taken over."""


class Progress:
    """Told of bytes by several threads; silent where the error stream is no terminal."""

    def __init__(self) -> None:
        self.total = self.here = 0
        self.shown = self.began = time.monotonic()
        self.marks: deque[tuple[float, int]] = deque()
        self.lock, self.loud = Lock(), sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, at: TracebackType | None
    ) -> None:
        self.clear()

    def begin(self, total: int) -> None:
        """So many bytes are to come or are there already."""
        self.total = total

    def bytes(self, path: str, count: int) -> None:
        """So many more bytes of a file are here; fewer where it begins anew."""
        with self.lock:
            self.here += count
            now = time.monotonic()
            if self.loud and now - self.shown >= EVERY:
                self.shown = now
                self._draw(now)

    def says(self, line: str) -> None:
        """A line that stays."""
        with self.lock:
            self.clear()
            click.echo(line, err=True)

    def clear(self) -> None:
        """Take the line away."""
        if self.loud:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def _draw(self, now: float) -> None:
        self.marks.append((now, self.here))
        while now - self.marks[0][0] > LOOKS_BACK:
            self.marks.popleft()
        at, before = self.marks[0]
        rate = (self.here - before) / (now - at) if now > at else 0.0
        sys.stderr.write("\r\x1b[K" + line(self.here, self.total, rate))
        sys.stderr.flush()


def line(here: int, total: int, rate: float) -> str:
    """What is here of all, the rate in bytes per second, and the time left."""
    of = f" of {amount(total)}  {min(here / total, 1):4.0%}" if total else ""
    left = f"  {span((total - here) / rate)} left" if rate > 0 and total > here else ""
    speed = f"  {amount(round(rate))}/s" if rate > 0 else ""
    return f"  {amount(here)}{of}{speed}{left}"


def amount(count: int) -> str:
    """Bytes as people say them, in powers of a thousand."""
    value, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while abs(value) >= 999.5 and len(units) > 1:
        value, units = value / 1000, units[1:]
    return (
        f"{value:.0f} {units[0]}" if value >= 100 or units[0] == "B" else f"{value:.1f} {units[0]}"
    )


def span(seconds: float) -> str:
    """Seconds as people say them."""
    whole = round(min(seconds, 359_999))
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {whole % 60:02} s" if minutes else f"{whole} s"
