"""OpenAI's completions: a text goes on, with chances of its tokens where they are wanted."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Annotated, Any

from msgspec import Meta, Struct

from freehold.server.asked import Asked, Heard, Served, identity
from freehold.server.forms import openai_parts as parts
from freehold.server.forms.openai_chat import (
    Count,
    Penalty,
    Share,
    Temperature,
    choices,
    fingerprint,
    place,
    said_beside,
    seeded,
)
from freehold.server.forms.reading import dropped, seed_of, several, sse, typed
from freehold.server.problems import Refused
from freehold.tasks.text_generation import Piece, Request, Result, Token

NO_CHANCE = float("nan")
USUAL_LENGTH = 16
"""Tokens that OpenAI's completions have when nothing is said."""


class Body(Struct, kw_only=True):
    """What is honored of a body."""

    model: str
    prompt: str | list[Any] | None = None
    suffix: str | None = None
    stream: bool | None = None
    stream_options: dict[str, Any] | None = None
    n: Count | None = None
    max_tokens: Annotated[int, Meta(ge=0, le=2**31)] | None = None
    temperature: Temperature | None = None
    top_p: Share | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    logit_bias: dict[str, float] | None = None
    logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    echo: bool | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    top_k: Annotated[int, Meta(ge=0, le=2**31)] | None = None
    min_p: Share | None = None
    grammar: str | None = None
    ignore_eos: bool | None = None
    truncate: str | None = None


class Completion:
    """`POST /v1/completions`."""

    task = "text-generation"
    media_type = "text/event-stream"
    body = Body

    def read(self, body: dict[str, Any], heard: Heard) -> Asked:
        """One request for each prompt and choice, in this order."""
        said = typed(body, Body)
        texts = prompts(said.prompt)
        seed = seed_of(said.seed)
        each = choices(said.n, heard.most_choices)
        choices(each * len(texts), heard.most_choices)
        requests = chain.from_iterable(seeded(_request(said, t), seed, each) for t in texts)
        return Asked(
            model=said.model,
            task=self.task,
            requests=tuple(requests),
            id=identity("cmpl-", body, seed),
            body=said,
            stream=bool(said.stream),
            created=heard.now,
            dropped=tuple(dropped(body, Body, parts.HARMLESS | _said_once(body))),
        )

    def whole(self, asked: Asked, results: Sequence[Result], served: Served) -> dict[str, Any]:
        """The answer at once."""
        return {
            "id": asked.id,
            "object": "text_completion",
            "created": asked.created,
            "model": asked.model,
            "choices": [_choice(asked, n, result) for n, result in enumerate(results)],
            "usage": parts.usage_of_all(results),
            "system_fingerprint": fingerprint(served),
            **said_beside(results, served),
        }

    def writer(self, asked: Asked, served: Served) -> "CompletionWriter":
        """The answer in chunks."""
        return CompletionWriter(asked, served)


class CompletionWriter:
    """The chunks of a completion."""

    def __init__(self, asked: Asked, served: Served) -> None:
        self._asked, self._served = asked, served
        self._results: dict[int, Result] = {}
        self._length: dict[int, int] = {}
        self._held: dict[int, list[Piece]] = {}
        self._holds = bool(asked.body.echo) and asked.body.logprobs is not None
        self._base = {
            "id": asked.id,
            "object": "text_completion",
            "created": asked.created,
            "model": asked.model,
            "system_fingerprint": fingerprint(served),
        }

    def open(self) -> Iterator[bytes]:
        """The prompts, where they are echoed."""
        if self._asked.body.echo and self._asked.body.logprobs is None:
            for index, request in enumerate(self._asked.requests):
                yield self._chunk(index, request.text)

    def part(self, index: int, part: Any) -> Iterator[bytes]:
        """One piece as text; the result as the end of its choice.

        Where the chances of an echoed prompt are wanted, pieces wait for them: they come first.
        """
        if isinstance(part, Piece) and self._holds:
            self._held.setdefault(index, []).append(part)
        elif isinstance(part, Piece) and (part.text or part.tokens):
            yield self._chunk(index, part.text, tokens=part.tokens)
        elif isinstance(part, Result):
            self._results[index] = part
            if self._holds:
                yield from self._told(index, part)
            yield self._chunk(index, "", parts.FINISH[part.finish])

    def _told(self, index: int, result: Result) -> Iterator[bytes]:
        """The prompt with its chances, then the pieces that waited for it."""
        prompt = self._asked.requests[index].text
        yield self._chunk(index, prompt, tokens=of_prompt(prompt, result))
        for piece in self._held.pop(index, []):
            yield self._chunk(index, piece.text, tokens=piece.tokens)

    def close(self) -> Iterator[bytes]:
        """The usage where it is wanted, and the end."""
        results = [self._results[n] for n in sorted(self._results)]
        beside = said_beside(results, self._served)
        if (self._asked.body.stream_options or {}).get("include_usage"):
            usage = parts.usage_of_all(results)
            yield sse({**self._base, "choices": [], "usage": usage, **beside})
        elif beside:
            yield sse({**self._base, "choices": [], **beside})
        yield b"data: [DONE]\n\n"

    def _chunk(
        self, index: int, text: str, finish: str | None = None, tokens: tuple[Token, ...] = ()
    ) -> bytes:
        told = None
        if tokens:
            begin = self._length.get(index, 0)
            told = chances(tokens, begin)
            self._length[index] = begin + sum(len(token.text) for token in tokens)
        choice = {"index": index, "text": text, "logprobs": told, "finish_reason": finish}
        return sse({**self._base, "choices": [choice]})


