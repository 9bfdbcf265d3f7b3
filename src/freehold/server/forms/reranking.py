"""Reranking as Cohere (v1 and v2) and Jina say it."""

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct

from freehold.server.asked import Asked, Heard, Served, Writer, identity
from freehold.server.forms.openai_chat import said_beside_all
from freehold.server.forms.openai_parts import HARMLESS
from freehold.server.forms.reading import dropped, typed
from freehold.server.problems import Refused
from freehold.tasks.text_ranking import Request, Result

MOST_DOCUMENTS = 10_000


class Body(Struct, kw_only=True):
    """What is honored of a body."""

    model: str
    query: str
    documents: list[Any]
    top_n: Annotated[int, Meta(ge=1, le=MOST_DOCUMENTS)] | None = None
    return_documents: bool | None = None
    rank_fields: list[str] | None = None
    truncate: bool | None = None


class Ranking:
    """`POST /v1/rerank`, `/v2/rerank` and `/rerank`."""

    task = "text-ranking"
    media_type = "application/json"
    body = Body

    def read(self, body: dict[str, Any], heard: Heard) -> Asked:
        """A question and documents, which are texts or tables with a text."""
        said = typed(body, Body)
        if not said.documents:
            raise Refused("invalid", "there are no documents", param="documents")
        if len(said.documents) > MOST_DOCUMENTS:
            raise Refused("invalid", f"at most {MOST_DOCUMENTS:,} documents", param="documents")
        texts = [_text(item, said.rank_fields) for item in said.documents]
        return Asked(
            model=said.model,
            task=self.task,
            requests=(
                Request(
                    query=said.query,
                    documents=tuple(texts),
                    top=said.top_n,
                    truncate=bool(said.truncate),
                ),
            ),
            id=identity("rank-", body, None),
            body=said,
            created=heard.now,
            dropped=tuple(dropped(body, Body, HARMLESS)),
        )

    def whole(self, asked: Asked, results: Sequence[Result], served: Served) -> dict[str, Any]:
        """The documents, best first; usage in the words of both."""
        (found,) = results
        with_texts = asked.body.return_documents
        return {
            "id": asked.id,
            "object": "list",
            "model": asked.model,
            "results": [
                {
                    "index": one.index,
                    "relevance_score": one.score,
                    **({"document": _told(asked.body.documents[one.index])} if with_texts else {}),
                }
                for one in found.ranked
            ],
            "usage": {"prompt_tokens": found.tokens, "total_tokens": found.tokens},
            "meta": {
                "api_version": {"version": "2"},
                "billed_units": {"search_units": 1},
                "tokens": {"input_tokens": found.tokens},
            },
            **said_beside_all(found.notes, (), served),
        }

    def writer(self, asked: Asked, served: Served) -> Writer:
        """Rankings are not streamed."""
        raise Refused("invalid", "rankings are not streamed", param="stream")


def _text(item: Any, fields: list[str] | None) -> str:
    if isinstance(item, str):
        return item
    if isinstance(item, dict):
        if fields:
            return "\n".join(f"{name}: {item[name]}" for name in fields if name in item)
        if isinstance(item.get("text"), str):
            return str(item["text"])
    raise Refused("invalid", "a document is a text or has a `text`", param="documents")


def _told(item: Any) -> dict[str, Any]:
    return item if isinstance(item, dict) else {"text": item}
