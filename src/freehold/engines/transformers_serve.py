"""Starts `transformers serve`, the server of Transformers itself, for a folder in its layout.

It drops most wishes of its protocol without a word. Those it has no words for are sent as the
whole configuration of an answer, which it does take; the others are refused.
"""

import json
from pathlib import Path
from typing import Any

from freehold.engines.base import Found, Job, Running, package
from freehold.engines.hosting.openai_server import CHATS, OpenAIServer, alone
from freehold.engines.hosting.process import Orders
from freehold.engines.hosting.serving import TYPES, on_socket
from freehold.engines.hosting.wire import Wire
from freehold.formats.structured import read_json
from freehold.tasks.text_generation import Request

ENDS = ("bos_token_id", "eos_token_id", "pad_token_id")
LENGTH = 1024
"""Tokens of an answer when nobody says how many, as the server has it."""


class Engine(OpenAIServer):
    """transformers serve."""

    name = "transformers-serve"
    kind = "server"
    tasks = frozenset({"text-generation"})
    formats = frozenset({"safetensors"})
    devices = ("cpu", "cuda", "mps")
    precisions = ("f32", "f16", "bf16")
    lock = "transformers-serve.txt"
    hint = "freehold runtime install transformers-serve"
    honors = CHATS | {"text", "top_k", "min_p", "tools", "thinking", "ignore_end"}
    marked = False

    def find(self) -> Found | None:
        """The Python that has it and what it serves with."""
        return package("fastapi", self.runtime()) and package("transformers", self.runtime())

    def begin(self, job: Job, found: Found, folder: Path) -> tuple[Orders | None, Wire]:
        """Start it on a socket in its own folder, which only this user may enter."""
        alone(job, self.name)
        words = [str(job.model), "--dtype", TYPES[job.precision], "--device", job.device or "cpu"]
        return on_socket(found, folder, job, "transformers.cli.transformers", ["serve", *words])

    def body(self, running: Running, request: Request, seed: int | None) -> dict[str, Any]:
        """What the server would drop goes into the configuration of the answer."""
        body = super().body(running, request, seed)
        body["generation_config"] = json.dumps(configuration(running.job.model, request))
        for name in ("stream_options", "tool_choice", "temperature", "top_p", "max_tokens"):
            body.pop(name, None)
        if request.thinking is not None:
            body["chat_template_kwargs"] = {"enable_thinking": request.thinking}
        return body


def configuration(folder: Path, request: Request) -> dict[str, Any]:
    """How to generate: what the model's own file says, and over it what was asked for."""
    own = _read(folder / "generation_config.json")
    whole = _read(folder / "config.json")
    ends = {name: whole[name] for name in ENDS if whole.get(name) is not None}
    wanted: dict[str, Any] = {
        "temperature": request.temperature,
        "top_p": request.top_p,
        "top_k": request.top_k,
        "min_p": request.min_p,
    }
    said = {name: value for name, value in wanted.items() if value is not None}
    if said:
        said["do_sample"] = request.temperature != 0
    if not said.get("do_sample", True):
        said = {"do_sample": False}
    found = {**ends, **own, **said, "max_new_tokens": request.max_tokens or LENGTH}
    if request.ignore_end:
        found["eos_token_id"] = None
    return {name: value for name, value in found.items() if name != "transformers_version"}


def _read(file: Path) -> dict[str, Any]:
    return read_json(file, file.name) if file.is_file() else {}
