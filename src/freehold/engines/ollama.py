"""Asks an Ollama that runs already on this machine, or where OLLAMA_HOST says."""

import os
import re
import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

from freehold.core.errors import EnvironmentProblem, UsageError
from freehold.engines.base import Contract, Found, Job, Running
from freehold.engines.hosting import ollama_text as texts
from freehold.engines.hosting.address import address, leaving
from freehold.engines.hosting.loop import wait
from freehold.engines.hosting.openai_server import (
    AT_ONCE,
    alone,
    floats_of,
    normal,
    plain,
    refuse,
    refused,
)
from freehold.engines.hosting.openai_text import Clock, Parts
from freehold.engines.hosting.process import Orders
from freehold.engines.hosting.wire import Broken, Refusal, Wire
from freehold.tasks import feature_extraction as vectors
from freehold.tasks.base import Progress, Work
from freehold.tasks.text_generation import Piece, Request, Result

USUAL = "http://127.0.0.1:11434"
SOON = 1.0
"""Seconds in which it must answer that it is there."""
OLDEST = (0, 13)
"""Older ones cut prompts that are too long, and cannot be told not to."""


def home() -> str:
    """Where Ollama listens."""
    said = os.environ.get("OLLAMA_HOST", "").strip().rstrip("/")
    if not said:
        return USUAL
    if "://" not in said:
        said = f"http://{said}"
    return said if re.search(r":\d+$", said) else f"{said}:11434"


class Engine(Contract):
    """Ollama, by its address."""

    name = "ollama"
    kind = "address"
    tasks = frozenset({"text-generation", "feature-extraction"})
    formats = frozenset({"ollama"})
    devices = ("elsewhere",)
    precisions = ("as served",)
    hint = "start Ollama, or bring the model here: freehold get ollama:NAME"

    def find(self) -> Found | None:
        """Where OLLAMA_HOST says, or on this machine, if it answers there."""
        try:
            wire = address(f"{home()}#any").wire({})
            wire.patience = SOON
            told = wait(wire.get("/api/version"))
            version = str(told["version"])
        except (Broken, Refusal, EnvironmentProblem, UsageError, KeyError, TypeError, OSError):
            return None
        return Found("address", Path("/"), version)

    def begin(self, job: Job, found: Found, folder: Path) -> tuple[Orders | None, Wire]:
        """Nothing to start; an Ollama that would cut prompts is refused."""
        alone(job, self.name)
        numbers = tuple(int(n) for n in re.findall(r"\d+", found.version or "")[:2])
        if numbers < OLDEST:
            raise EnvironmentProblem(
                f"Ollama {found.version} cuts prompts that are too long without a word",
                hint=f"update it to {'.'.join(map(str, OLDEST))} or later",
            )
        return None, address(job.address).wire({})

    def notes(self, job: Job, found: Found) -> tuple[str, ...]:
        """That what is asked leaves this machine, where it does."""
        return leaving(address(job.address))

    async def answer(self, running: Running, request: Any) -> AsyncGenerator[Any, None]:
        """Write text, or turn texts into vectors."""
        work = self.embed if running.job.task == "feature-extraction" else self.write
        try:
            async with aclosing(work(running, request)) as parts:
                async for part in parts:
                    yield part
        except Refusal as error:
            raise refused(error, self.name) from error

    async def write(
        self, running: Running, request: Request
    ) -> AsyncGenerator[Piece | Result, None]:
        """The pieces of the answer as they come, then the result."""
        refuse(request, texts.HONORED, self.name)
        seed = secrets.randbelow(2**31) if request.seed is None else request.seed
        context = running.job.setting.context
        model = address(running.job.address).model
        path, body = texts.asked(request, model, seed, context)
        began, first, parts = time.monotonic(), None, Parts(request.likely)
        async with aclosing(running.wire.rows(path, body)) as rows:
            async for row in rows:
                for piece in texts.take(row, parts):
                    first = first or time.monotonic()
                    yield piece
        ended = time.monotonic()
        clock = Clock((first or ended) - began, ended - began)
        yield parts.result(clock, seed=seed, context=context)

    async def embed(
        self, running: Running, request: vectors.Request
    ) -> AsyncGenerator[Progress | vectors.Result, None]:
        """One vector for each text."""
        plain(request, self.name)
        began, found, read = time.monotonic(), list[bytes](), 0
        body: dict[str, Any] = {"model": address(running.job.address).model, "truncate": False}
        if request.dimensions is not None:
            body["dimensions"] = request.dimensions
        for start in range(0, len(request.items), AT_ONCE):
            if start:
                yield Progress(start, len(request.items), "items")
            some = list(request.items[start : start + AT_ONCE])
            told = await running.wire.post("/api/embed", {**body, "input": some})
            found += [floats_of(vector) for vector in told["embeddings"]]
            read += int(told.get("prompt_eval_count") or 0)
        if request.normalize:
            found = [normal(vector) for vector in found]
        size = len(found[0]) // 4 if found else 0
        work = Work(time.monotonic() - began, read, "tokens")
        yield vectors.Result(form="dense", size=size, dense=tuple(found), tokens=read, work=work)
