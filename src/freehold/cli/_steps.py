"""One line on a terminal that says how far a long work is and how long it still takes."""

import sys
import time

import click

from freehold.cli._progress import span

EVERY, APART = 0.2, 5.0
"""Seconds between two changes of the line, and between two lines where there is no terminal."""
EARLY = 0.02
"""The part of a work that must be done before the time left is guessed."""
TENTH = 10


class Steps:
    """Told what is done, how much of it, and of how much; tenths where there is no terminal."""

    def __init__(self) -> None:
        self.what, self.began, self.shown, self.tenth = "", 0.0, 0.0, 0
        self.loud = sys.stderr.isatty()

    def __call__(self, what: str, done: int, of: int) -> None:
        """So much is done now."""
        now = time.monotonic()
        if what != self.what:
            self.what, self.began, self.shown, self.tenth = what, now, now - EVERY, 0
        if self.loud and (now - self.shown >= EVERY or done >= of):
            self.shown = now
            end = "\n" if done >= of else ""
            sys.stderr.write("\r\x1b[K" + line(what, done, of, now - self.began) + end)
            sys.stderr.flush()
        elif not self.loud and of and done * TENTH // of > self.tenth and now - self.shown > APART:
            self.tenth, self.shown = done * TENTH // of, now
            click.echo(line(what, done, of, now - self.began), err=True)

    def says(self, text: str) -> None:
        """A line that stays."""
        if self.loud:
            sys.stderr.write("\r\x1b[K")
        click.echo(text, err=True)


def line(what: str, done: int, of: int, seconds: float) -> str:
    """What is done, the part of it, and the time left at the pace so far."""
    part = min(done / of, 1.0) if of else 0.0
    left = seconds * (1 - part) / part if EARLY <= part < 1 else 0.0
    return f"  {what} {part:4.0%}" + (f"  {span(left)} left" if left >= 1 else "")
