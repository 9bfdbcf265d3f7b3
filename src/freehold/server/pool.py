"""The models that run: loaded on demand, never beyond the memory that their plans say there is.

All of this runs in one event loop; only starting, stopping and planning are left to threads. So
between two `await`s nothing changes, and the counts need no locks.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

from freehold.core.errors import EnvironmentProblem, FreeholdError, NotFound
from freehold.server.config import Config, Model
from freehold.server.entry import Entry, Replica
from freehold.server.loading import begin, budget, end, planned, usual
from freehold.server.problems import Refused, refusal

if TYPE_CHECKING:
    from freehold.engines.base import Running

LOOK = 1.0
"""Seconds between two looks at what died and what has been idle for too long."""
log = logging.getLogger("freehold.pool")


class Pool:
    """The entries by name and task, and the memory that they share."""

    def __init__(self, config: Config, known: Callable[[str], Model | None]) -> None:
        """`known` finds a model by a name that the configuration does not have."""
        self._known = known
        self._entries: dict[tuple[str, str], Entry] = {}
        self._door = asyncio.Lock()
        self._freed = asyncio.Event()
        self._work: set[asyncio.Task[None]] = set()
        self.draining = False
        self.watchers: list[Callable[[Entry, str, float], None]] = []
        self.configure(config)

    def configure(self, config: Config) -> None:
        """Take a configuration; models that it changes or leaves out are let go when idle."""
        self.config = config
        self._names = {
            name: model for model in config.models for name in (model.called, *model.aliases)
        }
        for entry in list(self._entries.values()):
            if self._names.get(entry.name, self._known(entry.name)) != entry.model:
                self._forget(entry)
        wanted = {model.called for model in config.models if model.preload or model.pin}
        self.missing = {name for name in wanted if not self.is_loaded(name)}

    @property
    def entries(self) -> list[Entry]:
        """Every entry that was asked for so far."""
        return list(self._entries.values())

    def models(self) -> list[Model]:
        """The models of the configuration."""
        return list(self.config.models)

    def model(self, name: str) -> Model:
        """The model that answers to a name, the only one to none; NotFound offers the nearest."""
        if not name and len(self.config.models) == 1:
            return self.config.models[0]
        short = name.removesuffix(":latest")  # as clients of Ollama add it
        found = self._names.get(name) or self._names.get(short)
        found = found or self._known(name) or self._known(short)
        if found is None:
            raise NotFound("model", name, self._names, hint="GET /v1/models lists them")
        return found

    def entry(self, name: str, task: str) -> Entry:
        """The entry of a model for a task."""
        model = self.model(name)
        found = self._entries.get((model.called, task))
        if found is None:
            server = self.config.server
            found = Entry(model, task, self.config.limits.waiting, server.keep_alive)
            self._entries[model.called, task] = found
        return found

    @asynccontextmanager
    async def lease(self, entry: Entry, who: str) -> AsyncIterator[Replica]:
        """A replica with a free slot that is this caller's until the end."""
        replica = None if entry.line else entry.take()
        if replica is None:
            replica = await self._queued(entry, who)
        entry.uses += 1
        entry.touch()
        try:
            yield replica
        finally:
            self._give_back(entry, replica)

    async def _queued(self, entry: Entry, who: str) -> Replica:
        """Wait for a slot; what is missing is loaded."""
        if self.draining:
            raise Refused("busy", "the server is shutting down", code="draining", wait=10)
        if entry.failure:
            raise refusal(entry.failure)
        place = entry.line.join(who)
        self._grow(entry)
        limit = self.config.limits.seconds_to_wait
        try:
            async with asyncio.timeout(limit):
                return await place
        except (TimeoutError, asyncio.CancelledError) as error:
            entry.line.leave(who, place)
            if place.done() and not place.cancelled() and place.exception() is None:
                self._give_back(entry, place.result())
            if isinstance(error, asyncio.CancelledError):
                raise
            raise _late(entry, limit) from None

    def _give_back(self, entry: Entry, replica: Replica) -> None:
        """Take a slot back and hand it to the next who waits."""
        replica.busy -= 1
        entry.touch()
        if not replica.alive:
            self._drop(entry, replica)
            if entry.line:
                self._grow(entry)
        self._serve(entry)
        if not entry.busy:
            self._freed.set()
            if entry.keep_alive == 0 and entry.idle and not entry.kept:
                self._spawn(self.unload(entry))

    def _serve(self, entry: Entry) -> None:
        """Call those who wait as long as there are slots."""
        while entry.line and (replica := entry.take()):
            if not entry.line.call(replica):
                replica.busy -= 1
                return

    def _grow(self, entry: Entry) -> None:
        """Begin to load one more replica where one is wanted."""
        self._bury(entry)
        alive = sum(replica.alive for replica in entry.replicas)
        wanted = 1 if self.config.server.on else entry.model.replicas
        if entry.loading is None and alive < wanted:
            entry.loading = asyncio.create_task(self._load(entry))

    async def _load(self, entry: Entry) -> None:
        """Load one replica; everybody who waits hears it when that cannot be."""
        began = time.monotonic()
        try:
            async with self._door:
                if entry.ready is None:
                    entry.ready = await asyncio.to_thread(planned, entry.model, entry.task)
                await self._make_room(entry)
                entry.reserved = 1
            replica = await asyncio.to_thread(self._begin, entry)
        except (FreeholdError, Refused) as error:
            log.warning("%s cannot be loaded: %s", entry.name, error)
            if not any(replica.alive for replica in entry.replicas):
                entry.fail(error)
        except Exception:
            log.exception("%s cannot be loaded", entry.name)
            entry.fail(EnvironmentProblem(f"{entry.name} cannot be loaded"))
        else:
            entry.replicas.append(replica)
            entry.since = time.monotonic()
            self._tell(entry, "loaded", time.monotonic() - began)
        finally:
            entry.loading, entry.reserved = None, 0
            self._freed.set()
        self._serve(entry)
        if entry.line and entry.replicas:
            self._grow(entry)

    def _begin(self, entry: Entry) -> Replica:
        """One engine of this machine; on a cluster, all that the model may have there."""
        assert entry.ready is not None
        if not self.config.server.on:
            return Replica(begin(entry.ready), entry.model.parallel)
        from freehold.server import far

        slots = entry.model.parallel * entry.model.replicas
        return Replica(cast("Running", far.begin(entry.ready, entry.model)), slots)

    async def _make_room(self, entry: Entry) -> None:
        """Let idle models go, the least recently used first, until this one fits."""
        if self.config.server.on:
            return  # the cluster places by the memory that the plan names
        most = budget(self.config, entry.ready)
        deadline = time.monotonic() + self.config.limits.seconds_to_wait
        while self.taken(entry) + entry.each > most:
            if entry.each > most:
                says = f"{entry.name} needs {entry.each / 2**30:.1f} GiB of memory and there are "
                raise Refused("busy", f"{says}{most / 2**30:.1f}", code="memory")
            victims = [e for e in self.entries if e.idle and not e.kept and e is not entry]
            if victims:
                await self.unload(min(victims, key=lambda e: e.used))
                continue
            self._freed.clear()
            entry.lacks_room = True
            try:
                async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                    await self._freed.wait()
            except TimeoutError:
                raise _late(entry, 0) from None
            finally:
                entry.lacks_room = False

    def taken(self, entry: Entry) -> int:
        """The bytes that models take by their plans where this one goes."""
        place = _place(entry)
        return sum(e.taken for e in self.entries if _place(e) == place)

    async def load(self, entry: Entry) -> None:
        """Load it now, if it is not; an error when that cannot be."""
        if not any(replica.alive for replica in entry.replicas):
            async with self.lease(entry, "load"):
                return

    async def unload(self, entry: Entry) -> None:
        """End the engines of an entry that nobody uses."""
        going, entry.replicas = entry.replicas, []
        entry.stopping += len(going)
        try:
            for replica in going:
                replica.running.release()
                await asyncio.to_thread(end, replica.running)
        finally:
            entry.stopping -= len(going)
            self._freed.set()
        self._tell(entry, "unloaded", 0.0)

    async def unload_idle(self, entry: Entry) -> None:
        """End its engines now where nobody uses them, else with their last request."""
        if entry.idle:
            await self.unload(entry)

    async def forget(self, name: str) -> None:
        """Let a model go for good; returns when its engines have ended."""
        gone = [entry for entry in self.entries if entry.name == name]
        for entry in gone:
            self._entries.pop((entry.name, entry.task), None)
            await self._finish(entry)

    def is_loaded(self, name: str) -> bool:
        """Whether an engine has this model loaded."""
        return any(entry.replicas for entry in self.entries if entry.name == name)

    def _forget(self, entry: Entry) -> None:
        """Let an entry go: no new requests; its engines end with their last one."""
        self._entries.pop((entry.name, entry.task), None)
        self._spawn(self._finish(entry))

    async def _finish(self, entry: Entry) -> None:
        while entry.busy or entry.line or entry.loading:
            await asyncio.sleep(LOOK / 4)
        await self.unload(entry)

    def _bury(self, entry: Entry) -> None:
        """Take the engines out that died and have nothing to end any more."""
        for replica in [r for r in entry.replicas if not r.alive and not r.busy]:
            self._drop(entry, replica)

    def _drop(self, entry: Entry, replica: Replica) -> None:
        """Take an engine that died out of the entry."""
        if replica in entry.replicas:
            entry.replicas.remove(replica)
            entry.restarts += 1
            log.error("the engine of %s died", entry.name)
            self._tell(entry, "died", 0.0)
            replica.running.release()
            self._spawn(asyncio.to_thread(replica.running.stop))

    async def watch(self) -> None:
        """Look after the engines, for ever: restart what died, end what is not used."""
        while True:
            await asyncio.sleep(LOOK)
            for entry in self.entries:
                self._look_at(entry)

    def _look_at(self, entry: Entry) -> None:
        self._bury(entry)
        if (entry.line or entry.kept) and not entry.replicas and not entry.failure:
            self._grow(entry)
        idle = time.monotonic() - entry.used
        if entry.idle and not entry.kept and 0 <= entry.keep_alive < idle:
            self._spawn(self.unload(entry))

    async def preload(self) -> None:
        """Load the models that the configuration wants loaded from the start."""
        for model in self.config.models:
            if model.called not in self.missing:
                continue
            try:
                task = model.tasks[0] if model.tasks else await asyncio.to_thread(usual, model)
                await self.load(self.entry(model.called, task))
                self.missing.discard(model.called)
            except (FreeholdError, Refused) as error:
                log.error("%s is not loaded: %s", model.called, error)

    async def close(self) -> None:
        """End every engine."""
        self.draining = True
        for entry in self.entries:
            entry.line.fail(Refused("busy", "the server is shutting down", wait=10))
            if entry.loading:
                await asyncio.wait([entry.loading])
            await self.unload(entry)
        if self._work:
            await asyncio.wait(list(self._work), timeout=10)

    def _spawn(self, work: Awaitable[None]) -> None:
        """Let something run beside."""

        async def done() -> None:
            await work

        task = asyncio.create_task(done())
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    def _tell(self, entry: Entry, event: str, seconds: float) -> None:
        for watcher in self.watchers:
            watcher(entry, event, seconds)


def _late(entry: Entry, seconds: float) -> Refused:
    """Why a request had to wait for too long."""
    if entry.lacks_room:
        says = f"there is no memory for {entry.name} beside the models that are in use"
        return Refused("busy", says, code="memory", wait=30)
    says = f"{entry.name} had no free slot for {seconds:.0f} seconds"
    return Refused("busy", says, code="queue_timeout", wait=30)


def _place(entry: Entry) -> bool:
    """Whether an entry is on a graphics card."""
    plan = entry.ready.plan if entry.ready else None
    return bool(plan and plan.place.on_card)
