"""Puts requests to write text into the words of Anthropic's protocol, and reads what comes back."""

import json
from collections.abc import Iterator
from typing import Any

from freehold.core.errors import UsageError
from freehold.engines.hosting import openai_text as openai
from freehold.engines.hosting.openai_text import Parts
from freehold.tasks.base import File
from freehold.tasks.text_generation import Message, Piece, Request

HONORED = frozenset(
    {
        *("messages", "max_tokens", "temperature", "top_p", "top_k", "stop", "schema"),
        *("tools", "choice", "thinking"),
    }
)
LENGTH = 4096
"""Tokens of an answer when nobody says how many; this protocol wants a number."""
LEAST_THOUGHT = 1024
FINISHES = {
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "model_context_window_exceeded": "length",
}


def asked(request: Request, model: str) -> dict[str, Any]:
    """The body of one request."""
    length = request.max_tokens or LENGTH
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": length,
        "stream": True,
        "messages": list(_turns(request.messages)),
        "system": "\n\n".join(t.content for t in request.messages if t.role == "system") or None,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "top_k": request.top_k,
        "stop_sequences": list(request.stop) or None,
    }
    if request.schema is not None:
        form = {"type": "json_schema", "schema": request.schema}
        body["output_config"] = {"format": form}
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
        body["tool_choice"] = _choice(request)
    if request.thinking:
        if length <= LEAST_THOUGHT:
            raise UsageError(f"thinking needs over {LEAST_THOUGHT:,} tokens in all (max-tokens)")
        body["thinking"] = {"type": "enabled", "budget_tokens": max(LEAST_THOUGHT, length // 2)}
    return {name: value for name, value in body.items() if value is not None}


def _tool(tool: Any) -> dict[str, Any]:
    form = tool.parameters or {"type": "object", "properties": {}}
    return {"name": tool.name, "description": tool.description, "input_schema": form}


def _choice(request: Request) -> dict[str, Any]:
    said = openai.choice(request)
    if isinstance(said, dict):
        return {"type": "tool", "name": said["function"]["name"]}
    return {"type": {"required": "any"}.get(said, said)}


def _turns(messages: tuple[Message, ...]) -> Iterator[dict[str, Any]]:
    """The turns but those of the system; what tools said belongs to the user here."""
    for turn in messages:
        if turn.role == "tool":
            told = {"type": "tool_result", "tool_use_id": turn.call_id, "content": turn.content}
            yield {"role": "user", "content": [told]}
        elif turn.role != "system":
            yield {"role": turn.role, "content": list(_blocks(turn))}


def _blocks(turn: Message) -> Iterator[dict[str, Any]]:
    yield from (_image(file) for file in turn.files)
    if turn.content:
        yield {"type": "text", "text": turn.content}
    for call in turn.calls:
        given = json.loads(call.arguments or "{}")
        yield {"type": "tool_use", "id": call.id, "name": call.name, "input": given}


def _image(file: File) -> dict[str, Any]:
    if file.kind != "image":
        raise UsageError(f"{file.path}: only images can be sent along with a message")
    url = openai.medium(file)["image_url"]["url"]
    kind, _, data = url.removeprefix("data:").partition(";base64,")
    return {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}}


class Stream:
    """Turns the events of this protocol into those of a chat, for `Parts`."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.ended = False
        self._calls: dict[int, int] = {}
        self._read: dict[str, Any] = {}

    def take(self, event: dict[str, Any]) -> Iterator[Piece]:
        """The pieces in one event."""
        kind = event.get("type")
        if kind == "message_start":
            self._read = event["message"].get("usage") or {}
        elif kind == "content_block_start" and event["content_block"]["type"] == "tool_use":
            yield from self._call(event["index"], event["content_block"])
        elif kind == "content_block_delta":
            yield from self._delta(event["index"], event["delta"])
        elif kind == "message_delta":
            self._end(event)
        self.ended = self.ended or kind == "message_stop"

    def _call(self, index: int, block: dict[str, Any]) -> Iterator[Piece]:
        place = self._calls.setdefault(index, len(self._calls))
        call = {"index": place, "id": block["id"], "function": {"name": block["name"]}}
        yield from self.parts.take({"choices": [{"delta": {"tool_calls": [call]}}]})

    def _delta(self, index: int, told: dict[str, Any]) -> Iterator[Piece]:
        delta: dict[str, Any] = {}
        if told["type"] == "text_delta":
            delta = {"content": told["text"]}
        elif told["type"] == "thinking_delta":
            delta = {"reasoning_content": told["thinking"]}
        elif told["type"] == "input_json_delta" and index in self._calls:
            letters = {"arguments": told["partial_json"]}
            delta = {"tool_calls": [{"index": self._calls[index], "function": letters}]}
        yield from self.parts.take({"choices": [{"delta": delta}]})

    def _end(self, event: dict[str, Any]) -> None:
        """Why it ended, and what it took: what was read from a cache is counted apart there."""
        reason = str(event["delta"].get("stop_reason") or "")
        self.parts.finish = FINISHES.get(reason, reason or None)
        usage = {**self._read, **(event.get("usage") or {})}
        cached = int(usage.get("cache_read_input_tokens") or 0)
        fresh = int(usage.get("input_tokens") or 0)
        written = int(usage.get("cache_creation_input_tokens") or 0)
        self.parts.usage = {
            "prompt_tokens": fresh + cached + written,
            "completion_tokens": int(usage.get("output_tokens") or 0),
            "prompt_tokens_details": {"cached_tokens": cached},
        }
