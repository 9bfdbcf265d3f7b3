"""Embeddings: texts, or ids of tokens, which are read as those of the model itself."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from freehold.server.asked import Asked, Served
from freehold.server.dialects.base import Work
from freehold.server.forms.openai_embeddings import Embedding
from freehold.server.keeping import Keeper
from freehold.server.problems import Refused
from freehold.server.service import Service
from freehold.server.talking import Failed, Talk, answered, table_from
from freehold.server.visit import Visit

MOST_IDS = 2**20
READ_AS = "the token ids were read as those of this model's own tokenizer"


class Spelled(Embedding):
    """The same answer, which says that the texts came as token ids."""

    def whole(self, asked: Asked, results: Any, served: Served) -> dict[str, Any]:
        """All vectors, and how the ids were read."""
        told = super().whole(asked, results, served)
        beside = told.setdefault("freehold", {})
        beside["notes"] = [*beside.get("notes", ()), READ_AS]
        return told


def embed(failed: Failed) -> Work:
    """`POST /v1/embeddings`."""

    async def work(service: Service, request: Request, visit: Visit) -> Response:
        body = await table_from(service, request)
        ids = token_ids(body.get("input"))
        form = Embedding()
        if ids:
            form, body = Spelled(), await _spelled(service, visit, body, ids)
        keeper = Keeper(service.folder)
        asked = form.read(body, service.heard(visit, keeper))
        return await answered(service, request, visit, Talk(form, failed), asked, keeper)

    return work


async def _spelled(
    service: Service, visit: Visit, body: dict[str, Any], ids: list[list[int]]
) -> dict[str, Any]:
    """The body with texts in the place of ids."""
    first = Embedding().read({**body, "input": "x"}, service.heard(visit, Keeper(service.folder)))
    entry = service.admit(visit, first)
    return {**body, "input": await service.spell(visit, entry, ids)}


def token_ids(said: Any) -> list[list[int]]:
    """The lists of token ids in an input; empty where there are none."""
    if not isinstance(said, list) or not said:
        return []
    lists = [said] if all(type(x) is int for x in said) else said
    if not all(isinstance(some, list) and some for some in lists):
        return []
    if sum(map(len, lists)) > MOST_IDS:
        raise Refused("too_large", f"at most {MOST_IDS:,} token ids at once", param="input")
    if not all(type(x) is int and 0 <= x < 2**31 for some in lists for x in some):
        raise Refused("invalid", "token ids are whole numbers from 0 on", param="input")
    return lists
