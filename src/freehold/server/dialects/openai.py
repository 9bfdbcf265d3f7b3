"""The protocol of OpenAI, under `/v1`."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from freehold.server import filing_routes, responding
from freehold.server.asked import Form
from freehold.server.dialects.base import Dialect, Route
from freehold.server.embedding import embed
from freehold.server.forms.openai_audio import Speech, Transcription
from freehold.server.forms.openai_chat import Chat
from freehold.server.forms.openai_completions import Completion
from freehold.server.forms.openai_embeddings import Embedding
from freehold.server.forms.openai_images import Image
from freehold.server.forms.openai_moderations import Moderation
from freehold.server.forms.reading import sse
from freehold.server.modelling import model_form, model_list
from freehold.server.problems import Refused
from freehold.server.replying import json_reply
from freehold.server.service import Service
from freehold.server.talking import talk
from freehold.server.uploading import upload
from freehold.server.visit import Visit

TYPES = {
    "unauthorized": "authentication_error",
    "forbidden": "permission_error",
    "limited": "rate_limit_error",
    "busy": "server_error",
    "broken": "server_error",
    "bug": "server_error",
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


def response_failed(error: Refused, visit: Visit) -> bytes:
    """An error in the middle of the events of a response."""
    told = {"type": "error", "code": error.code, "message": error.says, "param": error.param}
    return sse({**told, "sequence_number": 0}, "error")


async def models(service: Service, request: Request, visit: Visit) -> Response:
    """`GET /v1/models`."""
    found = await model_list(service, visit)
    return json_reply({"object": "list", "data": found}, 200, visit.headers)


async def model(service: Service, request: Request, visit: Visit) -> Response:
    """`GET /v1/models/NAME`."""
    found = await model_form(service, visit, request.path_params["name"])
    return json_reply(found, 200, visit.headers)


def told(path: str, form: Form) -> Route:
    """A route that answers in a form."""
    return Route("POST", path, talk(form, failed), form=form)


def uploaded(path: str, form: Form) -> Route:
    """A route that takes files, too."""
    return Route("POST", path, upload(form, failed), form=form)


RESPONSE = "/v1/responses/{id}"
DIALECT = Dialect(
    name="openai",
    problem=problem,
    routes=(
        told("/v1/chat/completions", Chat()),
        told("/v1/completions", Completion()),
        Route("POST", "/v1/responses", responding.create(response_failed), form=responding.FORM),
        Route("GET", RESPONSE, responding.retrieve),
        Route("DELETE", RESPONSE, responding.remove),
        Route("POST", f"{RESPONSE}/cancel", responding.cancel),
        Route("GET", f"{RESPONSE}/input_items", responding.input_items),
        Route("POST", "/v1/embeddings", embed(failed), form=Embedding()),
        told("/v1/moderations", Moderation()),
        told("/v1/images/generations", Image()),
        uploaded("/v1/images/edits", Image(edits=True)),
        told("/v1/audio/speech", Speech()),
        uploaded("/v1/audio/transcriptions", Transcription()),
        uploaded("/v1/audio/translations", Transcription(True)),
        *filing_routes.ROUTES,
        Route("GET", "/v1/models", models),
        Route("GET", "/v1/models/{name:path}", model),
    ),
)
