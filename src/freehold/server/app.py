"""Puts the server together: dialects, health, and what holds for every answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from freehold.server.describing import described
from freehold.server.dialects.base import DIALECTS, Dialect, Work, endpoint, said
from freehold.server.dialects.base import Route as Own
from freehold.server.forms.batches import batch_forms
from freehold.server.problems import Refused
from freehold.server.replying import json_reply
from freehold.server.service import Service
from freehold.server.visit import Visit

SAFE_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)


def application(service: Service) -> ASGIApp:
    """The whole server as an ASGI application."""
    dialects: list[Dialect] = DIALECTS.all()
    service.batches.forms.update(batch_forms())
    found = [
        Route(route.path, endpoint(service, dialect, route), methods=[route.method])
        for dialect in dialects
        for route in dialect.routes
    ]
    routes: list[BaseRoute] = [*found]
    by_name = {dialect.name: dialect for dialect in dialects}
    figures = Own("GET", "/metrics", _metrics, role="operator")
    told = Own("GET", "/openapi.json", _description(dialects))
    routes += [
        Route("/openapi.json", endpoint(service, by_name["openai"], told)),
        Route("/health", _health),
        Route("/ready", _readiness(service)),
        Route("/metrics", endpoint(service, by_name["openai"], figures)),
    ]

    @asynccontextmanager
    async def living(app: Starlette) -> AsyncIterator[None]:
        await service.open()
        try:
            yield
        finally:
            await service.close()

    handlers: Any = {404: _nowhere(dialects), 405: _nowhere(dialects)}
    return safe(Starlette(routes=routes, exception_handlers=handlers, lifespan=living), found)


def safe(app: ASGIApp, routes: list[Route]) -> ASGIApp:
    """The same application, whose every answer protects browsers that see it.

    Paths without variables are found at once instead of one after the other.
    """
    at_once = {(m, route.path): route.endpoint for route in routes for m in route.methods or ()}

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = {name for name, _ in message["headers"]}
                more = [pair for pair in SAFE_HEADERS if pair[0] not in there]
                message["headers"] = [*message["headers"], *more]
            await send(message)

        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        direct = at_once.get((scope["method"], scope["path"]))
        there = app if direct is None else await direct(Request(scope, receive, guarded))
        await there(scope, receive, guarded)

    return answer


async def _health(request: Request) -> Response:
    """Whether the server runs."""
    return json_reply({"status": "ok"})


async def _metrics(service: Service, request: Request, visit: Visit) -> Response:
    """`GET /metrics`, for Prometheus."""
    return Response(service.metrics.text(), media_type="text/plain; version=0.0.4")


def _description(dialects: list[Dialect]) -> Work:
    """`GET /openapi.json`."""

    async def answer(service: Service, request: Request, visit: Visit) -> Response:
        return json_reply(described(dialects), 200, visit.headers)

    return answer


def _readiness(service: Service) -> Any:
    """Whether requests should be sent here: not while it shuts down or loads what it must have."""

    async def ready(request: Request) -> Response:
        waiting = sorted(service.pool.missing)
        fine = not service.pool.draining and not waiting
        form = {"status": "ok" if fine else "not ready", "loading": waiting}
        return json_reply(form, 200 if fine else 503)

    return ready


def _nowhere(dialects: list[Dialect]) -> Any:
    """What is said where there is no such path, in the dialect that the path looks like."""
    by_name = {dialect.name: dialect for dialect in dialects}

    async def answer(request: Request, error: Any) -> Response:
        path = request.url.path
        name = "ollama" if path.startswith("/api/") else "openai"
        name = "anthropic" if path.startswith("/v1/messages") else name
        says = f"there is no {request.method} {path[:100]} here"
        refused = Refused("missing", says, code="unknown_url")
        return said(by_name.get(name, by_name["openai"]), Visit(request), refused)

    return answer
