"""The paths without a prefix that clients of llama.cpp's server use."""

from starlette.requests import Request
from starlette.responses import Response

from freehold.server.dialects.base import Dialect, Route
from freehold.server.dialects.openai import failed, models, problem
from freehold.server.embedding import embed
from freehold.server.forms.llamacpp_text import Native
from freehold.server.forms.openai_chat import Chat
from freehold.server.forms.openai_completions import Completion
from freehold.server.forms.reading import typed
from freehold.server.modelling import facts_of
from freehold.server.replying import json_reply
from freehold.server.service import Service
from freehold.server.spelling import Ids, Text, spelled, split
from freehold.server.talking import table_from, talk
from freehold.server.visit import Visit


async def tokenize(service: Service, request: Request, visit: Visit) -> Response:
    """`POST /tokenize`."""
    said = typed(await table_from(service, request), Text)
    found = await split(service, visit, said.model, said.content, said.add_special)
    return json_reply({"tokens": found}, 200, visit.headers)


async def detokenize(service: Service, request: Request, visit: Visit) -> Response:
    """`POST /detokenize`."""
    said = typed(await table_from(service, request), Ids)
    (found,) = await spelled(service, visit, said.model, [said.tokens])
    return json_reply({"content": found}, 200, visit.headers)


async def props(service: Service, request: Request, visit: Visit) -> Response:
    """`GET /props`: the model that answers where none is named."""
    model = service.allowed(visit, request.query_params.get("model", ""))
    known = await facts_of(service, model)
    context = model.context or known.trained
    told = {
        "default_generation_settings": {"n_ctx": context},
        "total_slots": model.parallel,
        "model_alias": model.called,
        "build_info": "freehold",
    }
    return json_reply(told, 200, visit.headers)


NATIVE, FILLING = Native(), Native(fills=True)
DIALECT = Dialect(
    name="llamacpp",
    problem=problem,
    routes=(
        Route("POST", "/completion", talk(NATIVE, failed), form=NATIVE),
        Route("POST", "/infill", talk(FILLING, failed), form=FILLING),
        Route("POST", "/tokenize", tokenize),
        Route("POST", "/detokenize", detokenize),
        Route("GET", "/props", props),
        Route("GET", "/models", models),
        Route("POST", "/chat/completions", talk(Chat(), failed)),
        Route("POST", "/completions", talk(Completion(), failed)),
        Route("POST", "/embeddings", embed(failed)),
    ),
)
