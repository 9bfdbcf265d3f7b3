"""What a dialect is: its routes, and how it says that something went wrong.

How to add one: write `dialects/<name>.py` with a `DIALECT`. Reading and writing its JSON belongs
into `forms/`, as pure functions; here stands only which path leads to which form.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from freehold.core.errors import FreeholdError
from freehold.core.registry import Registry
from freehold.engines.hosting.wire import Broken, Refusal
from freehold.server.asked import Form
from freehold.server.problems import Refused, understood
from freehold.server.replying import Gone, json_reply
from freehold.server.service import Service
from freehold.server.visit import Visit

DIALECTS = Registry("dialect", "freehold.server.dialects", "DIALECT")
log = logging.getLogger("freehold.requests")

Work = Callable[[Service, Request, Visit], Awaitable[Response]]


class Route(Struct, frozen=True):
    """One path and what answers there; `open` needs no key, `role` is the least that may.

    `form` is how a route that takes a body reads it, for the description of the server.
    """

    method: str
    path: str
    work: Work
    open: bool = False
    role: str = "user"
    form: Form | None = None


class Dialect(Struct, frozen=True, kw_only=True):
    """A protocol: `problem` is the body that says what is wrong."""

    name: str
    routes: tuple[Route, ...]
    problem: Callable[[Refused, Visit], Any]


def endpoint(service: Service, dialect: Dialect, route: Route) -> Any:
    """A route as a function of a request; whatever goes wrong becomes an answer."""

    async def answer(request: Request) -> Response:
        visit = Visit(request)
        visit.route = f"{route.method} {route.path}"
        try:
            if not route.open:
                service.doorman.enter(visit, request, route.role)
            return await route.work(service, request, visit)
        except Gone:
            return Response(status_code=499)
        except (Refused, FreeholdError, Refusal, Broken) as error:
            return said(dialect, visit, error)
        except Exception:
            log.exception("%s: %s", visit.id, visit.path)
            wrong = Refused("bug", f"something went wrong here; it is noted as {visit.id}")
            return said(dialect, visit, wrong)

    return answer


def said(dialect: Dialect, visit: Visit, error: Exception) -> Response:
    """An error in the form of the dialect."""
    found = understood(error)
    body = dialect.problem(found, visit)
    return json_reply(body, found.status, {**visit.headers, **found.headers})
