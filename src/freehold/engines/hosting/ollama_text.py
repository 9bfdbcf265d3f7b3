"""Puts requests into the words of Ollama's own protocol, and reads what comes back.

Its OpenAI protocol drops wishes and cuts prompts without a word; its own one can be told not to.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any

from freehold.core.errors import UsageError
from freehold.engines.hosting import openai_text as openai
from freehold.engines.hosting.openai_text import Parts
from freehold.tasks.text_generation import Message, Piece, Request

HONORED = frozenset(
    {
        *("messages", "text", "suffix", "max_tokens", "temperature", "top_p", "top_k", "min_p"),
        *("frequency_penalty", "presence_penalty", "seed", "stop", "schema", "tools", "likely"),
        *("thinking", "choice"),
    }
)
OPTIONS = {
    "num_predict": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
}
WHOLE = {"truncate": False, "shift": False}
"""Nothing is cut from a prompt that is too long, neither before nor while it answers."""


def asked(request: Request, model: str, seed: int, context: int) -> tuple[str, dict[str, Any]]:
    """The path and the body of one request."""
    if request.choice not in (None, "auto"):
        raise UsageError("ollama lets the model choose between tools; it cannot be told which")
    options = {name: getattr(request, field) for name, field in OPTIONS.items()}
    options |= {"seed": seed, "num_ctx": context, "stop": list(request.stop) or None}
    body: dict[str, Any] = {
        "model": model,
        "stream": True,
        "options": {name: value for name, value in options.items() if value is not None},
        **WHOLE,
    }
    if request.likely is not None:
        body |= {"logprobs": True, "top_logprobs": request.likely}
    if request.thinking is not None:
        body["think"] = request.thinking
    if request.text is not None:
        gap = {"suffix": request.suffix} if request.suffix is not None else {"raw": True}
        return "/api/generate", {**body, "prompt": request.text, **gap}
    if request.schema is not None:
        body["format"] = request.schema
    if request.tools:
        body["tools"] = openai.chat(request)["tools"]
    return "/api/chat", {**body, "messages": list(_turns(request.messages))}


def _turns(messages: tuple[Message, ...]) -> Iterator[dict[str, Any]]:
    names: dict[str, str] = {}
    for turn in messages:
        told: dict[str, Any] = {"role": turn.role, "content": turn.content}
        if turn.files:
            told["images"] = [_image(file) for file in turn.files]
        if turn.calls:
            names |= {call.id: call.name for call in turn.calls}
            told["tool_calls"] = [
                {"function": {"name": call.name, "arguments": json.loads(call.arguments or "{}")}}
                for call in turn.calls
            ]
        if turn.call_id is not None:
            told["tool_name"] = names.get(turn.call_id, turn.call_id)
        yield told


def _image(file: Any) -> str:
    if file.kind != "image":
        raise UsageError(f"{file.path}: only images can be sent along with a message")
    return base64.b64encode(openai.read(file)).decode()


def take(row: dict[str, Any], parts: Parts) -> Iterator[Piece]:
    """The pieces in one line of an answer; the last one says why it ended and what it took."""
    message = row.get("message") or {}
    delta: dict[str, Any] = {
        "content": message.get("content") or row.get("response"),
        "reasoning_content": message.get("thinking") or row.get("thinking"),
    }
    known = len(parts.calls)
    calls = [
        {"index": known + n, "id": f"call_{known + n}", "function": _function(call)}
        for n, call in enumerate(message.get("tool_calls") or ())
    ]
    logs = {"content": row["logprobs"]} if row.get("logprobs") else None
    yield from parts.take(
        {"choices": [{"delta": {**delta, "tool_calls": calls}, "logprobs": logs}]}
    )
    if row.get("done"):
        _end(row, parts)


def _function(call: dict[str, Any]) -> dict[str, Any]:
    function = call["function"]
    return {"name": function["name"], "arguments": json.dumps(function.get("arguments") or {})}


def _end(row: dict[str, Any], parts: Parts) -> None:
    """Times come in nanoseconds; a prompt that was known from before is not counted there."""
    made = int(row.get("eval_count") or 0)
    parts.finish = "tool_calls" if parts.calls else str(row.get("done_reason") or "stop")
    parts.usage = {
        "prompt_tokens": int(row.get("prompt_eval_count") or 0),
        "completion_tokens": made,
    }
    decode = float(row.get("eval_duration") or 0) / 1e6
    parts.timings = {
        "prompt_ms": float(row.get("prompt_eval_duration") or 0) / 1e6,
        "predicted_ms": decode,
        "predicted_per_token_ms": decode / made if made else 0.0,
    }
