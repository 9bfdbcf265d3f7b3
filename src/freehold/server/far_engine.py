"""One replica of a model on a node of a cluster: the same engine process as anywhere.

This runs inside Ray. The files of the model must be on the node, under the same name: in its
store (`freehold get` or `freehold bundle`), or on a disk that all nodes share.
"""

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from freehold.server.config import Model
from freehold.server.parcels import Parcel, opened, packed_up
from freehold.tasks.base import TASKS, Progress, packed

if TYPE_CHECKING:
    from freehold.actions.run import Ready
    from freehold.engines.base import Running

SECONDS_OF_DRAINING = 30
LOOK = 5


def deployment(ready: "Ready", model: Model) -> Any:
    """The application of Ray Serve for a model: placed by its plan, grown up to its replicas."""
    from ray import serve

    plan = ready.plan
    needs: dict[str, Any] = {"num_cpus": model.threads or 1}
    if plan and plan.place.on_card:
        needs["num_gpus"] = 1
    elif plan:
        needs["memory"] = plan.fitted.parts.peak
    growing = {
        "min_replicas": min(model.replicas, 2 if model.pin else 1),
        "max_replicas": model.replicas,
        "target_ongoing_requests": max(1, model.parallel - 1),
        "upscale_delay_s": 3,
        "downscale_delay_s": 120,
    }
    return serve.deployment(
        Replica,
        ray_actor_options=needs,
        autoscaling_config=growing,
        max_ongoing_requests=model.parallel,
        health_check_period_s=LOOK,
        graceful_shutdown_timeout_s=SECONDS_OF_DRAINING,
    ).bind(model, ready.task.id)


class Replica:
    """An engine on this node, and the way to it."""

    def __init__(self, model: Model, task: str) -> None:
        """Plan anew for this node, policies included, and start the engine."""
        from freehold.server.loading import begin, planned

        self.task = TASKS.get(task)
        self.folder = Path(tempfile.mkdtemp(prefix="freehold-far-"))
        self._ready, self._door = planned(model, task), asyncio.Lock()
        self.running = begin(self._ready)

    def facts(self) -> dict[str, Any]:
        """What the server wants to know of it."""
        import ray

        running = self.running
        return {
            "engine": running.engine.name,
            "version": running.version,
            "load_seconds": running.load_seconds,
            "notes": list(running.notes),
            "node": ray.util.get_node_ip_address(),
        }

    async def answer(self, parcel: Parcel) -> AsyncGenerator[tuple[str, Any], None]:
        """The parts of an answer by name, as JSON with files; an error as the last one."""
        from freehold.core.errors import FreeholdError

        request = await asyncio.to_thread(opened, parcel, self.task.request, self.folder)
        try:
            running = await self._engine()
            async with aclosing(running.stream(request)) as parts:
                async for part in parts:
                    yield self._named(part), packed_up(packed(part), part)
        except FreeholdError as error:
            told = {"kind": type(error).__name__, "message": str(error), "hint": error.hint}
            yield "error", told

    async def count(self, parcel: Parcel) -> int:
        """The tokens of a prompt."""
        request = await asyncio.to_thread(opened, parcel, self.task.request, self.folder)
        running = await self._engine()
        return await running.engine.count(running, request)

    async def split(self, text: str, special: bool) -> list[int]:
        """The tokens of a text."""
        running = await self._engine()
        return await running.engine.split(running, text, special)

    async def spell(self, tokens: list[int]) -> str:
        """The text of tokens."""
        running = await self._engine()
        return await running.engine.spell(running, tokens)

    def memory(self) -> tuple[int, int, int]:
        """What its engine takes now, took at most, and has mapped."""
        found = self.running.memory()
        return found.now, found.peak, found.mapped

    def check_health(self) -> None:
        """An error when the engine has ended and none is coming: then this replica is replaced."""
        if self.running.process.ended and not self._door.locked():
            raise RuntimeError("the engine has ended")

    async def _engine(self) -> "Running":
        """The engine; where it has ended another one, as a server does that has it at home."""
        from freehold.server.loading import begin

        async with self._door:
            if self.running.process.ended:
                self.running.release()
                await asyncio.to_thread(self.running.stop)
                self.running = await asyncio.to_thread(begin, self._ready)
        return self.running

    def __del__(self) -> None:
        running = getattr(self, "running", None)
        if running is not None:
            running.stop()

    def _named(self, part: Any) -> str:
        if isinstance(part, Progress):
            return "progress"
        return "result" if isinstance(part, self.task.result) else "piece"
