"""The items of OpenAI's responses, as turns of a chat and back."""

from typing import Any

from freehold.server.asked import Heard
from freehold.server.forms import openai_parts as parts
from freehold.server.problems import Refused
from freehold.tasks.text_generation import Call, Message, Result


def turns_of(said: str | list[dict[str, Any]] | None, heard: Heard) -> list[Message]:
    """The turns that items stand for; calls that follow each other are one turn."""
    if said is None:
        return []
    if isinstance(said, str):
        return [Message("user", said)]
    found: list[Message] = []
    for number, item in enumerate(said):
        where = f"input[{number}]"
        turn = _turn(item, where, heard)
        if turn is None:
            continue
        last = found[-1] if found else None
        if turn.calls and last and last.role == "assistant":
            found[-1] = Message("assistant", last.content, last.files, (*last.calls, *turn.calls))
        else:
            found.append(turn)
    return found


def _turn(item: dict[str, Any], where: str, heard: Heard) -> Message | None:
    """One item as a turn; None for what a chat does not hear again, such as its reasoning."""
    kind = item.get("type", "message")
    if kind == "message":
        role = parts.ROLES.get(str(item.get("role")))
        if role is None or role == "tool":
            raise Refused("invalid", "there is no such role", param=f"{where}.role")
        text, files = parts.content(item.get("content"), f"{where}.content", heard)
        return Message(role, text, files)
    if kind == "function_call":
        call = Call(*(_word(item, name, where) for name in ("call_id", "name", "arguments")))
        return Message("assistant", "", (), (call,))
    if kind == "function_call_output":
        text, files = parts.content(item.get("output"), f"{where}.output", heard)
        return Message("tool", text, files, (), _word(item, "call_id", where))
    if kind == "reasoning":
        return None
    raise Refused("invalid", f"items of type {kind!r:.40} are not taken", param=f"{where}.type")


def _word(item: dict[str, Any], name: str, where: str) -> str:
    found = item.get(name)
    if not isinstance(found, str):
        raise Refused("invalid", "it must be a text", param=f"{where}.{name}")
    return found


def items(answer: str, found: Result) -> list[dict[str, Any]]:
    """What came of an answer: its reasoning, its message, its calls."""
    made: list[dict[str, Any]] = []
    if found.thinking:
        made.append(reasoning(answer, found.thinking, "completed"))
    if found.text or not found.calls:
        made.append(message(answer, found.text, "completed", parts.chances(found.tokens)))
    for number, call in enumerate(found.calls):
        made.append(function_call(answer, number, call.name, call.arguments, "completed"))
    return made


def reasoning(answer: str, text: str, status: str) -> dict[str, Any]:
    """The reasoning before an answer."""
    content = [{"type": "reasoning_text", "text": text}] if text else []
    return {
        "id": item_id("rs", answer),
        "type": "reasoning",
        "summary": [],
        "content": content,
        "status": status,
    }


def message(answer: str, text: str | None, status: str, chances: Any = ()) -> dict[str, Any]:
    """The message of an answer; None as its text is one that has not begun."""
    content = [] if text is None else [part(text, chances)]
    return {
        "id": item_id("msg", answer),
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": content,
    }


def part(text: str, chances: Any = ()) -> dict[str, Any]:
    """The text of a message."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": list(chances)}


def function_call(
    answer: str, number: int, name: str, arguments: str, status: str
) -> dict[str, Any]:
    """One tool that the model wants to be used."""
    return {
        "id": item_id("fc", answer, number),
        "type": "function_call",
        "call_id": parts.call_id(answer, 0, number),
        "name": name,
        "arguments": arguments,
        "status": status,
    }


def item_id(prefix: str, answer: str, number: int = 0) -> str:
    """The id of an item: the same, streamed or not."""
    return f"{prefix}_{answer.removeprefix('resp_')}{number:02d}"
