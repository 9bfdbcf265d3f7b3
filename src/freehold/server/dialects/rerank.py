"""Reranking, where clients of Cohere (v1, v2), Jina and llama.cpp look for it."""

from typing import Any

from freehold.server.dialects.base import Dialect, Route
from freehold.server.forms.reading import sse
from freehold.server.forms.reranking import Ranking
from freehold.server.problems import Refused
from freehold.server.talking import talk
from freehold.server.visit import Visit


def problem(error: Refused, visit: Visit) -> dict[str, Any]:
    """An error as Cohere says it (`message`) and as Jina does (`detail`)."""
    return {"message": error.says, "detail": error.says, "id": visit.id}


def failed(error: Refused, visit: Visit) -> bytes:
    """An error in the middle of a stream."""
    return sse(problem(error, visit))


FORM = Ranking()
DIALECT = Dialect(
    name="rerank",
    problem=problem,
    routes=tuple(
        Route("POST", path, talk(FORM, failed), form=FORM)
        for path in ("/v1/rerank", "/v2/rerank", "/rerank", "/v1/reranking", "/reranking")
    ),
)
