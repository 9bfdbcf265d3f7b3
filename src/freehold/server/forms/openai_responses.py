"""OpenAI's responses: items in, items out, at once or as numbered events."""

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct

from freehold.server.asked import Asked, Heard, Served, identity
from freehold.server.forms import openai_parts as parts
from freehold.server.forms.openai_chat import Share, Temperature, place, said_beside
from freehold.server.forms.openai_items import items, turns_of
from freehold.server.forms.openai_response_events import ResponseWriter
from freehold.server.forms.reading import dropped, seed_of, typed
from freehold.server.problems import Refused
from freehold.tasks.text_generation import Message, Request, Result

HARMLESS = parts.HARMLESS | {"text", "reasoning", "store", "background", "truncation"}
INCOMPLETE = {"length": "max_output_tokens", "context": "max_output_tokens"}


class Body(Struct, kw_only=True):
    """What is honored of a body; `seed` and what follows are our own additions."""

    model: str
    input: str | list[dict[str, Any]] | None = None
    instructions: str | None = None
    previous_response_id: str | None = None
    max_output_tokens: Annotated[int, Meta(ge=1, le=2**31)] | None = None
    temperature: Temperature | None = None
    top_p: Share | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    include: list[str] | None = None
    text: dict[str, Any] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    reasoning: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    store: bool | None = None
    background: bool | None = None
    stream: bool | None = None
    truncation: str | None = None
    seed: int | None = None
    truncate: str | None = None


class Response:
    """`POST /v1/responses`."""

    task = "text-generation"
    media_type = "text/event-stream"
    body = Body

    def read(self, body: dict[str, Any], heard: Heard) -> Asked:
        """One request: what was said earlier, the instructions, and the new items."""
        said = typed(body, Body)
        if said.background and said.store is False:
            raise Refused("invalid", "what runs in the background is stored", param="background")
        seed = seed_of(said.seed)
        return Asked(
            model=said.model,
            task=self.task,
            requests=(_request(said, heard),),
            id=identity("resp_", body, seed),
            body=said,
            stream=bool(said.stream),
            created=heard.now,
            dropped=(*dropped(body, Body, HARMLESS), *_unused(said)),
        )

    def whole(self, asked: Asked, results: Sequence[Result], served: Served) -> dict[str, Any]:
        """The response with all its items."""
        (found,) = results
        return {**finished(asked, found), **said_beside(results, served)}

    def writer(self, asked: Asked, served: Served) -> ResponseWriter:
        """The response as events."""
        return ResponseWriter(asked, served, standing, finished)


def standing(asked: Asked, status: str) -> dict[str, Any]:
    """A response that is not there yet: `queued`, `in_progress`, `cancelled`, `failed`."""
    said = asked.body
    return {
        "id": asked.id,
        "object": "response",
        "created_at": asked.created,
        "status": status,
        "background": bool(said.background),
        "error": None,
        "incomplete_details": None,
        "instructions": said.instructions,
        "max_output_tokens": said.max_output_tokens,
        "metadata": said.metadata or {},
        "model": asked.model,
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": said.previous_response_id,
        "reasoning": {"effort": None, "summary": None},
        "store": said.store is not False,
        "temperature": said.temperature,
        "text": said.text or {"format": {"type": "text"}},
        "tool_choice": said.tool_choice or "auto",
        "tools": said.tools or [],
        "top_p": said.top_p,
        "truncation": said.truncation or "disabled",
        "usage": None,
    }


def finished(asked: Asked, found: Result) -> dict[str, Any]:
    """The response with what came of it."""
    why = INCOMPLETE.get(found.finish)
    return {
        **standing(asked, "incomplete" if why else "completed"),
        "incomplete_details": {"reason": why} if why else None,
        "output": items(asked.id, found),
        "usage": {
            "input_tokens": found.spent.prompt,
            "input_tokens_details": {"cached_tokens": found.spent.cached},
            "output_tokens": found.spent.generated,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": found.spent.prompt + found.spent.generated,
        },
    }


def _request(said: Body, heard: Heard) -> Request:
    tools = parts.tools(said.tools)
    first = (Message("system", said.instructions),) if said.instructions else ()
    earlier = heard.earlier(said.previous_response_id) if said.previous_response_id else ()
    turns = (*first, *earlier, *turns_of(said.input, heard))
    if not turns:
        raise Refused("invalid", "there is no input", param="input")
    wanted = "message.output_text.logprobs" in (said.include or ())
    return Request(
        messages=turns,
        max_tokens=said.max_output_tokens,
        temperature=said.temperature,
        top_p=said.top_p,
        seed=seed_of(said.seed),
        schema=parts.schema((said.text or {}).get("format"), "text.format"),
        tools=tools,
        choice=parts.choice(said.tool_choice, tools) if tools else None,
        likely=(said.top_logprobs or 0) if wanted or said.top_logprobs else None,
        truncate="middle" if said.truncation == "auto" else place(said.truncate),
    )


def _unused(said: Body) -> list[str]:
    """Words inside of parameters that are not honored."""
    inside = [("text", said.text, ("format",)), ("reasoning", said.reasoning, ())]
    return [
        f"{name}.{word[:60]}"
        for name, table, known in inside
        for word, value in (table or {}).items()
        if word not in known and value is not None
    ]
