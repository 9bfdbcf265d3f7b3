"""Engines on other machines: one deployment of Ray Serve for each model, asked as if it were here.

`far_engine.py` is the other side, the same engine process on some node. Ray decides on which,
by the processors and the memory that the plan says; when a node is lost it starts the engine on
another one, and what had not been answered yet is asked again.
"""

import asyncio
import os
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from freehold.core.errors import EnvironmentProblem
from freehold.engines.hosting.memory import Memory
from freehold.server.config import Model
from freehold.server.parcels import Parcel, packed_up, unpacked_here
from freehold.tasks.base import TASKS, packed

if TYPE_CHECKING:
    from freehold.actions.run import Ready

INSTALL = "pip install 'freehold[scale]'"
TRIES = 4
PAUSE = 1.0
"""How often a request is begun whose node was lost before it had said anything; seconds between."""
PATIENCE = 600.0


def join(address: str | None) -> None:
    """Join the cluster at an address, or begin one of this machine alone; with a token always."""
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    os.environ.setdefault("RAY_SERVE_USE_GRPC_BY_DEFAULT", "0")
    try:
        import ray
        from ray import serve
    except ImportError as error:
        says = f"a cluster needs the package {error.name}, which is not installed here"
        raise EnvironmentProblem(says, hint=INSTALL) from error
    if ray.is_initialized():
        return
    quiet = {"log_to_driver": False, "logging_level": "error", "include_dashboard": False}
    try:
        ray.init(address=address, namespace="freehold", **(_only(quiet, address)))
        serve.start(proxy_location="Disabled")
    except Exception as error:
        says = f"the cluster at {address or 'this machine'} cannot be joined: {error}"
        raise EnvironmentProblem(says[:600], hint="ray status") from error


def _only(quiet: dict[str, Any], address: str | None) -> dict[str, Any]:
    """What may be said to a cluster that runs already."""
    return {k: v for k, v in quiet.items() if address is None or k != "include_dashboard"}


def begin(ready: "Ready", model: Model) -> "Far":
    """Start the replicas of a model on the cluster; blocks until one of them is ready."""
    return Far(ready, model)


class Far:
    """A model on the cluster; it can be asked, counted with and ended as an engine here can."""

    here = True
    """Its memory can be asked for."""

    def __init__(self, ready: "Ready", model: Model) -> None:
        from ray import serve

        from freehold.server.far_engine import deployment

        self.ready, self.job = ready, ready.job
        self.name = f"freehold-{model.called}-{ready.job.task}-{secrets.token_hex(3)}"
        self.process = _Elsewhere()
        self.notes: tuple[str, ...] = ()
        try:
            app = deployment(ready, model)
            self._handle: Any = serve.run(app, name=self.name, route_prefix=None)
            facts = self._handle.facts.remote().result(timeout_s=PATIENCE)
        except Exception as error:
            with suppress(Exception):
                serve.delete(self.name)
            raise EnvironmentProblem(
                f"{model.called} cannot run on the cluster: {error}"
            ) from error
        self.version: str | None = facts["version"]
        self.load_seconds: float = facts["load_seconds"]
        self.notes = (*facts["notes"], f"runs on the cluster, first on {facts['node']}")
        self.engine = _FarEngine(facts["engine"], self._handle)

    async def stream(self, request: Any) -> AsyncGenerator[Any, None]:
        """The pieces of an answer; begun again where its node was lost before it said anything."""
        parcel = packed_up(packed(request), request)
        for left in reversed(range(TRIES)):
            begun = False
            try:
                async for part in self._once(parcel):
                    begun = True
                    yield part
                return
            except _Lost as error:
                if begun or not left:
                    says = "the node that answered was lost" + (" in the middle" if begun else "")
                    raise EnvironmentProblem(says) from error
                await asyncio.sleep(PAUSE)

    async def _once(self, parcel: Parcel) -> AsyncGenerator[Any, None]:
        task = TASKS.get(self.job.task)
        answer = self._handle.answer.options(stream=True).remote(parcel)
        ended = False
        try:
            async for name, told in answer:
                if name == "error":
                    raise _known(told)
                yield unpacked_here(told, task, name)
            ended = True
        except Exception as error:
            raise (_Lost(str(error)) if _is_loss(error) else error) from error
        finally:
            if not ended:
                answer.cancel()

    def memory(self) -> Memory:
        """What all its replicas take; zeros while none answers."""
        try:
            told = self._handle.memory.remote().result(timeout_s=5)
        except Exception:
            return Memory(0, 0)
        return Memory(*told)

    def release(self) -> None:
        """Nothing: Ray keeps the connections."""

    def stop(self) -> None:
        """End all replicas."""
        from ray import serve

        with suppress(Exception):
            serve.delete(self.name)


class _FarEngine:
    """The engine of a model on the cluster, as far as the server uses it."""

    def __init__(self, name: str, handle: Any) -> None:
        self.name, self._handle = name, handle

    async def count(self, running: Far, request: Any) -> int:
        """The tokens of a prompt."""
        found = await self._handle.count.remote(packed_up(packed(request), request))
        return int(found)

    async def split(self, running: Far, text: str, special: bool) -> list[int]:
        """The tokens of a text."""
        return list(await self._handle.split.remote(text, special))

    async def spell(self, running: Far, tokens: Sequence[int]) -> str:
        """The text of tokens."""
        return str(await self._handle.spell.remote(list(tokens)))


class _Elsewhere:
    """The process of an engine that is not here: Ray looks after it."""

    ended = False
    folder = Path()

    def computed(self) -> float:
        """Unknown."""
        return 0.0


class _Lost(Exception):
    """The replica or its node is gone."""


def _is_loss(error: Exception) -> bool:
    from ray import exceptions
    from ray.serve.exceptions import RayServeException

    lost = (exceptions.RayActorError, exceptions.NodeDiedError, exceptions.ObjectLostError,
            exceptions.WorkerCrashedError, RayServeException)  # fmt: skip
    return isinstance(error, lost)


def _known(told: dict[str, Any]) -> Exception:
    """The error of ours that the other side told of."""
    from freehold.core import errors

    kind = getattr(errors, told["kind"], errors.EnvironmentProblem)
    if kind is errors.NotFound:
        kind = errors.UsageError
    found: Exception = kind(told["message"], hint=told.get("hint"))
    return found