def prompts(said: str | list[Any] | None) -> list[str]:
    """The texts to go on with."""
    found = [said] if isinstance(said, str) else said
    if not found:
        raise Refused("invalid", "there is no prompt", param="prompt")
    if all(isinstance(text, str) for text in found):
        return found
    raise Refused("invalid", "a prompt is a text or a list of texts", param="prompt")


def chances(tokens: Iterable[Token], begin: int = 0) -> dict[str, Any]:
    """The logarithms of chances as completions tell them; `begin` is where the text begins."""
    found = list(tokens)
    places, at = [], begin
    for token in found:
        places.append(at)
        at += len(token.text)
    return {
        "tokens": [token.text for token in found],
        "token_logprobs": [None if _unknown(token) else token.log for token in found],
        "top_logprobs": [None if _unknown(token) else dict(token.others) for token in found],
        "text_offset": places,
    }


def _unknown(token: Token) -> bool:
    return token.log != token.log  # not a number: nothing is known


def of_prompt(prompt: str, result: Result) -> tuple[Token, ...]:
    """The tokens of a prompt; the first has no chance, for nothing stands before it."""
    if not result.prompt_tokens:
        return ()
    rest = "".join(token.text for token in result.prompt_tokens)
    first = prompt.removesuffix(rest) if prompt.endswith(rest) else ""
    return (*((Token(first, NO_CHANCE),) if first else ()), *result.prompt_tokens)


def _said_once(body: dict[str, Any]) -> frozenset[str]:
    """`best_of` where it asks for nothing more than one."""
    return (
        frozenset({"best_of"}) if body.get("best_of") in (None, 1, body.get("n")) else frozenset()
    )


def _request(said: Body, text: str) -> Request:
    return Request(
        text=text,
        suffix=said.suffix or None,
        max_tokens=USUAL_LENGTH if said.max_tokens is None else said.max_tokens,
        temperature=said.temperature,
        top_p=said.top_p,
        top_k=said.top_k,
        min_p=said.min_p,
        frequency_penalty=said.frequency_penalty or None,
        presence_penalty=said.presence_penalty or None,
        bias=parts.bias(said.logit_bias),
        stop=several(said.stop),
        grammar=said.grammar or None,
        likely=said.logprobs,
        of_prompt=bool(said.echo) and said.logprobs is not None,
        truncate=place(said.truncate),
        ignore_end=bool(said.ignore_eos),
    )


def _choice(asked: Asked, index: int, result: Result) -> dict[str, Any]:
    prompt = asked.requests[index].text if asked.body.echo else ""
    known = of_prompt(prompt, result) if asked.body.echo else ()
    tokens = (*known, *result.tokens)
    begin = 0 if known else len(prompt)
    return {
        "index": index,
        "text": prompt + result.text,
        "logprobs": chances(tokens, begin) if tokens else None,
        "finish_reason": parts.FINISH[result.finish],
    }
