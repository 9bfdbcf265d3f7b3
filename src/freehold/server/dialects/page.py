"""The page at `/` and what it asks for, under `/freehold`: our own words, as the actions give them.

Files of the page lie in `web/` and are served as they are.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from freehold.server import web
from freehold.server.dialects.base import Dialect, Route, Work
from freehold.server.forms import own
from freehold.server.forms.native import Native
from freehold.server.forms.reading import sse
from freehold.server.problems import Refused
from freehold.server.replying import json_reply
from freehold.server.service import Service
from freehold.server.talking import table_from, talk
from freehold.server.visit import Visit

FOLDER = Path(web.__file__).parent
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' data: blob:; "
    "style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def problem(error: Refused, visit: Visit) -> dict[str, Any]:
    """An error as the page shows it."""
    return {"error": {"kind": error.kind, "message": error.says, "request": visit.id}}


def failed(error: Refused, visit: Visit) -> bytes:
    """An error in the middle of a stream."""
    return sse(problem(error, visit))


async def file(service: Service, request: Request, visit: Visit) -> Response:
    """A file of the page; `/` is its index."""
    if not service.config.server.page:
        return PlainTextResponse("Freehold is running; GET /v1/models lists what is served\n")
    name = request.path_params.get("name", "index.html")
    there = FOLDER / name
    if there.parent != FOLDER or there.suffix not in KINDS or not there.is_file():
        raise Refused("missing", f"there is no {name[:100]} here")
    headers = {"content-security-policy": POLICY, "cache-control": "no-cache"}
    return Response(there.read_bytes(), media_type=KINDS[there.suffix], headers=headers)


def told(action: Callable[[dict[str, str]], Any]) -> Work:
    """A route that answers with what an action says; it runs in a thread, for it may read files."""

    async def work(service: Service, request: Request, visit: Visit) -> Response:
        said = {**request.query_params, **request.path_params}
        return json_reply(await asyncio.to_thread(action, said), 200, visit.headers)

    return work


async def served(service: Service, request: Request, visit: Visit) -> Response:
    """The models that this server answers with, and what each of them can do."""
    models = [*service.pool.models(), *await asyncio.to_thread(service.stored)]
    return json_reply(await asyncio.to_thread(own.served, models), 200, visit.headers)


async def loaded(service: Service, request: Request, visit: Visit) -> Response:
    """What is loaded now: memory by plan and in truth, requests, since when."""
    return json_reply(await asyncio.to_thread(own.loaded, service.pool.entries), 200, visit.headers)


async def let_go(service: Service, request: Request, visit: Visit) -> Response:
    """Unload an idle model."""
    name = request.path_params["name"]
    found = [entry for entry in service.pool.entries if entry.name == name and entry.replicas]
    if not found:
        raise Refused("missing", f"{name} is not loaded")
    if any(not entry.idle for entry in found):
        raise Refused("busy", f"{name} is in use", wait=10)
    for entry in found:
        await service.pool.unload(entry)
    return json_reply(await asyncio.to_thread(own.loaded, service.pool.entries), 200, visit.headers)


async def keys(service: Service, request: Request, visit: Visit) -> Response:
    """The keys without their words."""
    return json_reply(await asyncio.to_thread(own.keys, service.doorman.file), 200, visit.headers)


async def new_key(service: Service, request: Request, visit: Visit) -> Response:
    """A new key; its words are in this answer alone."""
    wanted = own.wanted_key(await table_from(service, request))
    found = await asyncio.to_thread(own.new_key, service.doorman.file, wanted)
    return json_reply(found, 201, {**visit.headers, "cache-control": "no-store"})


async def no_key(service: Service, request: Request, visit: Visit) -> Response:
    """Withdraw a key."""
    name = request.path_params["id"]
    found = await asyncio.to_thread(own.no_key, service.doorman.file, name)
    return json_reply(found, 200, visit.headers)


DIALECT = Dialect(
    name="page",
    problem=problem,
    routes=(
        Route("GET", "/", file, open=True),
        Route("GET", "/page/{name}", file, open=True),
        Route("GET", "/freehold/words", told(own.words)),
        Route("GET", "/freehold/tasks", told(own.tasks)),
        Route("GET", "/freehold/choose", told(own.choose)),
        Route("GET", "/freehold/catalog", told(own.catalog)),
        Route("GET", "/freehold/catalog/{id}", told(own.model)),
        Route("GET", "/freehold/plan/{id:path}", told(own.plan)),
        Route("GET", "/freehold/machine", told(own.machine)),
        Route("GET", "/freehold/history", told(own.history)),
        Route("GET", "/freehold/ledger", told(own.ledger), role="operator"),
        Route("GET", "/freehold/served", served),
        Route("GET", "/freehold/loaded", loaded),
        Route("DELETE", "/freehold/loaded/{name:path}", let_go, role="operator"),
        Route("GET", "/freehold/keys", keys, role="admin"),
        Route("POST", "/freehold/keys", new_key, role="admin"),
        Route("DELETE", "/freehold/keys/{id}", no_key, role="admin"),
        Route("POST", "/freehold/ask", talk(Native(), failed), form=Native()),
    ),
)
