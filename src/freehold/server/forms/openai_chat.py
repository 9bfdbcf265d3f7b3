"""OpenAI's chat completions."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct

from freehold.server.asked import Asked, Heard, Served, identity
from freehold.server.forms import openai_parts as parts
from freehold.server.forms.reading import dropped, seed_of, several, sse, typed
from freehold.server.problems import Refused
from freehold.tasks.text_generation import Piece, Request, Result

Count = Annotated[int, Meta(ge=1, le=2**31)]
Temperature = Annotated[float, Meta(ge=0, le=5)]
Share = Annotated[float, Meta(ge=0, le=1)]
Penalty = Annotated[float, Meta(ge=-2, le=2)]


class Body(Struct, kw_only=True):
    """What is honored of a body; the last fields are those of llama.cpp and vLLM."""

    model: str
    messages: list[dict[str, Any]]
    stream: bool | None = None
    stream_options: dict[str, Any] | None = None
    n: Count | None = None
    max_tokens: Count | None = None
    max_completion_tokens: Count | None = None
    temperature: Temperature | None = None
    top_p: Share | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    logit_bias: dict[str, float] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    response_format: dict[str, Any] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    top_k: Annotated[int, Meta(ge=0, le=2**31)] | None = None
    min_p: Share | None = None
    grammar: str | None = None
    ignore_eos: bool | None = None
    chat_template_kwargs: dict[str, Any] | None = None
    truncate: str | None = None


class Chat:
    """`POST /v1/chat/completions`."""

    task = "text-generation"
    media_type = "text/event-stream"
    body = Body

    def read(self, body: dict[str, Any], heard: Heard) -> Asked:
        """One request for each of `n` choices, with seeds that follow each other."""
        said = typed(body, Body)
        count = choices(said.n, heard.most_choices)
        seed = seed_of(said.seed)
        request = _request(said, heard)
        return Asked(
            model=said.model,
            task=self.task,
            requests=seeded(request, seed, count),
            id=identity("chatcmpl-", body, seed),
            body=said,
            stream=bool(said.stream),
            created=heard.now,
            dropped=(*dropped(body, Body, parts.HARMLESS), *_unused(said)),
        )

    def whole(self, asked: Asked, results: Sequence[Result], served: Served) -> dict[str, Any]:
        """The answer at once."""
        return {
            "id": asked.id,
            "object": "chat.completion",
            "created": asked.created,
            "model": asked.model,
            "choices": [_choice(asked, n, result) for n, result in enumerate(results)],
            "usage": parts.usage(result.spent for result in results),
            "system_fingerprint": fingerprint(served),
            **said_beside(results, served),
        }

    def writer(self, asked: Asked, served: Served) -> "ChatWriter":
        """The answer in chunks."""
        return ChatWriter(asked, served)


class ChatWriter:
    """The chunks of a chat completion."""

    def __init__(self, asked: Asked, served: Served) -> None:
        self._asked, self._served = asked, served
        self._results: dict[int, Result] = {}
        self._begun: set[int] = set()
        options = asked.body.stream_options or {}
        self._tell_usage = bool(options.get("include_usage"))
        self._base = {
            "id": asked.id,
            "object": "chat.completion.chunk",
            "created": asked.created,
            "model": asked.model,
            "system_fingerprint": fingerprint(served),
        }

    def open(self) -> Iterator[bytes]:
        """Nothing: the first chunk of each choice comes with its first part."""
        return iter(())

    def part(self, index: int, part: Any) -> Iterator[bytes]:
        """One piece as a delta; the result as the end of its choice."""
        if index not in self._begun:
            self._begun.add(index)
            yield self._chunk(index, {"role": "assistant", "content": ""})
        if isinstance(part, Piece):
            delta = self._delta(index, part)
            if delta or part.tokens:
                yield self._chunk(index, delta, tokens=part.tokens)
        elif isinstance(part, Result):
            self._results[index] = part
            yield self._chunk(index, {}, parts.FINISH[part.finish])

    def close(self) -> Iterator[bytes]:
        """The usage where it is wanted, and the end."""
        results = [self._results[n] for n in sorted(self._results)]
        beside = said_beside(results, self._served)
        if self._tell_usage:
            spent = parts.usage(result.spent for result in results)
            yield sse({**self._base, "choices": [], "usage": spent, **beside})
        elif beside:
            yield sse({**self._base, "choices": [], **beside})
        yield b"data: [DONE]\n\n"

    def _delta(self, index: int, piece: Piece) -> dict[str, Any]:
        delta: dict[str, Any] = {}
        if piece.text:
            delta["reasoning_content" if piece.thinking else "content"] = piece.text
        if piece.call:
            call: dict[str, Any] = {"index": piece.call.index}
            if piece.call.name is not None:
                call["id"] = parts.call_id(self._asked.id, index, piece.call.index)
                call["type"] = "function"
                call["function"] = {"name": piece.call.name, "arguments": piece.call.arguments}
            else:
                call["function"] = {"arguments": piece.call.arguments}
            delta["tool_calls"] = [call]
        return delta

    def _chunk(
        self, index: int, delta: dict[str, Any], finish: str | None = None, tokens: Any = ()
    ) -> bytes:
        chances = {"content": parts.chances(tokens)} if tokens else None
        choice = {"index": index, "delta": delta, "logprobs": chances, "finish_reason": finish}
        told = {**self._base, "choices": [choice]}
        if self._tell_usage:
            told["usage"] = None
        return sse(told)


def choices(said: int | None, most: int) -> int:
    """How many choices are wanted, within what this server gives at once."""
    count = 1 if said is None else said
    if count > most:
        raise Refused("invalid", f"at most {most} choices at once, not {count}", param="n")
    return count


def seeded(request: Request, seed: int | None, count: int) -> tuple[Request, ...]:
    """The same request so many times, each with a seed of its own where there is one."""
    from msgspec.structs import replace

    if seed is None:
        return (request,) * count
    return tuple(replace(request, seed=(seed + n) % (2**32 - 1)) for n in range(count))


def fingerprint(served: Served) -> str:
    """What computes: it changes when the model or the engine does."""
    return f"fp_{served.digest[:12]}"


def said_beside(results: Sequence[Result], served: Served) -> dict[str, Any]:
    """What must be said beside an answer; nothing where all went as asked."""
    notes = dict.fromkeys((*served.notes, *(note for r in results for note in r.notes)))
    cut = [
        {"where": r.cut.where, "tokens": r.cut.tokens, "of": r.cut.total} for r in results if r.cut
    ]
    told = {**({"notes": list(notes)} if notes else {}), **({"cut": cut} if cut else {})}
    return {"freehold": told} if told else {}


def said_beside_all(notes: Iterable[str], cut: Iterable[int], served: Served) -> dict[str, Any]:
    """The same for results that are not text: `cut` are the items that were too long."""
    every = list(dict.fromkeys((*served.notes, *notes)))
    shortened = list(cut)
    told = {**({"notes": every} if every else {}), **({"cut": shortened} if shortened else {})}
    return {"freehold": told} if told else {}


def _request(said: Body, heard: Heard) -> Request:
    tools = parts.tools(said.tools)
    return Request(
        messages=parts.messages(said.messages, heard),
        max_tokens=said.max_completion_tokens or said.max_tokens,
        temperature=said.temperature,
        top_p=said.top_p,
        top_k=said.top_k,
        min_p=said.min_p,
        frequency_penalty=said.frequency_penalty or None,
        presence_penalty=said.presence_penalty or None,
        bias=parts.bias(said.logit_bias),
        stop=several(said.stop),
        schema=parts.schema(said.response_format),
        grammar=said.grammar or None,
        tools=tools,
        choice=parts.choice(said.tool_choice, tools) if tools else None,
        likely=(said.top_logprobs or 0) if said.logprobs else None,
        thinking=_thinking(said),
        truncate=place(said.truncate),
        ignore_end=bool(said.ignore_eos),
    )


def place(said: str | None) -> Any:
    """Where a prompt that is too long may be cut."""
    if said in (None, "start", "middle", "end"):
        return said
    raise Refused("invalid", "a prompt is cut at its start, middle or end", param="truncate")


def _thinking(said: Body) -> bool | None:
    found = (said.chat_template_kwargs or {}).get("enable_thinking")
    return found if isinstance(found, bool) else None


def _unused(said: Body) -> Iterator[str]:
    """Words inside of parameters that are not honored."""
    for name in said.chat_template_kwargs or {}:
        if name != "enable_thinking":
            yield f"chat_template_kwargs.{name[:60]}"


def _choice(asked: Asked, index: int, result: Result) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": result.text, "refusal": None}
    if result.thinking:
        message["reasoning_content"] = result.thinking
    if result.calls:
        message["tool_calls"] = parts.calls(result, asked.id, index)
        message["content"] = result.text or None
    chances = {"content": parts.chances(result.tokens)} if result.tokens else None
    return {
        "index": index,
        "message": message,
        "logprobs": chances,
        "finish_reason": parts.FINISH[result.finish],
    }
