"""Writes what requests took into the ledger, from a thread of its own, many rows at once.

A request costs no more than putting a record on a list. Rows say who, which model, how many
tokens and how long: never what was said. When many of a kind come within one second, or when the
configuration wants sums, one row stands for all of them.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from freehold.core.errors import FreeholdError

if TYPE_CHECKING:
    from freehold.actions.run import Ready
    from freehold.engines.base import Running
    from freehold.engines.hosting.memory import Memory

EVERY = 1.0
SUMMED = 60.0
"""Seconds between two writings, of each request and of sums."""
MOST_SINGLE = 20
"""Requests of one key and model within one writing that get a row each."""
log = logging.getLogger("freehold.ledger")


Memories = dict["Running", "Memory | None"]


class Taken(Struct, frozen=True, kw_only=True):
    """One request: who asked which route of which model, how it ended, and its result."""

    who: str
    route: str
    ready: "Ready"
    running: "Running | None" = None
    result: Any = None
    alongside: int = 1
    outcome: str = "answered"


class Recorder:
    """The list of what is to be written, and the thread that writes it."""

    def __init__(self, mode: str, saves: Callable[[], None]) -> None:
        """`saves` is called at each writing, for what others keep."""
        self.mode = mode
        self._saves = saves
        self._list: list[Taken] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="freehold-ledger", daemon=True)
        self._told = False

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def note(self, taken: Taken) -> None:
        """Put one request on the list."""
        if self.mode != "off":
            self._list.append(taken)

    def stop(self) -> None:
        """Write what is left."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(20)

    def _work(self) -> None:
        pause = SUMMED if self.mode == "sum" else EVERY
        due = time.monotonic() + pause
        while not self._stop.wait(EVERY):
            self._save()
            if time.monotonic() >= due:
                self._write()
                due = time.monotonic() + pause
        self._save()
        self._write()

    def _save(self) -> None:
        try:
            self._saves()
        except FreeholdError as error:
            log.error("what keys have used is not kept: %s", error)

    def _write(self) -> None:
        taken, self._list = self._list, []
        if not taken:
            return
        from freehold.store.ledger import Ledger

        most = 0 if self.mode == "sum" else MOST_SINGLE
        try:
            with Ledger.open() as ledger:
                ledger.append_all("serve", rows(taken, most))
            self._told = False
        except FreeholdError as error:
            if not self._told:
                log.error("requests are not in the ledger: %s", error)
            self._told = True


def rows(taken: Collection[Taken], most_single: int = MOST_SINGLE) -> list[dict[str, object]]:
    """The rows for some requests: one for each, or sums of those alike where they are many.

    The memory of each engine is read once, for that takes longer than all else.
    """
    groups: dict[Any, list[Taken]] = {}
    for one in taken:
        key = (one.who, one.route, one.outcome, one.ready.model.digest, one.ready.job.task)
        groups.setdefault(key, []).append(one)
    engines = {one.running for one in taken if one.running is not None}
    memories = {running: running.memory() if running.here else None for running in engines}
    found = []
    for group in groups.values():
        parts = [group] if len(group) > most_single else [[one] for one in group]
        found += [_row(part, memories) for part in parts]
    return found


def _row(group: list[Taken], memories: Memories) -> dict[str, object]:
    """One row, by the same code as that of a run."""
    from freehold.actions.measuring import facts

    first = group[0]
    ready = first.ready
    own = {
        "key": first.who,
        "route": first.route,
        "outcome": first.outcome,
        "requests": len(group),
    }
    measured = _measured(group, memories)
    if measured is None:
        return {"model": ready.model.name, "digest": ready.model.digest,
                "task": ready.job.task, **own}  # fmt: skip
    expected = ready.plan.prediction(measured.prompt_tokens) if ready.plan else None
    found = facts(ready.model, ready.job.task, ready.job.setting, measured, expected)
    inner = {**found["measured"], "alongside": max(one.alongside for one in group)}  # type: ignore[dict-item]
    return {**found, "measured": inner, **own}


def _measured(group: list[Taken], memories: Memories) -> Any:
    """What they took together: memory as it is now, tokens and seconds added up."""
    from msgspec.structs import replace

    from freehold.actions.measuring import measured

    each = [
        measured(one.running, one.result, memories[one.running])
        for one in group
        if one.running is not None and one.result is not None
    ]
    if not each:
        return None
    names = ("prompt_tokens", "prompt_seconds", "generated_tokens", "decode_seconds",
             "decode_steps")  # fmt: skip
    sums: dict[str, Any] = {name: sum(getattr(one, name) for one in each) for name in names}
    first = sum(one.first_token for one in each) / len(each)
    return replace(
        each[0], first_token=first, peak=max(one.peak or 0 for one in each) or None, **sums
    )
