"""One model of the pool: how it is to run, its engines that run now, and who waits for it."""

import time
from typing import TYPE_CHECKING

from freehold.server.config import Model
from freehold.server.queueing import Line

if TYPE_CHECKING:
    import asyncio

    from freehold.actions.run import Ready
    from freehold.engines.base import Running

FORGET_FAILURE = 5.0
"""Seconds in which a model that could not be loaded is not tried again."""


class Replica:
    """One engine that has loaded the model: so many slots, so many busy."""

    def __init__(self, running: "Running", slots: int) -> None:
        self.running, self.slots = running, slots
        self.busy = 0
        self.broken = False

    @property
    def alive(self) -> bool:
        """Whether it can answer."""
        return not self.broken and not self.running.process.ended

    @property
    def free(self) -> bool:
        """Whether it can take one more request."""
        return self.busy < self.slots and self.alive


class Entry:
    """One model for one task."""

    def __init__(self, model: Model, task: str, waiting: int, keep_alive: float) -> None:
        self.model, self.task = model, task
        self.name = model.called
        self.keep_alive = keep_alive if model.keep_alive is None else model.keep_alive
        self.ready: Ready | None = None
        self.replicas: list[Replica] = []
        self.line: Line[Replica] = Line(waiting)
        self.loading: asyncio.Task[None] | None = None
        self.reserved = 0
        self.stopping = 0
        self.lacks_room = False
        self.used = time.monotonic()
        self.since = self.used
        self.uses = 0
        self.restarts = 0
        self._failed: tuple[float, Exception] | None = None

    @property
    def busy(self) -> int:
        """The requests that it answers now."""
        return sum(replica.busy for replica in self.replicas)

    @property
    def idle(self) -> bool:
        """Whether it is loaded and nobody uses it or waits for it."""
        return bool(self.replicas) and not self.busy and not self.line and self.loading is None

    @property
    def kept(self) -> bool:
        """Whether it stays loaded, whatever else needs room."""
        return self.model.pin

    @property
    def each(self) -> int:
        """The bytes that one replica takes by its plan, or by its files where there is none."""
        if self.ready is None:
            return 0
        plan = self.ready.plan
        return plan.fitted.parts.total if plan else int(self.ready.model.size * 1.25) + 2**28

    @property
    def taken(self) -> int:
        """The bytes that it takes now, or will when it is loaded."""
        return self.each * (len(self.replicas) + self.reserved + self.stopping)

    def take(self) -> Replica | None:
        """The least busy replica with a free slot, and one slot of it; None where there is none."""
        free = [replica for replica in self.replicas if replica.free]
        if not free:
            return None
        best = min(free, key=lambda replica: replica.busy)
        best.busy += 1
        return best

    def touch(self) -> None:
        """Note that it was used now."""
        self.used = time.monotonic()

    def fail(self, error: Exception) -> None:
        """Note why it cannot be loaded, and tell everybody who waits."""
        self._failed = (time.monotonic(), error)
        self.line.fail(error)

    @property
    def failure(self) -> Exception | None:
        """Why it could not be loaded a moment ago."""
        if self._failed and time.monotonic() - self._failed[0] < FORGET_FAILURE:
            return self._failed[1]
        return None
