"""Any task in our own words: inputs as a person has them, files in both directions as Base64."""

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from freehold.core.errors import FreeholdError
from freehold.server.asked import Asked, Heard, Served, Writer, identity
from freehold.server.forms.reading import sse, typed
from freehold.server.problems import Refused, refusal
from freehold.tasks.base import ENDINGS, TASKS, File, Kind, Progress, Task, kind_of, packed


class Given(Struct):
    """A file that goes in: its name, whose ending says what it holds, and its bytes as Base64."""

    name: str
    data: str


class Body(Struct, kw_only=True):
    """What is asked: a task of a model, its inputs in order, and the flags of the task."""

    model: str
    task: str
    inputs: list[str | Given] = []
    messages: list[dict[str, Any]] = []
    flags: dict[str, Any] = {}
    stream: bool = False


class Native:
    """`POST /freehold/ask`."""

    task = "any"
    media_type = "text/event-stream"
    body = Body

    def read(self, body: dict[str, Any], heard: Heard) -> Asked:
        """The request of the task; what a flag or input has wrong is named."""
        said = typed(body, Body)
        try:
            task: Task = TASKS.get(said.task)
            request = _request(task, said, heard)
        except (FreeholdError, TypeError) as error:
            says = error if isinstance(error, FreeholdError) else FreeholdError(str(error))
            raise refusal(says) from error
        return Asked(
            model=said.model, task=task.id, requests=(request,), body=said, stream=said.stream,
            id=identity("ask-", body, said.flags.get("seed")), created=heard.now,
        )  # fmt: skip

    def whole(self, asked: Asked, results: Sequence[Any], served: Served) -> dict[str, Any]:
        """The result with its files inside."""
        (found,) = results
        return {"id": asked.id, **result_form(TASKS.get(asked.task), found, served)}

    def writer(self, asked: Asked, served: Served) -> Writer:
        """Pieces and progress as they come, then the result."""
        return Events(TASKS.get(asked.task), asked, served)


class Events:
    """The events of one answer: `piece`, `progress`, `result`."""

    def __init__(self, task: Task, asked: Asked, served: Served) -> None:
        self.task, self.asked, self.served = task, asked, served

    def open(self) -> Iterator[bytes]:
        """Who answers."""
        yield sse({"model": self.served.name, "engine": self.served.engine})

    def part(self, index: int, part: Any) -> Iterator[bytes]:
        """One event for each."""
        if isinstance(part, self.task.result):
            yield sse({"id": self.asked.id, **result_form(self.task, part, self.served)})
        else:
            name = "progress" if isinstance(part, Progress) else "piece"
            yield sse({name: json.loads(packed(part))})

    def close(self) -> Iterator[bytes]:
        """Nothing more comes."""
        yield b"data: [DONE]\n\n"


def result_form(task: Task, result: Any, served: Served) -> dict[str, Any]:
    """The fields of a result, its words, and its files as addresses that hold their bytes."""
    fields = _with_bytes(json.loads(packed(result)))
    return {
        "task": task.id,
        "engine": served.engine,
        "words": task.words(result),
        "result": fields,
        "notes": [*served.notes, *getattr(result, "notes", ())],
    }


def _request(task: Task, said: Body, heard: Heard) -> Any:
    if unknown := sorted(set(said.flags) - task.parameters):
        raise Refused("invalid", f"{task.id} does not know {unknown[0]}", param=unknown[0])
    flags = {name: tuple(v) if isinstance(v, list) else v for name, v in said.flags.items()}
    if said.messages:
        from freehold.tasks.text_generation import Message

        if task.id != "text-generation":
            raise Refused("invalid", f"{task.id} has no messages", param="messages")
        turns = tuple(_turn(turn, Message) for turn in said.messages)
        return task.request(messages=turns, **flags)
    return task.requested(tuple(_input(item, heard) for item in said.inputs), flags)


def _turn(turn: dict[str, Any], form: Any) -> Any:
    role, content = turn.get("role"), turn.get("content")
    if role not in ("system", "user", "assistant") or not isinstance(content, str):
        raise Refused("invalid", "a message has a role and a content", param="messages")
    return form(role, content)


def _input(item: str | Given, heard: Heard) -> str | File:
    if isinstance(item, str):
        return item
    kind: Kind = kind_of(Path(item.name))
    try:
        data = base64.b64decode(item.data, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("invalid", f"{item.name[:60]} is not Base64", param="inputs") from None
    ending = next(e for e in ENDINGS[kind] if item.name.lower().endswith(e))
    return File(heard.keep(data, ending), kind)


def _with_bytes(value: Any) -> Any:
    """The same with each file as an address that holds its bytes."""
    if isinstance(value, dict):
        if set(value) == {"path", "kind"}:
            return _address(Path(value["path"]), value["kind"])
        return {name: _with_bytes(item) for name, item in value.items()}
    return [_with_bytes(item) for item in value] if isinstance(value, list) else value


def _address(path: Path, kind: str) -> dict[str, str]:
    types = {".png": "image/png", ".wav": "audio/wav"}
    kind_of_bytes = types.get(path.suffix, "application/octet-stream")
    data = base64.b64encode(path.read_bytes()).decode()
    path.unlink(missing_ok=True)
    return {"kind": kind, "name": path.name, "url": f"data:{kind_of_bytes};base64,{data}"}
