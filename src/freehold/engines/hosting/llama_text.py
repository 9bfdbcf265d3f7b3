"""Asks a server of llama.cpp for text, and reads what it sends.

What the server would drop or ignore without a word is refused here, or asked for in another way.
"""

import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from msgspec.structs import replace

from freehold.core.errors import UsageError
from freehold.engines.base import Job
from freehold.engines.hosting import openai_text as openai
from freehold.engines.hosting.llama_cutting import rendered, shortened, tokens
from freehold.engines.hosting.llama_likely import of_prompt
from freehold.engines.hosting.openai_text import Clock, Parts
from freehold.engines.hosting.wire import Refusal, Wire
from freehold.tasks.text_generation import Piece, Request, Result

TOO_LONG = "exceed_context_size_error"
NOT_GBNF = "%llguidance"
MOST_BEFORE = 300
"""Letters that a model may write before it uses a tool, where it could also answer in a form."""
READ_AT_ONCE = 2048
"""Tokens that the server takes in together at most; of a text with a gap, 3/4 before the gap."""


async def write(wire: Wire, request: Request, job: Job) -> AsyncGenerator[Piece | Result, None]:
    """The pieces of the answer as they come, then the result."""
    refuse(request, job)
    context = job.setting.context
    try:
        request, notes = await fitted(wire, request)
        cut = None
        if request.truncate:
            request, cut = await shortened(wire, request, context)
        if request.suffix is not None:
            await _within_batch(wire, request, max(READ_AT_ONCE, job.setting.batch))
        seed = secrets.randbelow(2**31) if request.seed is None else request.seed
        began, first, parts = time.monotonic(), None, Parts(request.likely)
        known = await of_prompt(wire, request) if request.of_prompt else []
        async with aclosing(_answer(wire, request, seed, parts)) as pieces:
            async for piece in pieces:
                first = first or time.monotonic()
                yield piece
    except Refusal as error:
        raise refused(error) from error
    parts.prompt_tokens = known
    ended = time.monotonic()
    clock = Clock((first or ended) - began, ended - began)
    yield parts.result(clock, seed=seed, context=context, cut=cut, notes=notes)


def refuse(request: Request, job: Job) -> None:
    """Refuse by name what a server of llama.cpp would not do, or not say that it does not."""
    of_chat = {"tools": request.tools, "thinking": request.thinking is not None}
    said = [name for name, there in of_chat.items() if there]
    if request.text is not None and request.schema is not None:
        says = "llama.cpp holds to a JSON schema in a chat only, not when it continues a text"
        raise UsageError(says, hint="leave the continuing out, or give a grammar")
    if request.text is not None and said:
        raise UsageError(f"{said[0]}: only in a chat, not when a text is continued")
    if request.suffix is not None and request.text is None:
        raise UsageError("a suffix stands after a text, not after a chat")
    if request.schema is not None and request.grammar is not None:
        raise UsageError("an answer follows a JSON schema or a grammar, not both")
    if request.grammar is not None and request.grammar.lstrip().startswith(NOT_GBNF):
        raise UsageError("the grammar is not in GBNF")
    if request.of_prompt and request.suffix is not None:
        raise UsageError("llama.cpp gives no likelihoods of the two texts around a gap")
    if request.choice is not None and not request.tools:
        raise UsageError("a choice of tools needs tools")
    if job.projector is None and any(turn.files for turn in request.messages):
        raise UsageError(
            "it sees and hears nothing without its projector",
            hint="name the file of the projector (mmproj-*.gguf), or put it beside the model",
        )


async def fitted(wire: Wire, request: Request) -> tuple[Request, tuple[str, ...]]:
    """The request as this server and this model can meet it, and what must be said about that."""
    notes: list[str] = []
    if request.bias:
        await _known_tokens(wire, request)
    if request.tools:
        caps = (await wire.get("/props")).get("chat_template_caps") or {}
        if caps.get("supports_tools") is False:
            raise UsageError("its chat template has no place for tools")
        openai.choice(request)
    if request.tools and request.choice not in (None, *openai.CHOICES):
        if len(request.tools) > 1:
            notes.append(f"the model was shown only the tool {request.choice}, which it must use")
        one = tuple(tool for tool in request.tools if tool.name == request.choice)
        request = replace(request, tools=one, choice="required")
    if request.choice == "required" and (request.schema is not None or request.grammar):
        notes.append("a tool must be used, so no answer follows the schema or grammar")
        request = replace(request, schema=None, grammar=None)
    if request.thinking is not None and not await _has_switch(wire, request):
        notes.append("its chat template has no switch for thinking")
    return request, tuple(notes)


async def _known_tokens(wire: Wire, request: Request) -> None:
    """Refuse a bias for a token that there is not: the server would leave it out."""
    (model, *_) = (await wire.get("/v1/models"))["data"]
    count = (model.get("meta") or {}).get("n_vocab")
    unknown = [token for token in request.bias if token < 0 or (count and token >= count)]
    if unknown:
        raise UsageError(f"bias: there is no token {unknown[0]}; it has {count:,}")


async def _has_switch(wire: Wire, request: Request) -> bool:
    """Whether the chat template writes something else when the model must not think."""
    on, off = [
        await rendered(wire, request, chat_template_kwargs={"enable_thinking": thinks})
        for thinks in (True, False)
    ]
    return on != off


