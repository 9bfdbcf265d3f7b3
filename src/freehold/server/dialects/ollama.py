"""The protocol of Ollama, under `/api`."""

import time
from importlib.metadata import version
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from freehold.server import managing
from freehold.server.dialects.base import Dialect, Route, Work
from freehold.server.entry import Entry
from freehold.server.forms.ollama_models import expires, listed, shown
from freehold.server.forms.ollama_text import OllamaText
from freehold.server.forms.ollama_vectors import OneVector, Vectors
from freehold.server.forms.reading import line
from freehold.server.keeping import Keeper
from freehold.server.modelling import facts_of, visible
from freehold.server.problems import Refused
from freehold.server.replying import json_reply
from freehold.server.service import Service
from freehold.server.talking import Talk, answered, table_from, talk
from freehold.server.visit import Visit


def problem(error: Refused, visit: Visit) -> dict[str, Any]:
    """An error as Ollama says it."""
    where = f"{error.param}: " if error.param else ""
    return {"error": where + error.says}


def failed(error: Refused, visit: Visit) -> bytes:
    """An error in the middle of a stream."""
    return line(problem(error, visit))


def text(form: OllamaText) -> Work:
    """`POST /api/chat` and `/api/generate`; without a prompt they load or unload a model."""

    async def work(service: Service, request: Request, visit: Visit) -> Response:
        body = await table_from(service, request)
        keeper = Keeper(service.folder)
        try:
            asked = form.read(body, service.heard(visit, keeper))
            if asked.requests:
                return await answered(service, request, visit, Talk(form, failed), asked, keeper)
        except BaseException:
            keeper.clear()
            raise
        entry = service.admit(visit, asked)
        if asked.keep_alive == 0:
            await service.pool.unload_idle(entry)
            told = {**form.loaded(asked), "done_reason": "unload"}
        else:
            await service.pool.load(entry)
            told = form.loaded(asked)
        return json_reply(told, 200, visit.headers)

    return work


async def tags(service: Service, request: Request, visit: Visit) -> Response:
    """`GET /api/tags`: every model that may be asked for."""
    names = visible(service, visit)
    found = [listed(name, await facts_of(service, model)) for name, model in names]
    return json_reply({"models": found}, 200, visit.headers)


async def running(service: Service, request: Request, visit: Visit) -> Response:
    """`GET /api/ps`: the models that are loaded."""
    mine = {model.called for _, model in visible(service, visit)}
    by_name: dict[str, list[Entry]] = {}
    for entry in service.pool.entries:
        if entry.replicas and entry.name in mine:
            by_name.setdefault(entry.name, []).append(entry)
    found = [await _loaded(service, entries) for entries in by_name.values()]
    return json_reply({"models": found}, 200, visit.headers)


async def _loaded(service: Service, entries: list[Entry]) -> dict[str, Any]:
    """A model that is loaded, for however many tasks."""
    told = listed(entries[0].name, await facts_of(service, entries[0].model))
    size = sum(entry.taken for entry in entries)
    on_card = any(e.ready and e.ready.plan and e.ready.plan.place.on_card for e in entries)
    left = max(entry.keep_alive - (time.monotonic() - entry.used) for entry in entries)
    more = {"size": size, "size_vram": size if on_card else 0}
    return {**told, **more, "expires_at": expires(time.time() + left)}


async def show(service: Service, request: Request, visit: Visit) -> Response:
    """`POST /api/show`: what is known of a model."""
    body = await table_from(service, request)
    name = str(body.get("model") or body.get("name") or "")
    model = service.allowed(visit, name)
    return json_reply(shown(await facts_of(service, model)), 200, visit.headers)


async def told_version(service: Service, request: Request, visit: Visit) -> Response:
    """`GET /api/version`."""
    return json_reply({"version": version("freehold")}, 200, visit.headers)


CHAT, GENERATE = OllamaText(chats=True), OllamaText(chats=False)
VECTORS, ONE = Vectors(), OneVector()
DIALECT = Dialect(
    name="ollama",
    problem=problem,
    routes=(
        Route("POST", "/api/chat", text(CHAT), form=CHAT),
        Route("POST", "/api/generate", text(GENERATE), form=GENERATE),
        Route("POST", "/api/embed", talk(VECTORS, failed), form=VECTORS),
        Route("POST", "/api/embeddings", talk(ONE, failed), form=ONE),
        Route("GET", "/api/tags", tags),
        Route("GET", "/api/ps", running),
        Route("POST", "/api/show", show),
        Route("GET", "/api/version", told_version, open=True),
        Route("POST", "/api/pull", managing.pull(failed), role="operator"),
        Route("DELETE", "/api/delete", managing.delete, role="operator"),
    ),
)
