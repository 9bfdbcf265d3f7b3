"""Puts requests to write text into the words of the OpenAI protocol, and reads what comes back.

Nothing here sends anything: engines that speak the protocol differ in what they add to it.
"""

import base64
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.hosting.wire import Broken
from freehold.tasks.base import Cut, File, Spent, Times
from freehold.tasks.text_generation import (
    Call,
    CallPiece,
    Finish,
    Message,
    Piece,
    Request,
    Result,
    Token,
)

LARGEST_FILE = 64 * 2**20
"""Bytes of an image or a sound that is sent along with a message."""
FINISHES: dict[str, Finish] = {
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tools",
    "function_call": "tools",
}
TYPES = {".jpg": "jpeg", ".jpeg": "jpeg", ".tif": "tiff", ".tiff": "tiff"}
CHOICES = ("auto", "none", "required")


def sampling(request: Request, seed: int | None) -> dict[str, Any]:
    """How to choose words and when to end; what was not said is left out."""
    said = {
        "seed": seed,
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "frequency_penalty": request.frequency_penalty,
        "presence_penalty": request.presence_penalty,
        "logit_bias": {str(token): bias for token, bias in request.bias.items()} or None,
        "stop": list(request.stop) or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def chat(request: Request) -> dict[str, Any]:
    """The turns, the tools, and the form of the answer."""
    body: dict[str, Any] = {"messages": turns(request.messages)}
    if request.tools:
        body["tools"] = [_tool(tool.name, tool) for tool in request.tools]
        body["tool_choice"] = choice(request)
    if request.schema is not None:
        form = {"name": "answer", "schema": request.schema, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    if request.likely is not None:
        body |= {"logprobs": True, "top_logprobs": request.likely}
    return body


def streamed(body: dict[str, Any]) -> dict[str, Any]:
    """The same request, answered piece by piece with what it took at the end."""
    return {**body, "stream": True, "stream_options": {"include_usage": True}}


def choice(request: Request) -> Any:
    """The choice of tools; UsageError for a tool that is not there."""
    said = request.choice or "auto"
    if said in CHOICES:
        return said
    if said not in {tool.name for tool in request.tools}:
        raise UsageError(f"{said!r} must be used, and no tool has this name")
    return {"type": "function", "function": {"name": said}}


def turns(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    """The turns of a chat."""
    return [_turn(message) for message in messages]


def _turn(message: Message) -> dict[str, Any]:
    turn: dict[str, Any] = {"role": message.role, "content": _content(message)}
    if message.calls:
        turn["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in message.calls
        ]
    if message.call_id is not None:
        turn["tool_call_id"] = message.call_id
    return turn


def _content(message: Message) -> str | list[dict[str, Any]]:
    if not message.files:
        return message.content
    text = [{"type": "text", "text": message.content}] if message.content else []
    return [*(medium(file) for file in message.files), *text]


def medium(file: File) -> dict[str, Any]:
    """An image or a sound as part of a message; its bytes are sent as they are."""
    data = base64.b64encode(read(file)).decode()
    ending = file.path.suffix.lower()
    kind = TYPES.get(ending, ending.removeprefix("."))
    if file.kind == "image":
        return {"type": "image_url", "image_url": {"url": f"data:image/{kind};base64,{data}"}}
    if file.kind == "audio":
        return {"type": "input_audio", "input_audio": {"data": data, "format": kind}}
    raise UsageError(f"{file.path}: {file.kind} cannot be sent along with a message")


def read(file: File) -> bytes:
    """The bytes of a file up to a limit; BrokenInput when it cannot be read or is empty."""
    try:
        with file.path.open("rb") as opened:
            data = opened.read(LARGEST_FILE + 1)
    except OSError as error:
        raise BrokenInput(f"{file.path}: cannot be read: {error.strerror}") from error
    if not data or len(data) > LARGEST_FILE:
        why = f"has over {LARGEST_FILE:,} bytes" if data else "is empty"
        raise BrokenInput(f"{file.path}: {why}")
    return data


def _tool(name: str, tool: Any) -> dict[str, Any]:
    parameters = tool.parameters or {"type": "object", "properties": {}}
    function = {"name": name, "description": tool.description, "parameters": parameters}
    return {"type": "function", "function": function}


class Clock(Struct, frozen=True):
    """Seconds until the first letters came, and until the end."""

    first: float
    whole: float


class Parts:
    """What has come of an answer so far."""

    def __init__(self, likely: int | None = None) -> None:
        """Keep so many of the likeliest tokens at each place."""
        self.likely = likely
        self.restart()

    def restart(self) -> None:
        """Forget what has come, for the same is asked again."""
        self.text: list[str] = []
        self.thinking: list[str] = []
        self.calls: dict[int, list[str]] = {}
        self.tokens: list[Token] = []
        self.prompt_tokens: list[Token] = []
        self.finish: str | None = None
        self.usage: dict[str, Any] = {}
        self.timings: dict[str, Any] = {}

    def take(self, event: dict[str, Any]) -> Iterator[Piece]:
        """The pieces in one event; the rest is kept for the result."""
        self.usage = event.get("usage") or self.usage
        self.timings = event.get("timings") or self.timings
        for choice in event.get("choices") or ():
            self.finish = choice.get("finish_reason") or self.finish
            yield from self._pieces(choice)

    def _pieces(self, choice: dict[str, Any]) -> Iterator[Piece]:
        """The reasoning, the text and the calls in one choice."""
        delta = choice.get("delta") or choice.get("message") or {}
        tokens = tuple(likelihoods(choice.get("logprobs"), self.likely))
        self.tokens += tokens
        thought = delta.get("reasoning_content") or delta.get("reasoning")
        said = choice.get("text") or delta.get("content")
        if thought:
            self.thinking.append(thought)
            yield Piece(thought, True, tokens=() if said else tokens)
        if said:
            self.text.append(said)
        if said or (tokens and not thought):
            yield Piece(said or "", tokens=tokens)
        for place, call in enumerate(delta.get("tool_calls") or ()):
            yield Piece("", call=self._call(int(call.get("index", place)), call))

    def _call(self, index: int, told: dict[str, Any]) -> CallPiece:
        """The next letters of one call; its id and its name come with the first ones."""
        function = told.get("function") or {}
        letters = function.get("arguments") or ""
        fresh = index not in self.calls
        kept = self.calls.setdefault(index, [told.get("id") or f"call_{index}", "", ""])
        kept[1] = kept[1] or function.get("name") or ""
        kept[2] += letters
        if not fresh:
            return CallPiece(index, letters)
        return CallPiece(index, letters, id=kept[0], name=kept[1])

    def result(
        self,
        clock: Clock,
        *,
        seed: int,
        context: int | None = None,
        cut: Cut | None = None,
        notes: tuple[str, ...] = (),
    ) -> Result:
        """The whole; Broken when the server never said how it ended or what it took."""
        if self.finish is None or not self.usage:
            raise Broken("the answer has no end")
        spent = self._spent()
        finish = FINISHES.get(self.finish, "stop")
        full = finish == "length" and context and spent.prompt + spent.generated >= context
        if full:
            notes = (*notes, f"the context of {context:,} tokens is full")
        return Result(
            text="".join(self.text),
            thinking="".join(self.thinking),
            finish="context" if full else finish,
            seed=seed,
            spent=spent,
            times=self._times(clock, spent),
            calls=tuple(Call(*self.calls[index]) for index in sorted(self.calls)),
            tokens=tuple(self.tokens),
            prompt_tokens=tuple(self.prompt_tokens),
            cut=cut,
            notes=notes,
        )

    def _spent(self) -> Spent:
        details = self.usage.get("prompt_tokens_details") or {}
        return Spent(
            int(self.usage["prompt_tokens"]),
            int(self.usage["completion_tokens"]),
            int(details.get("cached_tokens") or 0),
        )

    def _times(self, clock: Clock, spent: Spent) -> Times:
        """Seconds as the server measured them, else as they passed here.

        Newer servers of llama.cpp divide the decode time by one token less than they made.
        """
        if not self.timings:
            steps = max(0, spent.generated - 1)
            return Times(clock.first, clock.first, clock.whole - clock.first, steps)
        decode = float(self.timings.get("predicted_ms") or 0.0)
        each = float(self.timings.get("predicted_per_token_ms") or 0.0)
        prompt = float(self.timings.get("prompt_ms") or 0.0)
        steps = round(decode / each) if each else 0
        return Times(clock.first, prompt / 1000, decode / 1000, steps)


def likelihoods(told: dict[str, Any] | None, likely: int | None = None) -> Iterator[Token]:
    """The logarithms in one choice, in the form of chats or in that of plain completions."""
    if not told:
        return
    for token in told.get("content") or ():
        others = [(other["token"], other["logprob"]) for other in token.get("top_logprobs") or ()]
        yield Token(token["token"], token["logprob"], tuple(others[:likely]))
    best = told.get("top_logprobs") or ()
    for place, text in enumerate(told.get("tokens") or ()):
        log = told["token_logprobs"][place]
        others = list((best[place] or {}).items()) if best else []
        yield Token(text, log if log is not None else 0.0, tuple(others[:likely]))