async def _within_batch(wire: Wire, request: Request, batch: int) -> None:
    """Refuse a text with a gap that the server would shorten by itself."""
    rooms = {"text before": 3 * (batch // 4), "suffix after": batch // 4 - 2}
    for (name, room), text in zip(rooms.items(), (request.text, request.suffix), strict=True):
        length = len(await tokens(wire, text, special=False))
        if length > room:
            raise UsageError(f"the {name} the gap has {length:,} tokens; it may have {room:,}")


def _answer(wire: Wire, request: Request, seed: int, parts: Parts) -> AsyncGenerator[Piece, None]:
    """The pieces of an answer; what else came is left in `parts`."""
    either = request.tools and request.choice != "none" and (request.schema or request.grammar)
    return (_either if either else _asked)(wire, request, seed, parts)


async def _either(
    wire: Wire, request: Request, seed: int, parts: Parts
) -> AsyncGenerator[Piece, None]:
    """The use of a tool, or an answer in a form.

    The server cannot let a model choose between tools and an answer in a form. So it is asked
    without the form first, and when it does not use a tool, again, now without a way to do so.
    The same seed thinks the same, so that is told once.
    """
    async with aclosing(_choosing(wire, request, seed, parts)) as pieces:
        async for piece in pieces:
            yield piece
    if parts.calls:
        return
    thought = bool(parts.thinking)
    parts.restart()
    async with aclosing(_asked(wire, replace(request, choice="none"), seed, parts)) as pieces:
        async for piece in pieces:
            if not (piece.thinking and thought):
                yield piece


async def _choosing(
    wire: Wire, request: Request, seed: int, parts: Parts
) -> AsyncGenerator[Piece, None]:
    """The pieces of the use of a tool; it ends when the model answers instead."""
    free, before = replace(request, schema=None, grammar=None), list[Piece]()
    async with aclosing(_asked(wire, free, seed, parts)) as pieces:
        async for piece in pieces:
            if piece.call is None and not piece.thinking and not parts.calls:
                before.append(piece)  # models may say a few words before they use a tool
                if _answers("".join(parts.text), request):
                    return
                continue
            for waiting in (*before, piece):
                yield waiting
            before.clear()


def _answers(text: str, request: Request) -> bool:
    """Whether a text is an answer already, not a few words before the use of a tool."""
    begun = request.schema is not None and text.lstrip().startswith(("{", "[", '"'))
    return begun or len(text) > MOST_BEFORE


async def _asked(
    wire: Wire, request: Request, seed: int, parts: Parts
) -> AsyncGenerator[Piece, None]:
    """The pieces of one answer of the server."""
    path, body = asked(request, seed)
    if not body["stream"]:
        for piece in parts.take(await wire.post(path, body)):
            yield piece
        return
    async with aclosing(wire.stream(path, body)) as events:
        async for event in events:
            for piece in parts.take(_filled(event) if request.suffix is not None else event):
                yield piece
            if event.get("stop"):
                return


def asked(request: Request, seed: int) -> tuple[str, dict[str, Any]]:
    """The path and the body of one request."""
    own = {
        "top_k": request.top_k,
        "min_p": request.min_p,
        "grammar": request.grammar,
        "ignore_eos": request.ignore_end or None,
    }
    body = openai.streamed(openai.sampling(request, seed))
    body |= {name: value for name, value in own.items() if value is not None}
    likely = 0 if request.likely is None else max(1, request.likely)  # 0 tells nothing at all
    if request.suffix is not None:
        told = {"input_prefix": request.text, "input_suffix": request.suffix}
        return "/infill", {**body, **told, "n_probs": likely}
    if request.text is not None:
        return "/v1/completions", {**body, "prompt": request.text, "n_probs": likely}
    body |= openai.chat(request) | ({"top_logprobs": likely} if likely else {})
    if request.tools and request.likely is not None:
        body["stream"] = False  # the server does not stream both
        del body["stream_options"]
    if request.thinking is not None:
        body["chat_template_kwargs"] = {"enable_thinking": request.thinking}
    return "/v1/chat/completions", body


def _filled(event: dict[str, Any]) -> dict[str, Any]:
    """What fills a gap comes in a form of its own; the same as an event of a chat."""
    found = event.get("completion_probabilities")
    choice: dict[str, Any] = {"text": event["content"], "logprobs": {"content": found or ()}}
    if not event.get("stop"):
        return {"choices": [choice]}
    choice["finish_reason"] = "length" if event.get("stop_type") == "limit" else "stop"
    timings = event.get("timings") or {}
    usage = {
        "prompt_tokens": event["tokens_evaluated"],
        "completion_tokens": event["tokens_predicted"],
        "prompt_tokens_details": {"cached_tokens": timings.get("cache_n")},
    }
    return {"choices": [choice], "usage": usage, "timings": timings}


def refused(error: Refusal) -> Exception:
    """The error that a refusal of the server stands for; both numbers when a prompt is too long."""
    says = error.says
    if says.get("type") == TOO_LONG:
        length, context = int(says["n_prompt_tokens"]), int(says["n_ctx"])
        return UsageError(
            f"the prompt has {length:,} tokens and the context holds {context:,}",
            hint=f"--context {length + 512} makes room; --truncate middle cuts the prompt",
        )
    if error.status in (400, 501) or "not supported" in str(error):
        return UsageError(f"llama.cpp refuses the request: {error}")
    return error
