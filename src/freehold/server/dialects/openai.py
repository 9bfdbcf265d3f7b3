"""The protocol of OpenAI, under `/v1`."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from freehold.server.dialects.base import Dialect, Route
from freehold.server.forms.openai_chat import Chat
from freehold.server.forms.reading import sse
from freehold.server.modelling import model_form, model_list
from freehold.server.problems import Refused
from freehold.server.replying import json_reply
from freehold.server.service import Service
from freehold.server.talking import talk
from freehold.server.visit import Visit

TYPES = {
    "unauthorized": "authentication_error",
    "forbidden": "permission_error",
    "limited": "rate_limit_error",
    "busy": "server_error",
    "broken": "server_error",
}


def problem(error: Refused, visit: Visit) -> dict[str, Any]:
    """An error as OpenAI says it."""
    kind = TYPES.get(error.kind, "invalid_request_error")
    return {
        "error": {"message": error.says, "type": kind, "param": error.param, "code": error.code}
    }


def failed(error: Refused, visit: Visit) -> bytes:
    """An error in the middle of a stream."""
    return sse(problem(error, visit))


async def models(service: Service, request: Request, visit: Visit) -> Response:
    """`GET /v1/models`."""
    found = await model_list(service, visit)
    return json_reply({"object": "list", "data": found}, 200, visit.headers)


async def model(service: Service, request: Request, visit: Visit) -> Response:
    """`GET /v1/models/NAME`."""
    found = await model_form(service, visit, request.path_params["name"])
    return json_reply(found, 200, visit.headers)


DIALECT = Dialect(
    name="openai",
    problem=problem,
    routes=(
        Route("POST", "/v1/chat/completions", talk(Chat(), failed)),
        Route("GET", "/v1/models", models),
        Route("GET", "/v1/models/{name:path}", model),
    ),
)
