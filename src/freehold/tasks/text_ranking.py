"""Reranking: a question and documents go in, how well each answers it comes out."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from freehold.core.errors import UsageError
from freehold.tasks.base import File, Flag, Task, Work, sorted_out


class Request(Struct, frozen=True, kw_only=True):
    """A question and the documents to sort; `top` keeps the best so many."""

    query: str
    documents: tuple[str | File, ...]
    top: int | None = None
    truncate: bool = False


class Ranked(Struct, frozen=True):
    """One document by its place in the request; a larger score answers better."""

    index: int
    score: float


class Result(Struct, frozen=True, kw_only=True):
    """The documents, best first. `scale` is `probability` (0 to 1) or `logit`."""

    ranked: tuple[Ranked, ...]
    scale: str
    tokens: int = 0
    work: Work
    notes: tuple[str, ...] = ()


def requested(inputs: tuple[str | File, ...], flags: Mapping[str, Any]) -> Request:
    """The first input is the question, the others are the documents."""
    if len(inputs) < 2 or not isinstance(inputs[0], str):
        raise UsageError("it takes a question and at least one document")
    return Request(
        query=inputs[0], documents=tuple(sorted_out(inputs[1:], "text", "image")), **flags
    )


TASK = Task(
    id="text-ranking",
    says="Sort documents by how well they answer a question.",
    takes=("text", "image"),
    gives=("table",),
    route="/v1/rerank",
    request=Request,
    result=Result,
    requested=requested,
    filled=("query", "documents"),
    words=lambda result: "\n".join(f"{r.score:8.4f}  {r.index + 1}" for r in result.ranked),
    flags=(Flag(name="top", sort="whole", least=1, help="Show the best so many."),),
)
