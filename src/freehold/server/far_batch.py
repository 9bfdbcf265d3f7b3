"""Batches on a cluster: Ray Data spreads the lines over engines on its nodes.

Rows that were on a node which is lost are computed again by Ray; the process that writes takes
each answer once.
"""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from freehold.server.batching import Line
from freehold.server.config import Config

ROWS = 32
"""Lines that one engine is given at a time."""


def answers_of(
    config: Config, source: Path, done: set[str]
) -> Iterator[tuple[dict[str, Any], bool]]:
    """The answers to every line that has none, as they come from the nodes."""
    import ray
    from ray.data import ActorPoolStrategy, DataContext

    from freehold.server.batch_file import lines_of
    from freehold.server.far import join

    join((config.server.on or "").partition(":")[2] or None)
    DataContext.get_current().enable_progress_bars = False
    lines = [
        {"line": msgspec.json.encode(line)}
        for line in lines_of(source)
        if line.custom_id not in done
    ]
    if not lines:
        return
    most = max((model.replicas for model in config.models), default=1)
    here = replace(config, server=replace(config.server, on=None, record="off"))
    answered = ray.data.from_items(
        lines, override_num_blocks=max(1, len(lines) // ROWS)
    ).map_batches(
        Asker,
        fn_constructor_args=(here,),
        batch_size=ROWS,
        compute=ActorPoolStrategy(min_size=1, max_size=most),
        num_cpus=max((model.threads or 1 for model in config.models), default=1),
        max_restarts=-1,
        max_task_retries=-1,
    )
    for row in answered.iter_rows():
        yield msgspec.json.decode(row["answer"]), bool(row["fine"])


class Asker:
    """One node's engines, asked for lines."""

    def __init__(self, config: Config) -> None:
        """Begin a loop of its own; models are loaded when their first line comes."""
        from freehold.server.batch_file import answering

        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._open = answering(config)
        self._ask = self._wait(self._open.__aenter__())

    def __call__(self, rows: dict[str, Any]) -> dict[str, list[Any]]:
        """The answers to some lines, in their order."""
        lines = [msgspec.json.decode(data, type=Line) for data in rows["line"]]
        told = self._wait(self._all(lines))
        return {
            "answer": [msgspec.json.encode(answer) for answer, _ in told],
            "fine": [fine for _, fine in told],
        }

    async def _all(self, lines: list[Line]) -> list[tuple[dict[str, Any], bool]]:
        return list(await asyncio.gather(*(self._ask(line) for line in lines)))

    def _wait(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def __del__(self) -> None:
        self._wait(self._open.__aexit__(None, None, None))
