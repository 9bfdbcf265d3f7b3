"""Ollama's chat and generate: lines of JSON, with durations in nanoseconds."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from freehold.server.asked import Asked, Heard, Served, identity
from freehold.server.forms.openai_chat import said_beside
from freehold.server.forms.openai_parts import call_id, tools
from freehold.server.forms.reading import (
    dropped,
    ending_of,
    line,
    seed_of,
    several,
    typed,
    unpacked64,
)
from freehold.server.problems import Refused
from freehold.tasks.base import File
from freehold.tasks.text_generation import Call, Message, Piece, Request, Result, Role

REASONS = {"stop": "stop", "length": "length", "context": "length", "tools": "stop"}
ROLES: dict[str, Role] = {
    "system": "system", "user": "user", "assistant": "assistant", "tool": "tool",
}  # fmt: skip
HARMLESS = frozenset({"num_thread", "num_batch", "num_gpu", "use_mmap", "num_keep", "main_gpu"})
"""Options about how a model is loaded, which the configuration of the server says."""


class Options(Struct, kw_only=True):
    """What is honored of the options."""

    num_predict: int | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None


class Body(Struct, kw_only=True):
    """What is honored of a body of both; a stream is what comes when nothing is said."""

    model: str
    messages: list[dict[str, Any]] | None = None
    prompt: str | None = None
    system: str | None = None
    suffix: str | None = None
    raw: bool | None = None
    images: list[str] | None = None
    stream: bool | None = None
    format: str | dict[str, Any] | None = None
    options: dict[str, Any] | None = None
    keep_alive: str | float | None = None
    tools: list[dict[str, Any]] | None = None
    think: bool | str | None = None
    truncate: bool | None = None


class OllamaText:
    """`POST /api/chat` and, with `chats` False, `POST /api/generate`."""

    task = "text-generation"
    media_type = "application/x-ndjson"
    body = Body

    def __init__(self, chats: bool) -> None:
        self._chats = chats

    def read(self, body: dict[str, Any], heard: Heard) -> Asked:
        """One request; none where a model is only to be loaded or unloaded."""
        said = typed(body, Body)
        options = typed(said.options or {}, Options)
        known = self._request(said, options, heard)
        unused = [f"options.{x}" for x in dropped(said.options or {}, Options, HARMLESS)]
        return Asked(
            model=said.model,
            task=self.task,
            requests=(known,) if known else (),
            id=identity("ollama-", body, seed_of(options.seed)),
            body=said,
            stream=said.stream is not False,
            created=heard.now,
            dropped=(*dropped(body, Body, frozenset({"context"})), *unused),
            keep_alive=seconds(said.keep_alive),
        )

    def whole(self, asked: Asked, results: Sequence[Result], served: Served) -> dict[str, Any]:
        """The answer at once."""
        (found,) = results
        return {
            **head(asked),
            **self._said(asked, found.text, found.thinking, found.calls),
            **ended(found),
            **said_beside(results, served),
        }

    def writer(self, asked: Asked, served: Served) -> "LineWriter":
        """The answer line by line."""
        return LineWriter(self, asked, served)

    def loaded(self, asked: Asked) -> dict[str, Any]:
        """What is said once a model is loaded."""
        told = self._said(asked, "", "", ())
        return {**head(asked), **told, "done": True, "done_reason": "load"}

    def _said(
        self, asked: Asked, text: str, thinking: str, calls: Sequence[Call]
    ) -> dict[str, Any]:
        """One piece, or all, in the form of its route."""
        more: dict[str, Any] = {"thinking": thinking} if thinking else {}
        if not self._chats:
            return {"response": text, **more}
        if calls:
            more["tool_calls"] = [
                {
                    "id": call_id(asked.id, 0, n),
                    "function": {"index": n, "name": c.name, "arguments": _arguments(c)},
                }
                for n, c in enumerate(calls)
            ]
        return {"message": {"role": "assistant", "content": text, **more}}

    def _request(self, said: Body, options: Options, heard: Heard) -> Request | None:
        length = options.num_predict
        known: dict[str, Any] = {
            "max_tokens": length if length and length > 0 else None,
            "temperature": options.temperature,
            "top_k": options.top_k,
            "top_p": options.top_p,
            "min_p": options.min_p,
            "seed": seed_of(options.seed),
            "stop": several(options.stop),
            "frequency_penalty": options.frequency_penalty or None,
            "presence_penalty": options.presence_penalty or None,
            "schema": _schema(said.format),
        }
        if self._chats:
            turns = tuple(_turn(turn, heard) for turn in said.messages or ())
            if not turns:
                return None
            found = tools(said.tools)
            return Request(messages=turns, tools=found, thinking=_thinks(said.think), **known)
        if not said.prompt:
            return None
        if said.raw or said.suffix:
            return Request(text=said.prompt, suffix=said.suffix or None, **known)
        first = (Message("system", said.system),) if said.system else ()
        turn = Message("user", said.prompt, _images(said.images, heard))
        return Request(messages=(*first, turn), thinking=_thinks(said.think), **known)


class LineWriter:
    """The lines of an answer."""

    def __init__(self, form: OllamaText, asked: Asked, served: Served) -> None:
        self._form, self._asked, self._served = form, asked, served
        self._result: Result | None = None

    def open(self) -> Iterator[bytes]:
        """Nothing comes before the first piece."""
        return iter(())

    def part(self, index: int, part: Any) -> Iterator[bytes]:
        """One piece; calls come whole, before the end."""
        if isinstance(part, Result):
            self._result = part
            if part.calls:
                yield self._line("", "", part.calls)
        elif isinstance(part, Piece) and part.text:
            text, thought = ("", part.text) if part.thinking else (part.text, "")
            yield self._line(text, thought, ())

    def close(self) -> Iterator[bytes]:
        """The last line, with what it took."""
        assert self._result is not None
        empty = self._form._said(self._asked, "", "", ())
        beside = said_beside((self._result,), self._served)
        yield line({**head(self._asked), **empty, **ended(self._result), **beside})

    def _line(self, text: str, thinking: str, calls: Sequence[Call]) -> bytes:
        told = self._form._said(self._asked, text, thinking, calls)
        return line({**head(self._asked), **told, "done": False})


def head(asked: Asked) -> dict[str, Any]:
    """What each line begins with."""
    at = datetime.fromtimestamp(asked.created, UTC).isoformat().replace("+00:00", "Z")
    return {"model": asked.model, "created_at": at}


def ended(found: Result) -> dict[str, Any]:
    """Why it ended and what it took."""
    times, spent = found.times, found.spent
    return {
        "done": True,
        "done_reason": REASONS[found.finish],
        "total_duration": _nano(times.prompt + times.decode),
        "load_duration": 0,
        "prompt_eval_count": spent.prompt,
        "prompt_eval_duration": _nano(times.prompt),
        "eval_count": spent.generated,
        "eval_duration": _nano(times.decode),
    }


def seconds(said: str | float | None) -> float | None:
    """How long to keep a model, from `5m`, `300`, `0` or `-1`."""
    if said is None or isinstance(said, int | float):
        return None if said is None else float(said)
    units = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
    text = said.strip()
    unit = next((u for u in ("ms", "s", "m", "h") if text.endswith(u)), "")
    try:
        return float(text.removesuffix(unit)) * units.get(unit, 1.0)
    except ValueError:
        says = "it is a time such as 5m, or seconds"
        raise Refused("invalid", says, param="keep_alive") from None


def _nano(found: float) -> int:
    return round(found * 1e9)


def _schema(said: str | dict[str, Any] | None) -> dict[str, Any] | None:
    if said in (None, "") or isinstance(said, dict):
        return said or None  # type: ignore[return-value]
    if said == "json":
        return {"type": "object"}
    raise Refused("invalid", "a format is json or a schema", param="format")


def _thinks(said: bool | str | None) -> bool | None:
    return said if said is None or isinstance(said, bool) else said not in ("", "false", "none")


def _turn(turn: dict[str, Any], heard: Heard) -> Message:
    role = ROLES.get(str(turn.get("role")))
    text = turn.get("content") or ""
    if role is None or not isinstance(text, str):
        raise Refused("invalid", "a message has a role and a text", param="messages")
    calls = []
    for number, item in enumerate(turn.get("tool_calls") or ()):
        function = item.get("function") if isinstance(item, dict) else None
        if not isinstance(function, dict):
            raise Refused("invalid", "a call has a function", param="messages.tool_calls")
        told = msgspec.json.encode(function.get("arguments") or {}).decode()
        calls.append(Call(str(item.get("id") or number), str(function.get("name")), told))
    answers = turn.get("tool_call_id") or turn.get("tool_name")
    answered = str(answers) if answers else None
    return Message(role, text, _images(turn.get("images"), heard), tuple(calls), answered)


def _images(said: Any, heard: Heard) -> tuple[File, ...]:
    found = []
    for item in said or ():
        data = unpacked64(item, "images") if isinstance(item, str) else b""
        ending = ending_of(data)
        if not ending:
            raise Refused("invalid", "an image is Base64 of a known kind", param="images")
        found.append(File(heard.keep(data, ending), "image"))
    return tuple(found)


def _arguments(call: Call) -> Any:
    try:
        return msgspec.json.decode(call.arguments or "{}")
    except (msgspec.MsgspecError, RecursionError):
        return {"text": call.arguments}
