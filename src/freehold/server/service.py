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

from freehold.core.errors import Interrupted, UsageError
from freehold.core.paths import state
from freehold.engines.hosting.wire import Refusal
from freehold.server.asked import Asked, Heard, Served, result_of
from freehold.server.batching import Batches
from freehold.server.config import Config, Model
from freehold.server.doorman import Doorman
from freehold.server.entry import Entry, Replica
from freehold.server.facts import Facts
from freehold.server.filing import Files
from freehold.server.guarding import Context, Guarding
from freehold.server.keeping import Keeper, Responses
from freehold.server.keys import Key, month_of
from freehold.server.metrics import Metrics
from freehold.server.pool import Pool
from freehold.server.problems import Refused
from freehold.server.recording import Recorder
from freehold.server.replying import in_time, merged
from freehold.server.tracing import Tracer
from freehold.server.trip import Trip
from freehold.server.visit import Visit
from freehold.tasks.base import Progress
from freehold.tasks.text_generation import Request as TextRequest

TRIES = 2
"""How often a request is begun whose engine dies."""
log = logging.getLogger("freehold.requests")
Met = Callable[[Served], None]


class Service:
    """What every route works with."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.started = time.time()
        self.folder = Path(tempfile.mkdtemp(prefix="freehold-serve-"))
        self.pool = Pool(config, self._in_store)
        self.doorman = Doorman(config)
        self.guarding = Guarding(config.guards)
        self.responses = Responses(self.folder)
        self.files = Files(state() / "serve" / "files")
        self.batches = Batches(self, state() / "serve" / "batches", self.files)
        self.metrics = Metrics(self.pool)
        self.tracer = Tracer(config.server.traces)
        self.recorder = Recorder(config.server.record, self._save)
        self.facts: dict[Model, Facts] = {}
        self.background: dict[str, asyncio.Task[None]] = {}
        self._work: list[asyncio.Task[None]] = []
        self._shelf: tuple[int, list[Model]] = (-1, [])
        self._month = month_of(self.started)
        self.pool.watchers.append(self._hear)

    async def open(self, resume: bool = True) -> None:
        """Begin to look after the models, load those wanted at once, `resume` open batches."""
        self.recorder.start()
        if self.config.server.on:
            from freehold.server.far import join

            await asyncio.to_thread(join, self.config.server.on.partition(":")[2] or None)
        self._work.append(asyncio.create_task(self.pool.watch()))
        self._work.append(asyncio.create_task(self.pool.preload()))
        if resume:
            self.batches.resume()

    async def close(self) -> None:
        """End every engine, and write down what is still to be written."""
        every = [*self._work, *self.background.values()]
        for task in every:
            task.cancel()
        await asyncio.gather(*every, return_exceptions=True)
        await self.batches.close()
        await self.pool.close()
        await asyncio.to_thread(self.recorder.stop)
        shutil.rmtree(self.folder, ignore_errors=True)

    def reload(self, config: Config) -> None:
        """Take a new configuration; what runs is not cut off, where it listens stays."""
        guarding = Guarding(config.guards)
        server = replace(config.server, host=self.config.server.host, port=self.config.server.port)
        self.config = replace(config, server=server)
        self.guarding, self.doorman.config = guarding, self.config
        self.facts.clear()
        self.pool.configure(self.config)
        self._work.append(asyncio.create_task(self.pool.preload()))

    def allowed(self, visit: Visit, name: str) -> Model:
        """The model of this name, where this key may use it."""
        model = self.pool.model(name)
        self.doorman.allow(visit.key, model.called, "")
        return model

    def admit(self, visit: Visit, asked: Asked) -> Entry:
        """The entry that answers; Refused where key, mode or limits do not allow it."""
        entry = self.pool.entry(asked.model, asked.task)
        self.doorman.allow(visit.key, entry.name, asked.task)
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
        self, visit: Visit, asked: Asked, entry: Entry, met: Met
    ) -> AsyncGenerator[tuple[int, Any], None]:
        """The pieces and results of all its requests; `met` hears who answers before the first."""
        self.doorman.begin(visit)
        trip = Trip(self, visit, entry)
        try:
            sources = [
                self._guarded(visit, trip, entry, asked, number, met)
                for number in range(len(asked.requests))
            ]
            limit = self.config.limits.seconds_to_answer
            async with aclosing(in_time(merged(sources), limit)) as parts:
                async for part in parts:
                    yield part
            trip.outcome = "answered"
        except Refused as error:
            trip.outcome = error.kind
            raise
        except Exception:
            trip.outcome = "failed"
            raise
        finally:
            self.doorman.end(visit, trip.tokens)
            trip.end()

    async def gather(self, visit: Visit, asked: Asked, entry: Entry, met: Met) -> list[Any]:
        """The results of all its requests, in their order."""
        wanted, found = result_of(asked.task), dict[int, Any]()
        async with aclosing(self.parts(visit, asked, entry, met)) as items:
            async for index, part in items:
                if isinstance(part, wanted):
                    found[index] = part
        if len(found) != len(asked.requests):
            raise Refused("broken", "the engine gave no result", code="engine")
        return [found[index] for index in range(len(found))]

    def heard(self, visit: Visit, keeper: Keeper) -> Heard:
        """What a form may use to understand a body."""
        return Heard(
            now=int(time.time()),
            most_choices=self.config.limits.choices,
            keep=keeper.keep,
            earlier=lambda name: self.responses.earlier(name, visit.who, keeper),
        )

    def unseen(self, key: Key | None, route: str) -> Visit:
        """A visit that no request of a client began."""
        visit = Visit()
        visit.key, visit.route = key, route
        return visit

    async def _guarded(
        self, visit: Visit, trip: Trip, entry: Entry, asked: Asked, number: int, met: Met
    ) -> AsyncGenerator[tuple[int, Any], None]:
        """The parts of one request between the guards; begun again where its engine died.

        What is told as a whole can be: nobody has heard of it. A stream only before its first part.
        """
        seen, said = Context(entry.name, entry.task, visit.who, visit.id), False
        request = await self.guarding.enter(limited(asked.requests[number], self.config), seen)
        for left in reversed(range(TRIES)):
            parts = self._one(visit, trip, entry, request, met)
            try:
                async with aclosing(self.guarding.leave(parts, trip.wanted, seen)) as passed:
                    async for part in passed:
                        said = said or (asked.stream and not isinstance(part, Progress))
                        yield number, part
                return
            except Interrupted as error:
                if said or not left:
                    raise
                log.warning("%s: begun again: %s", visit.id, error)

    async def _one(
        self, visit: Visit, trip: Trip, entry: Entry, request: Any, met: Met
    ) -> AsyncGenerator[Any, None]:
        """One request at one engine."""
        async with self.pool.lease(entry, visit.who) as replica:
            trip.queued()
            suits(entry, request)
            met(served(entry, replica))
            begun = None
            try:
                async with aclosing(replica.running.stream(request)) as parts:
                    async for part in parts:
                        begun = trip.part(replica, part, begun)
                        yield part
            except Interrupted:
                replica.broken = replica.running.process.ended
                raise

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

    def stored(self) -> list[Model]:
        """Every model of the store and our own small one, where the store is served."""
        if not self.config.server.store:
            return []
        from freehold.actions.seed import NAME, seed_model
        from freehold.store import catalog

        shelf = catalog.shelf()
        mark = shelf.stat().st_mtime_ns if shelf.exists() else 0
        if self._shelf[0] != mark:
            names = dict.fromkeys(manifest.name for manifest in catalog.manifests())
            if seed_model():
                names[NAME] = None
            self._shelf = (mark, [Model(model=name) for name in names])
        return self._shelf[1]

    def _in_store(self, name: str) -> Model | None:
        return next((model for model in self.stored() if model.model == name), None)

    def _save(self) -> None:
        """Keep what keys have used, send traces; a new month begins from nothing."""
        self.tracer.send()
        spent = self.doorman.unsaved()
        if spent:
            self.doorman.file.spend(self._month, spent)
        if (month := month_of(time.time())) != self._month:
            self._month = month
            self.doorman.turn()

    def _hear(self, entry: Entry, event: str, seconds: float) -> None:
        """Count what becomes of models."""
        self.metrics.events.labels(entry.name, event).inc()
        if event == "loaded":
            self.metrics.load.labels(entry.name).observe(seconds)


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


def suits(entry: Entry, request: Any) -> None:
    """UsageError for a chat with a model that has no template for chats."""
    chats = isinstance(request, TextRequest) and request.messages
    if chats and entry.ready is not None and not entry.ready.model.chat_template:
        says = f"{entry.name} has no chat template, so it only continues texts"
        raise UsageError(says, hint="ask /v1/completions")


def limited(request: Any, config: Config) -> Any:
    """The request, no longer than the server allows."""
    most = config.limits.max_tokens
    if most is None or not isinstance(request, TextRequest):
        return request
    if request.max_tokens is not None and request.max_tokens > most:
        raise Refused("invalid", f"answers have at most {most:,} tokens here", param="max_tokens")
    return request if request.max_tokens is not None else replace(request, max_tokens=most)


def ascii_list(names: tuple[str, ...]) -> str:
    """Names as the value of a header, without signs that could end it or spaces at its ends."""
    plain = ("".join(sign if " " <= sign <= "~" else "?" for sign in name) for name in names)
    return ", ".join(name.strip() or "?" for name in plain)[:1000].strip()
