"""Asks the proprietary models of Anthropic, to compare with; what is asked leaves this machine."""

import sys
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

from freehold.engines.base import Contract, Found, Job, Running
from freehold.engines.hosting import anthropic_text as texts
from freehold.engines.hosting.address import address, key, leaving
from freehold.engines.hosting.openai_server import alone, refuse, refused
from freehold.engines.hosting.openai_text import Clock, Parts
from freehold.engines.hosting.process import Orders
from freehold.engines.hosting.wire import Refusal, Wire

KEY = "ANTHROPIC_API_KEY"
VERSION = "2023-06-01"
NO_SEED = "it has no seed: the same question may be answered in another way"


class Engine(Contract):
    """Any server of Anthropic's protocol, by its address."""

    name = "anthropic"
    kind = "address"
    tasks = frozenset({"text-generation"})
    formats = frozenset({"anthropic"})
    devices = ("elsewhere",)
    precisions = ("as served",)
    hint = "name a model as anthropic:NAME"

    def find(self) -> Found | None:
        """Always: nothing needs to be installed to ask."""
        return Found("address", Path(sys.executable))

    def begin(self, job: Job, found: Found, folder: Path) -> tuple[Orders | None, Wire]:
        """Nothing to start; the key is in a variable of the environment."""
        alone(job, self.name)
        told = {"x-api-key": key(KEY, "Anthropic"), "anthropic-version": VERSION}
        return None, address(job.address).wire(told)

    def notes(self, job: Job, found: Found) -> tuple[str, ...]:
        """That what is asked leaves this machine."""
        return leaving(address(job.address))

    async def answer(self, running: Running, request: Any) -> AsyncGenerator[Any, None]:
        """The pieces of the answer as they come, then the result."""
        refuse(request, texts.HONORED, self.name)
        body = texts.asked(request, address(running.job.address).model)
        began, first, parts = time.monotonic(), None, Parts()
        stream = texts.Stream(parts)
        try:
            async with aclosing(running.wire.stream("/v1/messages", body)) as events:
                async for event in events:
                    for piece in stream.take(event):
                        first = first or time.monotonic()
                        yield piece
                    if stream.ended:
                        break
        except Refusal as error:
            raise refused(error, self.name) from error
        ended = time.monotonic()
        clock = Clock((first or ended) - began, ended - began)
        yield parts.result(clock, seed=0, notes=(NO_SEED,))
