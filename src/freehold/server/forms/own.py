"""What the page is told: the answers of actions in their own JSON forms."""

import time
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import to_builtins

from freehold.core.errors import FreeholdError, UsageError
from freehold.server.config import Model
from freehold.server.entry import Entry
from freehold.tasks.base import TASKS

LEVELS = ("fully-open", "open-weights", "restricted-weights")
SEVERAL = ("uses", "licenses", "languages", "abilities", "modalities", "not_from")
NUMBERS = ("memory", "context", "max_parameters", "users", "revenue", "most")
MOST_ROWS = 500


def words(_: dict[str, str]) -> dict[str, Any]:
    """The closed lists that a need is made of, with a sentence for each word."""
    from freehold.knowledge.base import open_base

    base = open_base()
    lists = {name: dict(base.words[name]) for name in ("tasks", "uses", "abilities", "permissions")}
    return {**lists, "levels": list(LEVELS)}


def tasks(_: dict[str, str]) -> list[dict[str, Any]]:
    """Every task: what goes in and out, and its flags as fields of a form."""
    every = [TASKS.get(name) for name in TASKS.names()]
    return [
        {
            "id": task.id,
            "says": task.says,
            "takes": list(task.takes),
            "gives": list(task.gives),
            "flags": to_builtins(task.flags),
        }
        for task in every
    ]


def choose(said: dict[str, str]) -> dict[str, Any]:
    """A ranked answer to a need; lists come with commas between."""
    from freehold.actions.choose import choose as action

    known = {"task", "like", "openness", "territory", "on", *SEVERAL, *NUMBERS}
    if unknown := sorted(set(said) - known):
        raise UsageError(f"a need has no {unknown[0]}")
    need: dict[str, Any] = {name: value for name, value in said.items() if value}
    for name in SEVERAL:
        if name in need:
            need[name] = [part.strip() for part in need[name].split(",") if part.strip()]
    for name in NUMBERS:
        if name in need:
            need[name] = _whole(name, need[name])
    need["most"] = min(max(need.get("most", 8), 1), 20)
    return action(**need).form()


def catalog(_: dict[str, str]) -> list[dict[str, Any]]:
    """Every family of the knowledge base in short."""
    from freehold.actions.models import models

    return [found.form() for found in models()]


def model(said: dict[str, str]) -> dict[str, Any]:
    """Everything that `check` says of one model, and the members of its family."""
    from freehold.actions.check import check
    from freehold.actions.models import models

    found = check(_name(said["id"])).form()
    beside = (family.form() for family in models() if family.form()["id"] == found["family"])
    return {**found, "members": next(beside, {"members": []})["members"]}


def plan(said: dict[str, str]) -> dict[str, Any]:
    """What a model would take here."""
    from freehold.actions.plan import plan as action

    context = said.get("context")
    wanted = _whole("context", context) if context else None
    return action(_name(said["id"]), context=wanted, record=False).form()


def machine(_: dict[str, str]) -> dict[str, Any]:
    """This machine."""
    from freehold.actions.machine import machine as action

    return action().form()


def history(_: dict[str, str]) -> dict[str, Any]:
    """Predicted against measured, of the latest runs."""
    from freehold.actions.history import history as action

    return action().form()


def ledger(said: dict[str, str]) -> list[dict[str, Any]]:
    """The latest rows of the ledger, the newest first."""
    from freehold.core import paths
    from freehold.store.ledger import Ledger

    if not paths.ledger().exists():
        return []
    most = min(_whole("most", said.get("most", "100")), MOST_ROWS)
    with Ledger.open(reading=True) as opened:
        rows = opened.last(most, said.get("kind") or None)
    return [to_builtins(row) for row in reversed(rows)]


def served(models: Sequence[Model], store: bool) -> list[dict[str, Any]]:
    """Each model that is served: its names, tasks and size; what is wrong with it, if anything."""
    from freehold.actions.local_model import find
    from freehold.store import catalog

    named = {model.model for model in models}
    stored = [Model(model=m.name) for m in catalog.manifests() if m.name not in named]
    found = []
    for model in (*models, *(stored if store else ())):
        row: dict[str, Any] = {"id": model.called, "aliases": list(model.aliases)}
        try:
            there = find(model.model)
            able = list(model.tasks) or list(there.tasks)
            row |= {"tasks": able, "architecture": there.architecture, "format": there.format,
                    "size": there.size, "context": model.context or there.context}  # fmt: skip
        except FreeholdError as error:
            row |= {"tasks": [], "problem": str(error)}
        found.append(row)
    return found


def loaded(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Each model that runs."""
    now = time.monotonic()
    return [
        {
            "id": entry.name,
            "task": entry.task,
            "replicas": len(entry.replicas),
            "loading": entry.loading is not None,
            "busy": entry.busy,
            "waiting": len(entry.line),
            "uses": entry.uses,
            "idle_seconds": round(now - entry.used, 1),
            "planned": entry.each,
            "resident": sum(replica.running.memory().now for replica in entry.replicas),
            "engine": entry.replicas[0].running.engine.name if entry.replicas else None,
            "pinned": entry.kept,
        }
        for entry in entries
        if entry.replicas or entry.loading
    ]


def _name(said: str) -> str:
    """A name of the knowledge base or the store; never a path, for clients choose it."""
    if said.startswith(("/", ".", "~")) or ":" in said or "\\" in said:
        raise UsageError("a model is named here, not a path")
    return said


def _whole(name: str, said: str) -> int:
    try:
        found = int(float(said))
    except (ValueError, OverflowError):
        raise UsageError(f"{name} is a number, and {said[:40]!r} is none") from None
    if not 0 < found < 2**62:
        raise UsageError(f"{name} cannot be {said[:40]}")
    return found
