"""Anthropic's messages: at once, and as events of blocks."""

import json
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct

from freehold.server.asked import Asked, Heard, Served, identity
from freehold.server.forms import anthropic_parts as parts
from freehold.server.forms.openai_chat import said_beside
from freehold.server.forms.openai_parts import call_id
from freehold.server.forms.reading import dropped, seed_of, sse, typed
from freehold.tasks.base import Spent
from freehold.tasks.text_generation import Piece, Request, Result

REASONS = {"stop": "end_turn", "length": "max_tokens", "context": "max_tokens", "tools": "tool_use"}
HARMLESS = frozenset({"metadata", "service_tier", "cache_control", "betas", "container"})


class Body(Struct, kw_only=True):
    """What is honored of a body; `seed` is our own addition."""

    model: str
    messages: list[dict[str, Any]]
    max_tokens: Annotated[int, Meta(ge=1, le=2**31)] | None = None
    system: str | list[Any] | None = None
    stream: bool | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_k: Annotated[int, Meta(ge=0, le=2**31)] | None = None
    stop_sequences: list[str] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: dict[str, Any] | None = None
    thinking: dict[str, Any] | None = None
    output_config: dict[str, Any] | None = None
    output_format: dict[str, Any] | None = None
    seed: int | None = None


class Messages:
    """`POST /v1/messages`."""

    task = "text-generation"
    media_type = "text/event-stream"
    body = Body

    def read(self, body: dict[str, Any], heard: Heard) -> Asked:
        """One request."""
        said = typed(body, Body)
        seed = seed_of(said.seed)
        return Asked(
            model=said.model,
            task=self.task,
            requests=(request(said, heard),),
            id=identity("msg_", body, seed),
            body=said,
            stream=bool(said.stream),
            created=heard.now,
            dropped=(*dropped(body, Body, HARMLESS), *_unused(said)),
        )

    def whole(self, asked: Asked, results: Sequence[Result], served: Served) -> dict[str, Any]:
        """The message at once."""
        (found,) = results
        return {
            **_head(asked),
            "content": _blocks(asked, found),
            "stop_reason": REASONS[found.finish],
            "stop_sequence": None,
            "usage": usage(found.spent),
            **said_beside(results, served),
        }

    def writer(self, asked: Asked, served: Served) -> "MessageWriter":
        """The message as events."""
        return MessageWriter(asked, served)


class MessageWriter:
    """The events of a message: blocks open, grow and close one after the other."""

    def __init__(self, asked: Asked, served: Served) -> None:
        self._asked, self._served = asked, served
        self._number = -1
        self._open: str | None = None
        self._result: Result | None = None

    def open(self) -> Iterator[bytes]:
        """The message, still empty."""
        message = {
            **_head(self._asked),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage(Spent(0, 0)),
        }
        yield _event("message_start", message=message)

    def part(self, index: int, part: Any) -> Iterator[bytes]:
        """One piece; it opens a block where its kind is another than that of the last."""
        if isinstance(part, Result):
            self._result = part
        if not isinstance(part, Piece):
            return
        if part.call:
            yield from self._call(part.call)
        elif part.text:
            kind = "thinking" if part.thinking else "text"
            if self._open != kind:
                yield from self._begin(
                    kind, {kind: "", **({"signature": ""} if kind != "text" else {})}
                )
            yield self._grow(f"{kind}_delta", **{kind: part.text})

    def close(self) -> Iterator[bytes]:
        """The end of the last block and of the message."""
        yield from self._end()
        assert self._result is not None
        delta = {"stop_reason": REASONS[self._result.finish], "stop_sequence": None}
        beside = said_beside((self._result,), self._served)
        yield _event("message_delta", delta=delta, usage=usage(self._result.spent), **beside)
        yield _event("message_stop")

    def _call(self, call: Any) -> Iterator[bytes]:
        kind = f"tool_use {call.index}"
        if self._open != kind:
            told: dict[str, Any] = {
                "id": _call_id(self._asked, call.index),
                "name": call.name or "",
                "input": {},
            }
            yield from self._begin(kind, told)
        if call.arguments:
            yield self._grow("input_json_delta", partial_json=call.arguments)

    def _begin(self, kind: str, told: dict[str, Any]) -> Iterator[bytes]:
        yield from self._end()
        self._number += 1
        self._open = kind
        block = {"type": kind.partition(" ")[0], **told}
        yield _event("content_block_start", index=self._number, content_block=block)

    def _end(self) -> Iterator[bytes]:
        if self._open is not None:
            yield _event("content_block_stop", index=self._number)
            self._open = None

    def _grow(self, kind: str, **told: str) -> bytes:
        return _event("content_block_delta", index=self._number, delta={"type": kind, **told})


def request(said: Body, heard: Heard) -> Request:
    """The request in our words."""
    tools = parts.tools(said.tools)
    thinking = (said.thinking or {}).get("type")
    return Request(
        messages=parts.turns(said.messages, said.system, heard),
        max_tokens=said.max_tokens,
        temperature=said.temperature,
        top_p=said.top_p,
        top_k=said.top_k,
        seed=seed_of(said.seed),
        stop=tuple(said.stop_sequences or ()),
        schema=_schema(said),
        tools=tools,
        choice=parts.choice(said.tool_choice, tools),
        thinking={"enabled": True, "adaptive": True, "disabled": False}.get(str(thinking)),
    )


def usage(spent: Spent) -> dict[str, int]:
    """The tokens in the words of Anthropic: what was cached is not counted as input."""
    return {
        "input_tokens": spent.prompt - spent.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": spent.cached,
        "output_tokens": spent.generated,
    }


def _schema(said: Body) -> dict[str, Any] | None:
    """The JSON schema of the answer, where one is asked for."""
    told = said.output_format or (said.output_config or {}).get("format")
    found = told.get("schema") if isinstance(told, dict) else None
    return found if isinstance(found, dict) else None


def _unused(said: Body) -> Iterator[str]:
    """Words inside of parameters that are not honored."""
    if "budget_tokens" in (said.thinking or {}):
        yield "thinking.budget_tokens"
    for name in said.output_config or {}:
        if name != "format":
            yield f"output_config.{name[:60]}"


def _head(asked: Asked) -> dict[str, Any]:
    return {"id": asked.id, "type": "message", "role": "assistant", "model": asked.model}


def _blocks(asked: Asked, found: Result) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if found.thinking:
        blocks.append({"type": "thinking", "thinking": found.thinking, "signature": ""})
    if found.text:
        blocks.append({"type": "text", "text": found.text})
    for number, call in enumerate(found.calls):
        told: dict[str, Any] = {
            "id": _call_id(asked, number),
            "name": call.name,
            "input": _input(call.arguments),
        }
        blocks.append({"type": "tool_use", **told})
    return blocks


def _input(arguments: str) -> Any:
    """The arguments as an object; as text where the model did not write JSON."""
    try:
        return json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        return {"text": arguments}


def _call_id(asked: Asked, number: int) -> str:
    return "toolu_" + call_id(asked.id, 0, number).removeprefix("call_")


def _event(name: str, **told: Any) -> bytes:
    return sse({"type": name, **told}, name)
