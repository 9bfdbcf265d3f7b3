"""What the page is told: the answers of actions in their own JSON forms."""

import time
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct, to_builtins

from freehold.core.errors import FreeholdError, UsageError
from freehold.server.config import Model
from freehold.server.entry import Entry
from freehold.server.forms.reading import typed
from freehold.server.keys import Key, KeyFile, Role, described
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
    from freehold.store.ledger import Ledger
    from freehold.store.ledger_file import NoLedger

    most = min(_whole("most", said.get("most", "100")), MOST_ROWS)
    try:
        with Ledger.open(reading=True) as opened:
            rows = opened.last(most, said.get("kind") or None)
    except NoLedger:
        return []
    return [to_builtins(row) for row in reversed(rows)]


def served(models: Sequence[Model]) -> list[dict[str, Any]]:
    """Each model that is served: its names, tasks and size; what is wrong with it, if anything."""
    from freehold.actions.local_model import find

    found = []
    for model in models:
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


class WantedKey(Struct, kw_only=True, forbid_unknown_fields=True):
    """What a new key may do; `days` until it expires."""

    name: str
    role: Role = "user"
    models: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    requests_per_minute: Annotated[int, Meta(ge=1)] | None = None
    tokens_per_minute: Annotated[int, Meta(ge=1)] | None = None
    tokens_per_month: Annotated[int, Meta(ge=1)] | None = None
    streams: Annotated[int, Meta(ge=1)] | None = None
    days: Annotated[float, Meta(gt=0, le=36500)] | None = None


def keys(file: KeyFile) -> list[dict[str, Any]]:
    """Every key without its words."""
    return [described(held.key) for held in file.all()]


def wanted_key(body: dict[str, Any]) -> WantedKey:
    """The body of a new key; Refused names what is wrong with it."""
    return typed(body, WantedKey)


def new_key(file: KeyFile, wanted: WantedKey) -> dict[str, Any]:
    """Make a key, note that it was made, and tell its words."""
    may = to_builtins(wanted)
    days, name = may.pop("days"), may.pop("name")
    may |= {"models": wanted.models, "tasks": wanted.tasks}
    key, words = file.add(name, expires=time.time() + days * 86400 if days else None, **may)
    _noted("made", key)
    return {**described(key), "key": words}


def no_key(file: KeyFile, name: str) -> dict[str, Any]:
    """Withdraw a key, and note it."""
    key = file.remove(name)
    _noted("removed", key)
    return described(key)


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


def _noted(what: str, key: Key) -> None:
    """A row of the ledger: which key, never its words."""
    from freehold.store.ledger import note

    facts = {"id": key.id, "name": key.name, "role": key.role, "what": what}
    note("key", facts, required=False)
