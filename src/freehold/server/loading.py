"""What loading a model means here: plan it as `run` does, then start its engine."""

from pathlib import Path
from typing import TYPE_CHECKING

from freehold.core.errors import UsageError
from freehold.core.machine import probe
from freehold.server.config import Config, Model

if TYPE_CHECKING:
    from freehold.actions.run import Ready
    from freehold.engines.base import Running

MOST_KEPT = 32
"""Connections to one engine that wait for the next question."""
WITHOUT_A_PLAN = 0.85
"""The share of all memory that models may take where no plan says it."""


def planned(model: Model, task: str | None) -> "Ready":
    """How a model will run: policies asked, license and code looked at, memory planned."""
    from freehold.actions.run import Wishes, prepare

    wishes = Wishes(
        engine=model.engine,
        context=model.context,
        parallel=model.parallel,
        kv=model.kv,  # type: ignore[arg-type]
        threads=model.threads,
        gpu_layers=model.gpu_layers,
        device=model.device,
        precision=model.precision,
        adapters=tuple(Path(at) for at in model.adapters),
        projector=Path(model.projector) if model.projector else None,
        draft=model.draft,
    )
    ready = prepare(model.model, wishes, task, action="serve")
    can = ready.model.tasks
    if task and can and task not in (*can, *model.tasks):
        says = f"{model.called} does {', '.join(can)}, not {task}"
        raise UsageError(says, hint="its configuration can name other tasks: tasks = [...]")
    return ready


def usual(model: Model) -> str:
    """The task that a model is there for."""
    from freehold.actions.local_model import find

    found = find(model.model)
    return found.tasks[0] if found.tasks else "text-generation"


def begin(ready: "Ready") -> "Running":
    """Start the engine; blocks until it is ready. From then on one event loop asks it."""
    from freehold.engines.base import start

    running = start(ready.engine, ready.job, found=ready.found)
    running.wire.keeps = min(ready.job.setting.parallel, MOST_KEPT)
    return running


def end(running: "Running") -> None:
    """End an engine; what it took at most is known afterwards, too."""
    running.memory()
    running.stop()


def budget(config: Config, ready: "Ready | None") -> int:
    """The bytes that all models together may take where this one goes."""
    if config.server.memory_gib is not None:
        return int(config.server.memory_gib * 2**30)
    plan = ready.plan if ready else None
    return plan.place.memory if plan else int(probe().memory * WITHOUT_A_PLAN)
