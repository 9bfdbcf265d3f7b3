"""Asks a server of llama.cpp for text, and reads what it sends."""

import secrets
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.hosting.wire import Broken, Refusal, Wire
from freehold.judge.fitting.parts import Setting
from freehold.tasks.base import Cut, Spent, Times
from freehold.tasks.text_generation import Finish, Message, Piece, Request, Result

TOO_LONG = "exceed_context_size_error"
ROOM_FOR_AN_ANSWER = 16
"""Tokens that a cut prompt leaves free when the length of the answer is not said."""
MOST_CUTS = 6


async def write(
    wire: Wire, request: Request, setting: Setting
) -> AsyncGenerator[Piece | Result, None]:
    """The pieces of the answer as they come, then the result."""
    if request.text is not None and request.schema is not None:
        says = "llama.cpp holds to a JSON schema in a chat only, not when it continues a text"
        raise UsageError(says, hint="leave the continuing out, or give a grammar")
    cut = None
    if request.truncate:
        request, cut = await shortened(wire, request, setting.context)
    seed = secrets.randbelow(2**31) if request.seed is None else request.seed
    began, first, parts = time.monotonic(), None, Parts()
    path, body = asked(request, seed)
    try:
        async with aclosing(wire.stream(path, body)) as events:
            async for event in events:
                for piece in parts.take(event):
                    first = first or time.monotonic()
                    yield piece
    except Refusal as error:
        raise refused(error) from error
    yield parts.result(seed, cut, setting.context, (first or time.monotonic()) - began)


def asked(request: Request, seed: int) -> tuple[str, dict[str, Any]]:
    """The path and the body of one request."""
    body: dict[str, Any] = {
        "stream": True,
        "stream_options": {"include_usage": True},
        "seed": seed,
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop": list(request.stop) or None,
        "grammar": request.grammar,
        "ignore_eos": request.ignore_end or None,
    }
    body = {key: value for key, value in body.items() if value is not None}
    if request.text is not None:
        return "/v1/completions", {**body, "prompt": request.text}
    if request.schema is not None:
        schema = {"name": "answer", "schema": request.schema, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    turns = [{"role": turn.role, "content": turn.content} for turn in request.messages]
    return "/v1/chat/completions", {**body, "messages": turns}


class Parts:
    """What has come of an answer so far."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.thinking: list[str] = []
        self.finish: str | None = None
        self.usage: dict[str, Any] = {}
        self.timings: dict[str, Any] = {}

    def take(self, event: dict[str, Any]) -> Iterator[Piece]:
        """The pieces in one event; the rest is kept for the result."""
        self.usage = event.get("usage") or self.usage
        self.timings = event.get("timings") or self.timings
        for choice in event.get("choices") or ():
            self.finish = choice.get("finish_reason") or self.finish
            delta = choice.get("delta") or {}
            thought = delta.get("reasoning_content")
            said = choice.get("text") or delta.get("content")
            if thought:
                self.thinking.append(thought)
                yield Piece(thought, True)
            if said:
                self.text.append(said)
                yield Piece(said)

    def result(self, seed: int, cut: Cut | None, context: int, first: float) -> Result:
        """The whole; Broken when the server never said how it ended or what it took."""
        if self.finish is None or not self.usage:
            raise Broken("the answer has no end")
        spent = self._spent()
        full = spent.prompt + spent.generated >= context and self.finish == "length"
        finish: Finish = "context" if full else "length" if self.finish == "length" else "stop"
        notes = (f"the context of {context:,} tokens is full",) if full else ()
        return Result(
            text="".join(self.text),
            thinking="".join(self.thinking),
            finish=finish,
            seed=seed,
            spent=spent,
            times=self._times(first),
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

    def _times(self, first: float) -> Times:
        """Seconds; newer servers divide the decode time by one token less than they made."""
        decode = float(self.timings.get("predicted_ms") or 0.0)
        each = float(self.timings.get("predicted_per_token_ms") or 0.0)
        prompt = float(self.timings.get("prompt_ms") or 0.0)
        return Times(first, prompt / 1000, decode / 1000, round(decode / each) if each else 0)


def refused(error: Refusal) -> Exception:
    """The error that a refusal of the server stands for; both numbers when a prompt is too long."""
    says = error.says
    if says.get("type") == TOO_LONG:
        tokens, context = int(says["n_prompt_tokens"]), int(says["n_ctx"])
        return UsageError(
            f"the prompt has {tokens:,} tokens and the context holds {context:,}",
            hint=f"--context {tokens + 512} makes room; --truncate middle cuts the prompt",
        )
    if error.status == 400:
        return UsageError(f"llama.cpp refuses the request: {error}")
    return error


async def shortened(wire: Wire, request: Request, context: int) -> tuple[Request, Cut | None]:
    """The request with its longest part cut until it fits, and what was cut."""
    room = context - (request.max_tokens or ROOM_FOR_AN_ANSWER)
    total = length = await count(wire, request)
    removed = 0
    for _ in range(MOST_CUTS):
        if length <= room:
            break
        request, gone = await _without(wire, request, length - room)
        removed += gone
        length = await count(wire, request)
    if length > room:
        raise UsageError(f"the prompt cannot be cut to the {room:,} tokens that are free")
    return request, Cut(str(request.truncate), removed, total) if removed else None


async def count(wire: Wire, request: Request) -> int:
    """The tokens of a prompt, with those that the chat template adds."""
    text = request.text
    if text is None:
        turns = [{"role": turn.role, "content": turn.content} for turn in request.messages]
        text = (await wire.post("/apply-template", {"messages": turns}))["prompt"]
    return len(await _tokens(wire, text, special=True))


async def _without(wire: Wire, request: Request, many: int) -> tuple[Request, int]:
    """The request with so many tokens less in its longest text, and how many were taken out."""
    if request.text is not None:
        text, gone = await _cut(wire, request.text, many, str(request.truncate))
        return _changed(request, text=text), gone
    longest = max(range(len(request.messages)), key=lambda n: len(request.messages[n].content))
    turn = request.messages[longest]
    text, gone = await _cut(wire, turn.content, many, str(request.truncate))
    turns = list(request.messages)
    turns[longest] = Message(turn.role, text)
    return _changed(request, messages=tuple(turns)), gone


async def _cut(wire: Wire, text: str, many: int, place: str) -> tuple[str, int]:
    tokens = await _tokens(wire, text, special=False)
    many = min(many, len(tokens))
    start = {"start": 0, "middle": (len(tokens) - many) // 2, "end": len(tokens) - many}[place]
    left = tokens[:start] + tokens[start + many :]
    found = str((await wire.post("/detokenize", {"tokens": left}))["content"])
    if not text.startswith(" "):
        found = found.removeprefix(" ")  # some tokenizers put a space before a text
    return found, many


async def _tokens(wire: Wire, text: str, special: bool) -> list[int]:
    answer = await wire.post("/tokenize", {"content": text, "add_special": special})
    found = answer["tokens"]
    if not isinstance(found, list):
        raise BrokenInput("the tokens of a text are not a list")
    return found


def _changed(request: Request, **fields: Any) -> Request:
    from msgspec.structs import replace

    return replace(request, **fields)
