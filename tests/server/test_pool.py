"""The pool: what is loaded when, what goes for it, who waits, and what happens when engines die."""

import asyncio
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from freehold.core.errors import EnvironmentProblem, NotFound
from freehold.server import pool as pools
from freehold.server.config import Config, Limits, Model, Server
from freehold.server.entry import Entry
from freehold.server.pool import Pool
from freehold.server.problems import Refused
from tests.waiting import LONG

TEXT = "text-generation"
GIB = 2**30
Try = Callable[[Pool], Coroutine[Any, Any, None]]


class Engine:
    """An engine that is not there: it only begins and ends."""

    def __init__(self) -> None:
        self.process = SimpleNamespace(ended=False)
        self.stopped = False

    def memory(self) -> None:
        pass

    def release(self) -> None:
        pass

    def stop(self) -> None:
        self.stopped = True


@pytest.fixture
def trial(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Runs a test in a pool of models of so many GiB, where 4 are free."""
    sizes: dict[str, float] = {}

    def planned(model: Model, task: str) -> Any:
        if model.model == "broken":
            raise EnvironmentProblem("it is broken")
        parts = SimpleNamespace(total=int(sizes[model.called] * GIB))
        place = SimpleNamespace(memory=4 * GIB, on_card=False)
        return SimpleNamespace(
            plan=SimpleNamespace(fitted=SimpleNamespace(parts=parts), place=place)
        )

    monkeypatch.setattr(pools, "planned", planned)
    monkeypatch.setattr(pools, "begin", lambda ready: Engine())
    monkeypatch.setattr(pools, "LOOK", 0.02)

    def run(work: Try, models: dict[str, float], limits: dict[str, Any] | None = None,
            **each: Any) -> None:  # fmt: skip
        sizes.update(models)
        found = tuple(Model(model=name, **each) for name in models)
        config = Config(models=found, limits=Limits(**(limits or {})), server=Server())

        async def all_of_it() -> None:
            pool = Pool(config, lambda name: None)
            watching = asyncio.create_task(pool.watch())
            try:
                async with asyncio.timeout(LONG):
                    await work(pool)
            finally:
                watching.cancel()
                await pool.close()

        asyncio.run(all_of_it())

    return run


def loaded(pool: Pool) -> set[str]:
    return {entry.name for entry in pool.entries if entry.replicas}


async def use(pool: Pool, name: str, who: str = "me") -> None:
    async with pool.lease(pool.entry(name, TEXT), who):
        pass


def test_a_model_is_loaded_when_it_is_asked_for(trial: Callable[..., None]) -> None:
    async def work(pool: Pool) -> None:
        assert loaded(pool) == set()
        await use(pool, "a")
        assert loaded(pool) == {"a"}

    trial(work, {"a": 1, "b": 1})


def test_the_least_recently_used_goes_when_there_is_no_room(trial: Callable[..., None]) -> None:
    async def work(pool: Pool) -> None:
        for name in ("a", "b", "a", "c"):
            await use(pool, name)
        assert loaded(pool) == {"a", "c"}

    trial(work, {"a": 2, "b": 2, "c": 2})


def test_a_model_that_is_in_use_is_waited_for(trial: Callable[..., None]) -> None:
    async def work(pool: Pool) -> None:
        async with pool.lease(pool.entry("a", TEXT), "me"):
            waiting = asyncio.create_task(use(pool, "b"))
            await asyncio.sleep(0.05)
            assert loaded(pool) == {"a"}
            assert not waiting.done()
        await waiting
        assert loaded(pool) == {"b"}

    trial(work, {"a": 3, "b": 3})


def test_a_pinned_model_never_goes(trial: Callable[..., None]) -> None:
    async def work(pool: Pool) -> None:
        await use(pool, "a")
        pool.config = replace(pool.config, limits=Limits(seconds_to_wait=0.1))
        with pytest.raises(Refused, match="no memory for b") as refused:
            await use(pool, "b")
        assert refused.value.status == 503
        assert loaded(pool) == {"a"}

    trial(work, {"a": 3, "b": 3}, pin=True)


def test_what_can_never_fit_is_refused_at_once(trial: Callable[..., None]) -> None:
    async def work(pool: Pool) -> None:
        await use(pool, "small")
        with pytest.raises(Refused, match=r"needs 5.0 GiB of memory and there are 4.0"):
            await use(pool, "large")
        assert loaded(pool) == {"small"}

    trial(work, {"small": 1, "large": 5})


def test_one_slot_serves_one_at_a_time_and_turns_are_fair(trial: Callable[..., None]) -> None:
    async def work(pool: Pool) -> None:
        order: list[str] = []
        entry = pool.entry("a", TEXT)

        async def ask(who: str) -> None:
            async with pool.lease(entry, who):
                order.append(who)
                assert entry.busy == 1
                await asyncio.sleep(0)

        async with pool.lease(entry, "first"):
            greedy = [asyncio.create_task(ask("greedy")) for _ in range(4)]
            await asyncio.sleep(0)
            other = asyncio.create_task(ask("other"))
            await asyncio.sleep(0)
        await asyncio.gather(*greedy, other)
        assert order.index("other") == 1

    trial(work, {"a": 1})


def test_a_full_line_refuses_with_a_time_to_come_again(trial: Callable[..., None]) -> None:
    async def work(pool: Pool) -> None:
        entry = pool.entry("a", TEXT)
        async with pool.lease(entry, "me"):
            waiting = [asyncio.create_task(use(pool, "a")) for _ in range(2)]
            await asyncio.sleep(0.01)
            with pytest.raises(Refused) as refused:
                await use(pool, "a")
            assert (refused.value.status, refused.value.headers["Retry-After"]) == (429, "1")
        await asyncio.gather(*waiting)

    trial(work, {"a": 1}, {"waiting": 2})


def test_who_goes_away_leaves_no_slot_taken(trial: Callable[..., None]) -> None:
    async def work(pool: Pool) -> None:
        entry = pool.entry("a", TEXT)
        async with pool.lease(entry, "me"):
            waiting = [asyncio.create_task(use(pool, "a")) for _ in range(3)]
            await asyncio.sleep(0)
            for task in waiting:
                task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert (entry.busy, len(entry.line)) == (0, 0)
        await use(pool, "a")

    trial(work, {"a": 1})


def test_replicas_are_loaded_as_they_are_needed(trial: Callable[..., None]) -> None:
    async def work(pool: Pool) -> None:
        entry = pool.entry("a", TEXT)
        async with pool.lease(entry, "one"), pool.lease(entry, "two"):
            assert len(entry.replicas) == 2
            assert pool.taken(entry) == 2 * GIB

    trial(work, {"a": 1}, replicas=2)


def test_an_engine_that_died_is_replaced(trial: Callable[..., None]) -> None:
    async def work(pool: Pool) -> None:
        await use(pool, "a")
        entry = pool.entry("a", TEXT)
        entry.replicas[0].running.process.ended = True
        await use(pool, "a")
        assert len(entry.replicas) == 1
        assert entry.replicas[0].alive

    trial(work, {"a": 1})


def test_a_pinned_model_whose_engine_died_comes_back_by_itself(
    trial: Callable[..., None],
) -> None:
    async def work(pool: Pool) -> None:
        await use(pool, "a")
        entry = pool.entry("a", TEXT)
        entry.replicas[0].running.process.ended = True
        while not (entry.replicas and entry.replicas[0].alive):
            await asyncio.sleep(0.01)
        assert entry.restarts == 1

    trial(work, {"a": 1}, pin=True)


def test_an_idle_model_goes_after_its_time(trial: Callable[..., None]) -> None:
    async def work(pool: Pool) -> None:
        await use(pool, "a")
        engine = pool.entry("a", TEXT).replicas[0].running
        while loaded(pool):
            await asyncio.sleep(0.01)
        assert engine.stopped  # type: ignore[attr-defined]

    trial(work, {"a": 1}, keep_alive=0.05)


def test_everybody_who_waits_hears_why_a_model_cannot_be_loaded(
    trial: Callable[..., None],
) -> None:
    async def work(pool: Pool) -> None:
        found = await asyncio.gather(*(use(pool, "broken") for _ in range(3)),
                                     return_exceptions=True)  # fmt: skip
        assert ["it is broken" in str(error) for error in found] == [True] * 3

    trial(work, {"broken": 1})


def test_a_new_configuration_lets_go_what_it_leaves_out(trial: Callable[..., None]) -> None:
    async def work(pool: Pool) -> None:
        await use(pool, "a")
        await use(pool, "b")
        kept: Entry = pool.entry("b", TEXT)
        pool.configure(Config(models=tuple(m for m in pool.models() if m.model == "b")))
        while loaded(pool) != {"b"}:
            await asyncio.sleep(0.01)
        assert pool.entry("b", TEXT) is kept
        with pytest.raises(NotFound):
            pool.entry("a", TEXT)

    trial(work, {"a": 1, "b": 1})


def test_a_server_that_shuts_down_takes_nothing_new(trial: Callable[..., None]) -> None:
    async def work(pool: Pool) -> None:
        pool.draining = True
        with pytest.raises(Refused, match="shutting down"):
            await use(pool, "a")

    trial(work, {"a": 1})
