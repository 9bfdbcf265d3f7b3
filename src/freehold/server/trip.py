"""One request through the models: what it took, for whom, and who must hear of it."""

import logging
import time
from typing import TYPE_CHECKING, Any

from freehold.server.entry import Entry, Replica
from freehold.server.recording import Taken
from freehold.server.tracing import Span
from freehold.server.visit import Visit
from freehold.tasks.base import Progress

if TYPE_CHECKING:
    from freehold.server.service import Service

log = logging.getLogger("freehold.requests")


class Trip:
    """Counts what one request of a client takes, over all its choices."""

    def __init__(self, service: "Service", visit: Visit, entry: Entry) -> None:
        self._service, self._visit, self._entry = service, visit, entry
        self._began = time.monotonic()
        self._figures = service.metrics.of(entry.name)
        self.prompt = self.generated = 0
        self.outcome = "abandoned"

    @property
    def tokens(self) -> int:
        """All tokens so far."""
        return self.prompt + self.generated

    def queued(self) -> None:
        """A slot was free."""
        self._figures.queued.observe(time.monotonic() - self._began)

    def part(self, replica: Replica, part: Any, wanted: type, begun: float | None) -> float | None:
        """Note one part; `begun` is when the first came, which is returned."""
        now = time.monotonic()
        if begun is None and not isinstance(part, Progress):
            self._figures.first.observe(now - self._began)
            begun = now
        if isinstance(part, wanted):
            self._ended(replica, part, now - (begun or now))
        return begun

    def end(self) -> None:
        """All is over, one way or the other."""
        passed = time.monotonic() - self._began
        entry, visit = self._entry, self._visit
        self._figures.whole.observe(passed)
        if self.outcome != "answered":
            self._service.metrics.failure.labels(entry.name, self.outcome).inc()
            if entry.ready:
                taken = Taken(who=visit.who, route=visit.route, ready=entry.ready,
                              outcome=self.outcome)  # fmt: skip
                self._service.recorder.note(taken)
        ended = time.time()
        self._service.tracer.note(
            Span(
                began=ended - passed, ended=ended, route=visit.route, model=entry.name,
                task=entry.task, outcome=self.outcome, prompt=self.prompt,
                generated=self.generated, parent=visit.parent, id=visit.id,
            )
        )  # fmt: skip
        log.info(
            "%s %s %s %s", visit.id, visit.route, entry.name, self.outcome,
            extra={"key": visit.who, "seconds": round(passed, 4), "tokens": self.tokens},
        )  # fmt: skip

    def _ended(self, replica: Replica, result: Any, wrote: float) -> None:
        """One result is there."""
        figures, metrics = self._figures, self._service.metrics
        spent = getattr(result, "spent", None)
        generated = spent.generated if spent else 0
        prompt = spent.prompt if spent else int(getattr(result, "tokens", 0))
        self.prompt += prompt
        self.generated += generated
        figures.prompt.inc(prompt)
        figures.generated.inc(generated)
        metrics.success.labels(self._entry.name, getattr(result, "finish", "stop")).inc()
        if generated > 1:
            figures.each.observe(wrote / (generated - 1))
        assert self._entry.ready is not None
        self._service.recorder.note(
            Taken(
                who=self._visit.who,
                route=self._visit.route,
                ready=self._entry.ready,
                running=replica.running,
                result=result,
                alongside=replica.busy,
            )
        )
