"""What a run really took, and its row in the ledger."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, to_builtins

from freehold.actions.layouts import LocalModel
from freehold.core.machine import usable_cores
from freehold.engines.base import Running
from freehold.engines.hosting.memory import Memory
from freehold.judge.fitting.parts import Setting
from freehold.tasks.base import Work
from freehold.tasks.text_generation import Result as Text

LONG_ENOUGH = 0.5
"""Seconds that an answer must take before its share of the cores can be told."""


class Measured(Struct, frozen=True, kw_only=True):
    """What a run really took: bytes, seconds, tokens.

    `peak` is the most memory that was resident at once, loading included, when a model file may
    be mapped and copied at the same time; `resident` is what is left after the answer, and
    `mapped` the part of it that are pages of files, which the system may take back. `share`
    is the part of its cores that the engine got while it answered: well below 1 means that other
    work slowed it down. None for an answer too short to tell. Tokens and their seconds are 0
    where no text was written; `work` says what was done instead. Memory is None where the engine
    runs elsewhere.
    """

    engine: str
    version: str | None
    peak: int | None
    resident: int | None
    mapped: int | None
    load: float
    first_token: float = 0.0
    prompt_tokens: int = 0
    prompt_seconds: float = 0.0
    generated_tokens: int = 0
    decode_seconds: float = 0.0
    decode_steps: int = 0
    share: float | None = None
    work: Work | None = None


def watched(running: Running) -> Callable[[], float | None]:
    """From now on: the part of its cores that the engine gets."""
    before, began = running.process.computed(), time.monotonic()
    cores = running.job.threads or usable_cores()

    def share() -> float | None:
        passed = time.monotonic() - began
        used = running.process.computed() - before
        return round(min(1.0, used / passed / cores), 3) if passed > LONG_ENOUGH else None

    return share


def measure(running: Running, result: Any, share: float | None = None) -> Measured:
    """What the engine took for this answer."""
    return measured(running, result, running.memory() if running.here else None, share)


def measured(
    running: Running, result: Any, memory: Memory | None, share: float | None = None
) -> Measured:
    """The same, where its memory was read already."""
    common: dict[str, Any] = {
        "engine": running.engine.name,
        "version": running.version,
        "peak": memory and memory.peak,
        "resident": memory and memory.now,
        "mapped": memory and memory.mapped,
        "load": running.load_seconds,
        "share": share,
    }
    if not isinstance(result, Text):
        return Measured(**common, work=result.work)
    return Measured(
        **common,
        first_token=result.times.first_token,
        prompt_tokens=result.spent.prompt - result.spent.cached,
        prompt_seconds=result.times.prompt,
        generated_tokens=result.spent.generated,
        decode_seconds=result.times.decode,
        decode_steps=result.times.steps,
    )


def facts(
    model: LocalModel,
    task: str,
    setting: Setting,
    measured: Measured,
    plan: Mapping[str, object] | None,
) -> dict[str, object]:
    """The row of the ledger: names, numbers and digests, never what was said."""
    found: dict[str, object] = to_builtins(measured)
    engine, version = found.pop("engine"), found.pop("version")
    return {
        "model": model.name,
        "architecture": model.architecture,
        "format": model.format,
        "size": model.size,
        "digest": model.digest,
        "task": task,
        "engine": engine,
        "version": version,
        "setting": to_builtins(setting),
        "predicted": dict(plan) if plan is not None else None,
        "measured": found,
    }
