"""OpenAI's embeddings: texts in, vectors out as numbers or as Base64 of 32-bit floats."""

import base64
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from freehold.server.asked import Asked, Heard, Served, Writer, identity
from freehold.server.forms.openai_chat import said_beside_all
from freehold.server.forms.openai_parts import HARMLESS
from freehold.server.forms.reading import dropped, typed
from freehold.server.problems import Refused
from freehold.tasks.feature_extraction import Request, Result, floats

MOST_ITEMS = 2048


class Body(Struct, kw_only=True):
    """What is honored of a body; the last fields are those of Cohere, Jina and vLLM."""

    model: str
    input: str | list[Any]
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Meta(ge=1, le=2**20)] | None = None
    truncate: bool | None = None
    input_type: str | None = None
    task: str | None = None
    normalize: bool | None = None


class Embedding:
    """`POST /v1/embeddings`."""

    task = "feature-extraction"
    media_type = "application/json"
    body = Body

    def read(self, body: dict[str, Any], heard: Heard) -> Asked:
        """One request for all texts."""
        said = typed(body, Body)
        request = Request(
            items=items(said.input),
            role=role(said.input_type or said.task),
            dimensions=said.dimensions,
            normalize=said.normalize is not False,
            truncate=bool(said.truncate),
        )
        return Asked(
            model=said.model,
            task=self.task,
            requests=(request,),
            id=identity("embd-", body, None),
            body=said,
            created=heard.now,
            dropped=tuple(dropped(body, Body, HARMLESS)),
        )

    def whole(self, asked: Asked, results: Sequence[Result], served: Served) -> dict[str, Any]:
        """All vectors in their order."""
        (found,) = results
        packed = asked.body.encoding_format == "base64"
        return {
            "object": "list",
            "data": [
                {"object": "embedding", "index": n, "embedding": told(vector, packed)}
                for n, vector in enumerate(found.dense)
            ],
            "model": asked.model,
            "usage": {"prompt_tokens": found.tokens, "total_tokens": found.tokens},
            **said_beside_all(found.notes, found.cut, served),
        }

    def writer(self, asked: Asked, served: Served) -> Writer:
        """Vectors are not streamed."""
        raise Refused("invalid", "embeddings are not streamed", param="stream")


def items(said: str | list[Any], param: str = "input") -> tuple[str, ...]:
    """The texts; token ids are those of another model's tokenizer, so they mean nothing here."""
    found = [said] if isinstance(said, str) else said
    if not found:
        raise Refused("invalid", "there is nothing to embed", param=param)
    if len(found) > MOST_ITEMS:
        raise Refused("invalid", f"at most {MOST_ITEMS} texts at once", param=param)
    if not all(isinstance(item, str) for item in found):
        raise Refused("invalid", "each item is a text", param=param)
    return tuple(found)


def role(said: str | None) -> Any:
    """Whether the texts are questions or documents, as several APIs say it."""
    if said is None:
        return None
    word = said.lower()
    if "query" in word or "question" in word:
        return "query"
    if "document" in word or "passage" in word:
        return "document"
    return None


def told(vector: bytes, packed: bool) -> Any:
    """One vector."""
    return base64.b64encode(vector).decode() if packed else floats(vector)
