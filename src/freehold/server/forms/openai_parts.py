"""What several routes of OpenAI share: messages, tools, formats of answers, usage, log chances."""

from collections.abc import Iterable
from typing import Any

from freehold.server.asked import Heard
from freehold.server.forms.reading import bytes_of, ending_of, unpacked64
from freehold.server.problems import Refused
from freehold.tasks.base import File, Spent
from freehold.tasks.text_generation import Call, Message, Result, Role, Token, Tool

ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
FINISH = {"stop": "stop", "length": "length", "context": "length", "tools": "tool_calls"}
HARMLESS = frozenset(
    {
        *("user", "metadata", "service_tier", "safety_identifier", "store", "include"),
        *("prompt_cache_key", "prompt_cache_retention", "parallel_tool_calls"),
        *("cache_prompt", "id_slot", "return_progress", "timings_per_token"),
    }
)
"""Parameters that change nothing about an answer of a server like this one."""


def messages(said: list[dict[str, Any]], heard: Heard) -> tuple[Message, ...]:
    """The turns of a chat."""
    if not said:
        raise Refused("invalid", "there are no messages", param="messages")
    return tuple(_message(turn, f"messages[{n}]", heard) for n, turn in enumerate(said))


def _message(turn: dict[str, Any], where: str, heard: Heard) -> Message:
    role = ROLES.get(_text(turn.get("role"), f"{where}.role"))
    if role is None:
        raise Refused("invalid", f"there is no role {turn['role']!r:.40}", param=f"{where}.role")
    text, files = content(turn.get("content"), f"{where}.content", heard)
    calls = tuple(_call(x, f"{where}.tool_calls") for x in _list(turn.get("tool_calls"), where))
    answers = turn.get("tool_call_id")
    if answers is not None and not isinstance(answers, str):
        raise Refused("invalid", "an id is a text", param=f"{where}.tool_call_id")
    return Message(role, text, files, calls, answers)


def content(said: Any, where: str, heard: Heard) -> tuple[str, tuple[File, ...]]:
    """The text of a turn and the files that come with it."""
    if said is None:
        return "", ()
    if isinstance(said, str):
        return said, ()
    texts: list[str] = []
    files: list[File] = []
    for number, part in enumerate(_list(said, where)):
        place = f"{where}[{number}]"
        kind = _table(part, place).get("type")
        if kind in ("text", "input_text", "output_text", "refusal"):
            texts.append(_text(part.get("text", part.get("refusal")), f"{place}.text"))
        elif kind in ("image_url", "input_image"):
            files.append(_image(part.get("image_url"), f"{place}.image_url", heard))
        elif kind == "input_audio":
            files.append(_audio(part.get("input_audio"), f"{place}.input_audio", heard))
        else:
            raise Refused("invalid", f"parts of type {kind!r:.40} are not taken", param=place)
    return "\n".join(texts), tuple(files)


def _image(said: Any, where: str, heard: Heard) -> File:
    url = said.get("url") if isinstance(said, dict) else said
    data, ending = bytes_of(_text(url, where), heard.fetched, where)
    ending = ending_of(data) or ending
    if not ending:
        raise Refused("invalid", "what kind of image it is cannot be told", param=where)
    return File(heard.keep(data, ending), "image")


def _audio(said: Any, where: str, heard: Heard) -> File:
    table = _table(said, where)
    data = unpacked64(_text(table.get("data"), f"{where}.data"), where)
    ending = ending_of(data) or {"wav": ".wav", "mp3": ".mp3"}.get(str(table.get("format")))
    if not ending:
        raise Refused("invalid", "what kind of sound it is cannot be told", param=where)
    return File(heard.keep(data, ending), "audio")


def _call(said: Any, where: str) -> Call:
    table = _table(said, where)
    function = _table(table.get("function"), f"{where}.function")
    name = _text(function.get("name"), f"{where}.function.name")
    arguments = function.get("arguments")
    return Call(str(table.get("id") or ""), name, arguments if isinstance(arguments, str) else "{}")


