"""What engines share whose servers speak the OpenAI protocol; they differ in what they honor.

A wish that a server is not known to honor is refused by its name: servers of this protocol drop
what they do not know without a word.
"""

import base64
import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, ClassVar

from freehold.core.errors import BrokenInput, EnvironmentProblem, NotAllowed, UsageError
from freehold.engines.base import Contract, Job, Running
from freehold.engines.hosting import openai_text as openai
from freehold.engines.hosting.openai_text import Clock, Parts
from freehold.engines.hosting.wire import Broken, Refusal
from freehold.tasks import feature_extraction as vectors
from freehold.tasks import text_ranking as ranks
from freehold.tasks.base import File, Progress, Work
from freehold.tasks.text_generation import Piece, Request, Result

CHATS = frozenset({"messages", "max_tokens", "temperature", "top_p", "seed", "stop"})
USUAL = CHATS | {
    *("text", "frequency_penalty", "presence_penalty", "bias", "schema", "tools", "choice"),
    "likely",
}
"""Wishes that are part of the protocol itself."""
SAMPLING = {"top_k": "top_k", "min_p": "min_p", "ignore_end": "ignore_eos"}
"""Wishes beyond the protocol that several servers know, and their names for them."""
AT_ONCE = 32


class OpenAIServer(Contract):
    """An engine whose server speaks the OpenAI protocol."""

    honors: ClassVar[frozenset[str]] = USUAL
    own: ClassVar[dict[str, str]] = {}
    """Wishes beyond the protocol and the names that the server has for them."""
    marked: ClassVar[bool] = True
    counts: ClassVar[bool] = True
    """Whether it always says how many tokens it took."""

    async def answer(self, running: Running, request: Any) -> AsyncGenerator[Any, None]:
        """Write text, or turn texts into vectors, or sort them."""
        works: dict[str, Any] = {"feature-extraction": self.embed, "text-ranking": self.rank}
        work = works.get(running.job.task, self.write)
        try:
            async with aclosing(work(running, request)) as parts:
                async for part in parts:
                    yield part
        except Refusal as error:
            raise refused(error, self.name) from error

    def model(self, running: Running) -> str:
        """The server's name of the model."""
        return str(running.job.model)

    def body(self, running: Running, request: Request, seed: int | None) -> dict[str, Any]:
        """The request in the words of this server."""
        own = {name: getattr(request, field) for field, name in self.own.items()}
        body = {"model": self.model(running), **openai.streamed(openai.sampling(request, seed))}
        body |= {name: value for name, value in own.items() if value not in (None, False)}
        if request.text is None:
            return body | openai.chat(request)
        likely = {} if request.likely is None else {"logprobs": request.likely}
        return {**body, "prompt": request.text, **likely}

    async def write(
        self, running: Running, request: Request
    ) -> AsyncGenerator[Piece | Result, None]:
        """The pieces of the answer as they come, then the result."""
        refuse(request, self.honors | self.own.keys(), self.name)
        seed = secrets.randbelow(2**31) if request.seed is None else request.seed
        body = self.body(running, request, seed)
        path = "/chat/completions" if request.text is None else "/completions"
        began, first, parts = time.monotonic(), None, Parts(request.likely)
        stream = running.wire.stream(self.route(path), body, marked=self.marked)
        async with aclosing(stream) as events:
            async for event in events:
                for piece in parts.take(event):
                    first = first or time.monotonic()
                    yield piece
        ended = time.monotonic()
        clock = Clock((first or ended) - began, ended - began)
        context = running.job.setting.context if running.here else None
        notes = self.uncounted(parts)
        yield parts.result(clock, seed=seed, context=context, notes=notes)

    def route(self, path: str) -> str:
        """Where the server offers something."""
        return f"/v1{path}"

    def uncounted(self, parts: Parts) -> tuple[str, ...]:
        """That nobody counted the tokens, where a server does not."""
        if parts.usage or self.counts:
            return ()
        parts.usage = {"prompt_tokens": 0, "completion_tokens": 0}
        return ("the server does not say how many tokens it took",)

    async def embed(
        self, running: Running, request: vectors.Request
    ) -> AsyncGenerator[Progress | vectors.Result, None]:
        """One vector for each text."""
        began, found, read = time.monotonic(), list[bytes](), 0
        plain(request, self.name)
        body: dict[str, Any] = {"model": self.model(running), "encoding_format": "base64"}
        if request.dimensions is not None:
            body["dimensions"] = request.dimensions
        for start in range(0, len(request.items), AT_ONCE):
            if start:
                yield Progress(start, len(request.items), "items")
            some = list(request.items[start : start + AT_ONCE])
            told = await running.wire.post(self.route("/embeddings"), {**body, "input": some})
            rows = sorted(told["data"], key=lambda row: int(row["index"]))
            found += [floats_of(row["embedding"]) for row in rows]
            read += int((told.get("usage") or {}).get("prompt_tokens") or 0)
        size = len(found[0]) // 4 if found else 0
        if len(found) != len(request.items) or any(len(x) != 4 * size for x in found):
            raise Broken("not every item got a vector of the same length")
        if request.normalize:
            found = [normal(vector) for vector in found]
        work = Work(time.monotonic() - began, read, "tokens")
        yield vectors.Result(form="dense", size=size, dense=tuple(found), tokens=read, work=work)

    async def rank(
        self, running: Running, request: ranks.Request
    ) -> AsyncGenerator[ranks.Result, None]:
        """The documents, best first, as the rerank route of some servers gives them."""
        if request.truncate or any(isinstance(item, File) for item in request.documents):
            raise UsageError(f"{self.name} sorts whole texts only")
        began = time.monotonic()
        documents = list(request.documents)
        body = {"model": self.model(running), "query": request.query, "documents": documents}
        told = await running.wire.post(self.route("/rerank"), body)
        rows = told if isinstance(told, list) else told["results"]
        found = [
            ranks.Ranked(int(row["index"]), float(row.get("relevance_score", row.get("score"))))
            for row in rows
        ]
        found.sort(key=lambda ranked: (-ranked.score, ranked.index))
        usage = {} if isinstance(told, list) else told.get("usage") or {}
        read = int(usage.get("prompt_tokens") or usage.get("total_tokens") or 0)
        yield ranks.Result(
            ranked=tuple(found[: request.top]),
            scale="as the server gives it",
            tokens=read,
            work=Work(time.monotonic() - began, len(documents), "documents"),
        )


