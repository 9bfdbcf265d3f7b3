"""Ollama's embeddings: several texts at once, and the older form with one."""

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct

from freehold.server.asked import Asked, Heard, Served, Writer, identity
from freehold.server.forms.ollama_text import seconds
from freehold.server.forms.openai_chat import said_beside_all
from freehold.server.forms.openai_embeddings import items
from freehold.server.forms.reading import dropped, typed
from freehold.server.problems import Refused
from freehold.tasks.feature_extraction import Request, Result, floats


class Body(Struct, kw_only=True):
    """What is honored of a body; a text that is too long is cut unless `truncate` is false."""

    model: str
    input: str | list[Any] | None = None
    prompt: str | None = None
    truncate: bool | None = None
    dimensions: Annotated[int, Meta(ge=1, le=2**20)] | None = None
    keep_alive: str | float | None = None


class Vectors:
    """`POST /api/embed`."""

    task = "feature-extraction"
    media_type = "application/json"
    body = Body

    def read(self, body: dict[str, Any], heard: Heard) -> Asked:
        """One request for all texts."""
        said = typed(body, Body)
        request = Request(
            items=items(self._texts(said)),
            dimensions=said.dimensions,
            truncate=said.truncate is not False,
        )
        return Asked(
            model=said.model,
            task=self.task,
            requests=(request,),
            id=identity("embd-", {}, None),
            body=said,
            created=heard.now,
            dropped=tuple(dropped(body, Body, frozenset())),
            keep_alive=seconds(said.keep_alive),
        )

    def whole(self, asked: Asked, results: Sequence[Result], served: Served) -> dict[str, Any]:
        """All vectors in their order."""
        (found,) = results
        return {
            "model": asked.model,
            "embeddings": [floats(vector) for vector in found.dense],
            "total_duration": round(found.work.seconds * 1e9),
            "load_duration": 0,
            "prompt_eval_count": found.tokens,
            **said_beside_all(found.notes, found.cut, served),
        }

    def writer(self, asked: Asked, served: Served) -> Writer:
        """Vectors are not streamed."""
        raise Refused("invalid", "embeddings are not streamed", param="stream")

    def _texts(self, said: Body) -> str | list[Any]:
        return said.input if said.input is not None else []


class OneVector(Vectors):
    """`POST /api/embeddings`, the older form."""

    def whole(self, asked: Asked, results: Sequence[Result], served: Served) -> dict[str, Any]:
        """The vector of the one text."""
        told = super().whole(asked, results, served)
        beside = {"freehold": told["freehold"]} if "freehold" in told else {}
        return {"embedding": told["embeddings"][0], **beside}

    def _texts(self, said: Body) -> str | list[Any]:
        return said.prompt if said.prompt is not None else []