def tools(said: Any, where: str = "tools") -> tuple[Tool, ...]:
    """The tools that the model may ask for; as chat completions and responses say them."""
    found = []
    for number, item in enumerate(_list(said, where)):
        place = f"{where}[{number}]"
        table = _table(item, place)
        if table.get("type", "function") != "function":
            raise Refused(
                "invalid", f"tools of type {table['type']!r:.40} are not here", param=place
            )
        function = _table(table.get("function", table), f"{place}.function")
        found.append(
            Tool(
                _text(function.get("name"), f"{place}.function.name"),
                str(function.get("description") or ""),
                _table(function.get("parameters") or {}, f"{place}.function.parameters"),
            )
        )
    return tuple(found)


def choice(said: Any, known: Iterable[Tool]) -> str | None:
    """Which tool must be used: `auto`, `none`, `required` or the name of one."""
    names = {tool.name for tool in known}
    if said is None:
        return None
    if isinstance(said, dict):
        function = said.get("function", said)
        said = function.get("name") if isinstance(function, dict) else None
        if said in names:
            return str(said)
    elif said in ("auto", "none", "required"):
        return str(said)
    raise Refused("invalid", "there is no such choice of a tool", param="tool_choice")


def schema(said: Any, where: str = "response_format") -> dict[str, Any] | None:
    """The JSON schema that an answer must follow."""
    if said is None:
        return None
    table = _table(said, where)
    kind = table.get("type")
    if kind in (None, "text"):
        return None
    if kind == "json_object":
        found = table.get("schema")  # as llama.cpp takes it
        return _table(found, f"{where}.schema") if found is not None else {"type": "object"}
    if kind == "json_schema":
        inner = _table(table.get("json_schema", table), f"{where}.json_schema")
        return _table(inner.get("schema"), f"{where}.json_schema.schema")
    raise Refused("invalid", f"there is no format {kind!r:.40}", param=f"{where}.type")


def bias(said: dict[str, float] | None) -> dict[int, float]:
    """Token ids and what is added to their logits."""
    try:
        found = {int(token): float(value) for token, value in (said or {}).items()}
    except ValueError:
        raise Refused("invalid", "the keys are token ids", param="logit_bias") from None
    if not all(0 <= token < 2**31 and -100 <= value <= 100 for token, value in found.items()):
        raise Refused("invalid", "a bias is -100 to 100 for a token id", param="logit_bias")
    return found


def usage(spent: Iterable[Spent]) -> dict[str, Any]:
    """The tokens of all choices; a prompt that they share counts once."""
    found = list(spent)
    prompt = max((s.prompt for s in found), default=0)
    cached = max((s.cached for s in found), default=0)
    return _usage(prompt, sum(s.generated for s in found), cached)


def usage_of_all(results: Iterable[Result]) -> dict[str, Any]:
    """The tokens of several prompts, all counted."""
    found = [result.spent for result in results]
    prompt, cached = sum(s.prompt for s in found), sum(s.cached for s in found)
    return _usage(prompt, sum(s.generated for s in found), cached)


def _usage(prompt: int, generated: int, cached: int) -> dict[str, Any]:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": generated,
        "total_tokens": prompt + generated,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def chances(tokens: Iterable[Token]) -> list[dict[str, Any]]:
    """The logarithms of chances as chat completions tell them."""
    return [
        {
            "token": token.text,
            "logprob": token.log,
            "bytes": list(token.text.encode("utf-8", "surrogatepass")),
            "top_logprobs": [
                {"token": text, "logprob": log, "bytes": list(text.encode("utf-8", "replace"))}
                for text, log in token.others
            ],
        }
        for token in tokens
    ]


def call_id(answer: str, index: int, number: int) -> str:
    """The id of a call: the same, streamed or not."""
    return f"call_{answer.rpartition('-')[2].rpartition('_')[2][:20]}{index}{number:02d}"


def calls(found: Result, answer: str, index: int) -> list[dict[str, Any]]:
    """The calls of an answer."""
    return [
        {
            "id": call_id(answer, index, number),
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for number, call in enumerate(found.calls)
    ]


def _table(said: Any, where: str) -> dict[str, Any]:
    if not isinstance(said, dict):
        raise Refused("invalid", "it must be an object", param=where)
    return said


def _list(said: Any, where: str) -> list[Any]:
    if said is None:
        return []
    if not isinstance(said, list):
        raise Refused("invalid", "it must be a list", param=where)
    return said


def _text(said: Any, where: str) -> str:
    if not isinstance(said, str):
        raise Refused("invalid", "it must be a text", param=where)
    return said
