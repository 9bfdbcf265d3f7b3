"""The protocol of Anthropic: messages and their length."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from freehold.server.dialects.base import Dialect, Route
from freehold.server.forms.anthropic_messages import Messages
from freehold.server.forms.reading import sse
from freehold.server.keeping import Keeper
from freehold.server.problems import Refused
from freehold.server.replying import json_reply
from freehold.server.service import Service
from freehold.server.talking import table_from, talk
from freehold.server.visit import Visit

TYPES = {
    "unauthorized": "authentication_error",
    "forbidden": "permission_error",
    "missing": "not_found_error",
    "too_large": "request_too_large",
    "limited": "rate_limit_error",
    "busy": "overloaded_error",
    "broken": "api_error",
    "bug": "api_error",
}


def problem(error: Refused, visit: Visit) -> dict[str, Any]:
    """An error as Anthropic says it."""
    kind = TYPES.get(error.kind, "invalid_request_error")
    where = f"{error.param}: " if error.param else ""
    told = {"type": kind, "message": where + error.says}
    return {"type": "error", "error": told, "request_id": visit.id}


def failed(error: Refused, visit: Visit) -> bytes:
    """An error in the middle of a stream."""
    return sse(problem(error, visit), "error")


async def count(service: Service, request: Request, visit: Visit) -> Response:
    """`POST /v1/messages/count_tokens`."""
    body = await table_from(service, request)
    keeper = Keeper(service.folder)
    try:
        asked = Messages().read({**body, "stream": None}, service.heard(visit, keeper))
        entry = service.admit(visit, asked)
        tokens = await service.count(visit, asked, entry)
    finally:
        keeper.clear()
    return json_reply({"input_tokens": tokens}, 200, visit.headers)


FORM = Messages()
DIALECT = Dialect(
    name="anthropic",
    problem=problem,
    routes=(
        Route("POST", "/v1/messages", talk(FORM, failed), form=FORM),
        Route("POST", "/v1/messages/count_tokens", count, form=FORM),
    ),
)