def refuse(request: Request, honored: frozenset[str] | set[str], name: str) -> None:
    """Refuse by name every wish that a server is not known to honor."""
    usual = Request()
    for field in request.__struct_fields__:
        if field not in honored and getattr(request, field) != getattr(usual, field):
            word = field.removeprefix("of_").replace("_", "-")
            raise UsageError(f"{name} does not honor {word}, so it is refused, not dropped")
    if request.choice is not None and not request.tools:
        raise UsageError("a choice of tools needs tools")
    if request.text is not None and (request.tools or request.schema is not None):
        raise UsageError("tools and schemas: only in a chat, not when a text is continued")
    if request.text is None and not request.messages:
        raise UsageError("the prompt is empty")


def refused(error: Refusal, name: str) -> Exception:
    """The error that a refusal of a server stands for."""
    says = " ".join(str(error).split())[:500]
    if error.status in (401, 403):
        return NotAllowed(f"{name} is not for everybody: {says}", hint="check the key")
    if 300 <= error.status < 400:
        return BrokenInput(f"{name} leads to another place, where nobody is followed")
    if error.status == 429:
        return EnvironmentProblem(f"{name} has had enough for now: {says}", hint="ask again later")
    if 400 <= error.status < 500:
        return UsageError(f"{name} refuses the request: {says}")
    return EnvironmentProblem(f"{name} fails: {says}")


def plain(request: vectors.Request, name: str) -> None:
    """Refuse what the protocol has no words for."""
    if request.form != "dense" or request.role is not None or request.truncate:
        raise UsageError(f"{name} gives dense vectors of whole texts, without roles")
    if any(isinstance(item, File) for item in request.items):
        raise UsageError(f"{name} turns only texts into vectors")


def floats_of(told: Any) -> bytes:
    """A vector as 32-bit floats, from Base64 or from a list of numbers."""
    import struct

    if isinstance(told, str):
        return base64.b64decode(told)
    return struct.pack(f"<{len(told)}f", *told)


def normal(vector: bytes) -> bytes:
    """The vector with length 1."""
    import math
    import struct

    numbers = vectors.floats(vector)
    length = math.hypot(*numbers) or 1.0
    return struct.pack(f"<{len(numbers)}f", *(x / length for x in numbers))


def alone(job: Job, name: str) -> None:
    """Refuse what would come on top of a model, for engines that put nothing there."""
    told = {
        "adapters": job.adapters,
        "a projector": job.projector,
        "a draft model": job.draft,
        "layers on cards": job.gpu_layers is not None,
    }
    for what, there in told.items():
        if there:
            raise UsageError(f"{name} takes no {what.removeprefix('a ')} here")
