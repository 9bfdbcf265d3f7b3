"""The server without HTTP: takes what is asked, finds who answers, and minds what it took."""

import asyncio
import logging
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from freehold.core.errors import EnvironmentProblem
from freehold.engines.hosting.wire import Refusal
from freehold.server.asked import Asked, Served
from freehold.server.config import Config, Model
from freehold.server.entry import Entry, Replica
from freehold.server.keeping import Responses
from freehold.server.pool import Pool
from freehold.server.problems import Refused
from freehold.server.replying import merged
from freehold.server.visit import Visit
from freehold.tasks.base import Progress

log = logging.getLogger("freehold.requests")
TRIES = 2
"""How often a request is begun whose engine died before it had said anything."""


class Service:
    """What every route works with."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.started = time.time()
        self.folder = Path(tempfile.mkdtemp(prefix="freehold-serve-"))
        self.pool = Pool(config, self._in_store)
        self.responses = Responses(self.folder)
        self.background: dict[str, asyncio.Task[None]] = {}
        self._work: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Begin to look after the models, and load those that are wanted at once."""
        self._work.append(asyncio.create_task(self.pool.watch()))
        self._work.append(asyncio.create_task(self.pool.preload()))

    async def close(self) -> None:
        """End every engine, and write down what is still to be written."""
        every = [*self._work, *self.background.values()]
        for task in every:
            task.cancel()
        await asyncio.gather(*every, return_exceptions=True)
        await self.pool.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def reload(self, config: Config) -> None:
        """Take a new configuration; what runs is not cut off."""
        server = replace(config.server, host=self.config.server.host, port=self.config.server.port)
        self.config = replace(config, server=server)
        self.pool.configure(self.config)

    def admit(self, visit: Visit, asked: Asked) -> Entry:
        """The entry that answers; Refused where key, mode or limits do not allow it."""
        entry = self.pool.entry(asked.model, asked.task)
        if entry.model.tasks and asked.task not in entry.model.tasks:
            says = f"{entry.name} is not served for {asked.task}"
            raise Refused("invalid", says, param="model")
        if asked.dropped and self.config.server.strict:
            names = ", ".join(asked.dropped)
            says = f"this would not be honored: {names}"
            raise Refused("invalid", says, param=asked.dropped[0], code="unsupported_parameter")
        if asked.dropped:
            visit.headers["x-freehold-not-honored"] = ascii_list(asked.dropped)
        if asked.keep_alive is not None:
            entry.keep_alive = asked.keep_alive
        return entry

    async def parts(
        self, visit: Visit, asked: Asked, entry: Entry, met: Callable[[Served], None]
    ) -> AsyncGenerator[tuple[int, Any], None]:
        """The pieces and results of all its requests; `met` hears who answers before the first."""
        sources = [self._one(visit, entry, request, met) for request in asked.requests]
        async with aclosing(merged(sources)) as parts:
            async for part in parts:
                yield part

    async def _one(
        self, visit: Visit, entry: Entry, request: Any, met: Callable[[Served], None]
    ) -> AsyncGenerator[Any, None]:
        """One request; begun again where its engine died before it had said anything."""
        for left in reversed(range(TRIES)):
            async with self.pool.lease(entry, visit.who) as replica:
                met(served(entry, replica))
                said = False
                try:
                    async with aclosing(replica.running.stream(request)) as parts:
                        async for part in parts:
                            said = said or not isinstance(part, Progress)
                            yield part
                    return
                except EnvironmentProblem:
                    died = replica.running.process.ended
                    replica.broken = died
                    if said or not left or not died:
                        raise
            log.warning("%s: the engine of %s died; asked again", visit.id, entry.name)

    async def count(self, visit: Visit, asked: Asked, entry: Entry) -> int:
        """The tokens of a prompt, as the engine that would answer it counts them."""
        async with self.pool.lease(entry, visit.who) as replica:
            running = replica.running
            return await running.engine.count(running, asked.requests[0])

    async def spell(self, visit: Visit, entry: Entry, ids: list[list[int]]) -> list[str]:
        """The texts that tokens of a model stand for."""
        async with self.pool.lease(entry, visit.who) as replica:
            running = replica.running
            try:
                return [await running.engine.spell(running, some) for some in ids]
            except Refusal as error:
                says = f"these are no tokens of {entry.name}: {error}"
                raise Refused("invalid", says, param="input") from error

    def _in_store(self, name: str) -> Model | None:
        """A model of the store under its own name, where the store is served."""
        if not self.config.server.store or not name:
            return None
        from freehold.store import catalog

        return next((Model(model=m.name) for m in catalog.manifests() if m.name == name), None)


def served(entry: Entry, replica: Replica) -> Served:
    """Who answers."""
    assert entry.ready is not None
    ready, running = entry.ready, replica.running
    return Served(
        name=entry.name,
        digest=ready.model.digest,
        engine=running.engine.name,
        context=ready.job.setting.context,
        notes=(*ready.notes, *running.notes),
    )


def ascii_list(names: tuple[str, ...]) -> str:
    """Names as the value of a header."""
    return ", ".join(name.encode("ascii", "replace").decode() for name in names)[:1000]
