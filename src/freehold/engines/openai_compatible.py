"""Asks a server that runs already and speaks the OpenAI protocol, at an address that is named.

Models are named `http://host:port/v1#model`, or `openai:model` for the proprietary ones, which are
there to compare with. What is asked of another machine leaves this one, and that is said.
"""

import os
import sys
from pathlib import Path
from typing import Any

from freehold.engines.base import Found, Job, Running
from freehold.engines.hosting.address import address, key, leaving
from freehold.engines.hosting.openai_server import OpenAIServer, alone
from freehold.engines.hosting.process import Orders
from freehold.engines.hosting.wire import Wire
from freehold.tasks.text_generation import Request

KEY, OF_OPENAI = "FREEHOLD_ADDRESS_KEY", "OPENAI_API_KEY"
OPENAI = "https://api.openai.com/"


class Engine(OpenAIServer):
    """Any server of the OpenAI protocol, by its address."""

    name = "openai-compatible"
    kind = "address"
    tasks = frozenset({"text-generation", "feature-extraction"})
    formats = frozenset({"openai"})
    devices = ("elsewhere",)
    precisions = ("as served",)
    hint = "name the address of a server that runs: http://host:port/v1#model"
    counts = False

    def find(self) -> Found | None:
        """Always: nothing needs to be installed to ask."""
        return Found("address", Path(sys.executable))

    def begin(self, job: Job, found: Found, folder: Path) -> tuple[Orders | None, Wire]:
        """Nothing to start; the key for this address is in a variable of the environment."""
        alone(job, self.name)
        where = address(job.address)
        if where.url.startswith(OPENAI):
            told = key(OF_OPENAI, "OpenAI")
        else:
            told = key(KEY, where.host) if os.environ.get(KEY) else ""
        return None, where.wire({"Authorization": f"Bearer {told}"} if told else {})

    def notes(self, job: Job, found: Found) -> tuple[str, ...]:
        """That what is asked leaves this machine, where it does."""
        return leaving(address(job.address))

    def model(self, running: Running) -> str:
        """The name after the #."""
        return address(running.job.address).model

    def route(self, path: str) -> str:
        """Below the address, which has the version in it."""
        return path

    def body(self, running: Running, request: Request, seed: int | None) -> dict[str, Any]:
        """OpenAI itself has a new name for the length of the answer."""
        body = super().body(running, request, seed)
        newer = address(running.job.address).url.startswith(OPENAI) and request.text is None
        if newer and "max_tokens" in body:
            body["max_completion_tokens"] = body.pop("max_tokens")
        return body
