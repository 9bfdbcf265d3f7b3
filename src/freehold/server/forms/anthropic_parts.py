"""The blocks of which Anthropic's messages are made, as turns of a chat and back."""

from typing import Any

import msgspec

from freehold.server.asked import Heard
from freehold.server.forms.reading import bytes_of, ending_of, unpacked64
from freehold.server.problems import Refused
from freehold.tasks.base import File
from freehold.tasks.text_generation import Call, Message, Tool


def turns(said: list[dict[str, Any]], system: Any, heard: Heard) -> tuple[Message, ...]:
    """All turns of a chat; results of tools become turns of their own."""
    if not said:
        raise Refused("invalid", "there are no messages", param="messages")
    found = [Message("system", text)] if (text := _plain(system, "system")) else []
    for number, turn in enumerate(said):
        where = f"messages.{number}"
        if turn.get("role") not in ("user", "assistant", "system"):
            raise Refused("invalid", "a role is user or assistant", param=f"{where}.role")
        found += _turn(turn, f"{where}.content", heard)
    return tuple(found)


def _turn(turn: dict[str, Any], where: str, heard: Heard) -> list[Message]:
    blocks = turn.get("content")
    if isinstance(blocks, str):
        return [Message(turn["role"], blocks)]
    texts: list[str] = []
    files: list[File] = []
    calls: list[Call] = []
    answers: list[Message] = []
    for block in _blocks(blocks, where):
        kind = block.get("type")
        if kind == "text":
            texts.append(_text(block.get("text"), where))
        elif kind == "image":
            files.append(_image(block.get("source"), where, heard))
        elif kind == "tool_use":
            arguments = msgspec.json.encode(block.get("input") or {}).decode()
            calls.append(Call(str(block.get("id")), str(block.get("name")), arguments))
        elif kind == "tool_result":
            text, more = _answer(block.get("content"), where, heard)
            answers.append(Message("tool", text, more, (), str(block.get("tool_use_id"))))
        elif kind not in ("thinking", "redacted_thinking"):
            says = f"blocks of type {kind!r:.40} are not taken"
            raise Refused("invalid", says, param=where)
    rest = texts or files or calls or not answers
    own = [Message(turn["role"], "\n".join(texts), tuple(files), tuple(calls))] if rest else []
    return [*answers, *own]


def _answer(said: Any, where: str, heard: Heard) -> tuple[str, tuple[File, ...]]:
    """What a tool said: its text and its images."""
    if said is None or isinstance(said, str):
        return said or "", ()
    texts, files = [], []
    for block in _blocks(said, where):
        if block.get("type") == "image":
            files.append(_image(block.get("source"), where, heard))
        else:
            texts.append(_text(block.get("text"), where))
    return "\n".join(texts), tuple(files)


def _image(said: Any, where: str, heard: Heard) -> File:
    source = said if isinstance(said, dict) else {}
    if source.get("type") == "url":
        data, _ = bytes_of(_text(source.get("url"), where), heard.fetched, where)
    elif source.get("type") == "base64":
        data = unpacked64(_text(source.get("data"), where), where)
    else:
        raise Refused("invalid", "an image is base64 or url", param=where)
    ending = ending_of(data)
    if not ending:
        raise Refused("invalid", "what kind of image it is cannot be told", param=where)
    return File(heard.keep(data, ending), "image")


def tools(said: list[dict[str, Any]] | None) -> tuple[Tool, ...]:
    """The tools that the model may ask for; those that Anthropic runs itself are not here."""
    found = []
    for number, item in enumerate(said or ()):
        where = f"tools.{number}"
        if item.get("type", "custom") != "custom":
            raise Refused("invalid", f"there is no tool of type {item['type']!r:.40}", param=where)
        schema = item.get("input_schema") or {}
        if not isinstance(schema, dict):
            raise Refused("invalid", "a schema is an object", param=f"{where}.input_schema")
        name = _text(item.get("name"), f"{where}.name")
        found.append(Tool(name, str(item.get("description") or ""), schema))
    return tuple(found)


def choice(said: dict[str, Any] | None, known: tuple[Tool, ...]) -> str | None:
    """Which tool must be used, in our words."""
    if said is None or not known:
        return None
    kind = said.get("type")
    if kind in ("auto", "none"):
        return str(kind)
    if kind == "any":
        return "required"
    if kind == "tool" and said.get("name") in {tool.name for tool in known}:
        return str(said["name"])
    raise Refused("invalid", "there is no such choice of a tool", param="tool_choice")


def _plain(said: Any, where: str) -> str:
    """A text, or the texts of blocks."""
    if said is None or isinstance(said, str):
        return said or ""
    return "\n".join(_text(block.get("text"), where) for block in _blocks(said, where))


def _blocks(said: Any, where: str) -> list[dict[str, Any]]:
    if not isinstance(said, list) or not all(isinstance(block, dict) for block in said):
        raise Refused("invalid", "it must be a text or a list of blocks", param=where)
    return said


def _text(said: Any, where: str) -> str:
    if not isinstance(said, str):
        raise Refused("invalid", "it must be a text", param=where)
    return said
