"""The contestants of `benchmarks/run.py` that are asked over a wire: Freehold, and plain servers.

Every figure is taken by the same clock, where the text arrives.
"""

import asyncio
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import run_models as models
from msgspec import Struct

from freehold.actions.convert_model import TARGETS, convert_model
from freehold.actions.engines import able
from freehold.actions.local_model import find
from freehold.core.errors import FreeholdError
from freehold.engines.base import ENGINES, Contract, Job, Running, start
from freehold.engines.hosting.loop import wait
from freehold.judge.fitting.parts import Setting
from freehold.tasks.text_generation import Piece, Request

TEXT = "text-generation"
ENDING = {"ctranslate2"}
"""Engines that refuse to write past the end of an answer."""
SPARE = 16
STARTING, LONGEST = 300.0, 600.0
"""Seconds until a server must be ready, and until all answers at once must be there."""
Tokens = list[int]
Ask = Callable[[Tokens, int], AsyncIterator[object]]
"""The pieces of an answer of so many tokens, as they come."""


class Orders(Struct, frozen=True, kw_only=True):
    """What every contestant is asked to do."""

    threads: int
    rounds: int
    prompts: list[Tokens]
    write: int
    together: dict[str, list[Tokens]]
    write_together: int
    keep: str

    def form(self) -> dict[str, Any]:
        """As JSON."""
        return {name: getattr(self, name) for name in self.__struct_fields__}


def freehold(engine: str, model: Path, precision: str | None, asked: Orders) -> dict[str, float]:
    """Freehold's own way: `run` for the cold start, the engine itself for the rest."""
    program: Contract = ENGINES.get(engine)

    @contextmanager
    def serving(parallel: int, context: int) -> Iterator[Ask]:
        setting = Setting(context=context, parallel=parallel)
        job = Job(model=model, task=TEXT, threads=asked.threads, setting=setting,
                  precision=precision)  # fmt: skip
        with start(program, job) as running:
            yield lambda prompt, count: _pieces(running, prompt, count)

    told = ("--precision", precision) if precision else ()
    words = (sys.executable, "-m", "freehold", "run", str(model), "--continuing", "--untuned",
             "--max-tokens", "2", "--temperature", "0", "--threads", str(asked.threads),
             "--engine", engine, *told, "--", models.words(asked.prompts[0][:32]))  # fmt: skip
    found = _all(serving, asked)
    _cold(words)  # compiles our own code, as an installation does
    return {**found, "cold": median(_cold(words) for _ in range(asked.rounds))}


def others_of_freehold(folder: Path) -> Iterator[tuple[str, str, Path, str | None]]:
    """The engines of Freehold that run the safetensors, as they are or converted.

    Each with its precision, where its model is, and what it is told to compute in.
    """
    model = find(folder / "hf")
    for engine in able(model, TEXT):
        if engine.kind == "worker":
            yield engine.name, "bf16", model.file, "bf16"
    for name, precisions in TARGETS.items():
        engine = ENGINES.get(name)
        for precision in set(precisions) & {"int8", "int4"} if engine.find() else ():
            target = folder / f"own-{name}-{precision}"
            if not target.exists():
                try:
                    convert_model(model.file, target, to=name, precision=precision, task=TEXT)
                except FreeholdError as error:
                    print(f"{name} {precision}: {error}", file=sys.stderr, flush=True)
                    continue
            yield name, precision, target, None
            if name == "openvino":
                yield name, f"{precision} rounding", target, "int8"


async def _pieces(running: Running, prompt: Tokens, count: int) -> AsyncIterator[object]:
    """The pieces of an answer; one that cannot go on past an end hardly ever meets one here."""
    goes_on = running.engine.name not in ENDING
    request = Request(
        text=models.words(prompt[1:]),
        max_tokens=count,
        temperature=0.0,
        seed=1,
        ignore_end=goes_on,
    )
    async for part in running.stream(request):
        if isinstance(part, Piece):
            yield part


def _cold(words: tuple[str, ...]) -> float:
    """Seconds from starting a command to the first sign that it prints."""
    compiled = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    began = time.perf_counter()
    with subprocess.Popen(words, stdout=pipe, stderr=nowhere, env=compiled) as process:
        assert process.stdout is not None
        first = process.stdout.read(1)
        spent = time.perf_counter() - began
        process.communicate()
    if not first:
        raise RuntimeError("nothing was printed")
    return spent


def llama_server(file: Path, asked: Orders) -> dict[str, float]:
    """The same program as Freehold takes, started and asked plainly."""
    found = ENGINES.get("llama.cpp").compiled("llama-server")
    if found is None:
        raise RuntimeError("there is no native build")

    def words(port: int, parallel: int, context: int) -> tuple[str, ...]:
        return (
            str(found.at),
            "--model",
            str(file),
            "--port",
            str(port),
            "--no-webui",
            "--offline",
            "--parallel",
            str(parallel),
            "--ctx-size",
            str(parallel * context),
            "--threads",
            str(asked.threads),
        )

    def body(prompt: Tokens, count: int) -> tuple[str, dict[str, Any]]:
        return "/completion", {
            "prompt": prompt,
            "n_predict": count,
            "temperature": 0.0,
            "ignore_eos": True,
            "stream": True,
            "cache_prompt": False,
        }

    return _server(words, body, asked)


def transformers_serve(python: str, folder: Path, asked: Orders) -> dict[str, float]:
    """The server of transformers; with continuous batching where several are asked at once."""
    model = str(folder / "hf")

    def words(port: int, parallel: int, context: int) -> tuple[str, ...]:
        batching = ("--continuous-batching",) if parallel > 1 else ()
        kind = ("--device", "cpu", "--dtype", "bfloat16")
        program = "from transformers.cli.transformers import main; main()"
        return (python, "-c", program, "serve", "--port", str(port), *kind, *batching, model)

    def body(prompt: Tokens, count: int) -> tuple[str, dict[str, Any]]:
        told = {"prompt": models.words(prompt), "max_tokens": count, "temperature": 0.0}
        return "/v1/completions", {"model": model, **told, "stream": True}

    return _server(words, body, asked)


def _server(
    words: Callable[[int, int, int], tuple[str, ...]],
    body: Callable[[Tokens, int], tuple[str, dict[str, Any]]],
    asked: Orders,
) -> dict[str, float]:
    """A program that speaks HTTP on a port."""

    @contextmanager
    def serving(parallel: int, context: int) -> Iterator[Ask]:
        with _running(words, parallel, context) as port:
            yield lambda prompt, count: _events(port, *body(prompt, count))

    def cold() -> float:
        began = time.perf_counter()
        with _running(words, 1, 1024) as port:
            wait(_first(_events(port, *body(asked.prompts[0][:32], 2))))
            return time.perf_counter() - began

    return {**_all(serving, asked), "cold": median(cold() for _ in range(asked.rounds))}


@contextmanager
def _running(
    words: Callable[[int, int, int], tuple[str, ...]], parallel: int, context: int
) -> Iterator[int]:
    """The program on a free port, ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryFile() as log:
        offline = {**os.environ, "HF_HUB_OFFLINE": "1"}
        process = subprocess.Popen(
            words(port, parallel, context), stdout=log, stderr=log, env=offline
        )
        try:
            _await(port, process, log)
            yield port
        finally:
            process.kill()
            process.wait()


def _await(port: int, process: "subprocess.Popen[bytes]", log: Any) -> None:
    until = time.monotonic() + STARTING
    while time.monotonic() < until:
        if process.poll() is not None:
            log.seek(0)
            raise RuntimeError(
                (log.read().decode(errors="replace").strip().splitlines() or ["?"])[-1]
            )
        try:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            line.request("GET", "/health")
            if line.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.02)
    raise RuntimeError("it was not ready in time")


async def _events(port: int, path: str, body: dict[str, Any]) -> AsyncIterator[object]:
    """The events of one answer that hold text."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    data = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.0",
        "Content-Type: application/json",
        f"Content-Length: {len(data)}",
    )
    writer.write("\r\n".join((*head, "", "")).encode() + data)
    try:
        while line := await reader.readline():
            if line.startswith(b"data: ") and b'"role"' not in line and b"[DONE]" not in line:
                yield line
            elif b'"error"' in line:
                raise RuntimeError(line.decode(errors="replace")[:200])
    finally:
        writer.close()


def _all(serving: Any, asked: Orders) -> dict[str, float]:
    """Every figure but the cold start."""
    length = len(asked.prompts[0])
    read, made = [], []
    with serving(1, length + asked.write + SPARE) as ask:
        wait(_timed(ask, asked.prompts[0][:32], 4))
        for prompt in asked.prompts[1:]:
            first, last = wait(_timed(ask, prompt, asked.write))
            read.append(length / first)
            made.append((asked.write - 1) / (last - first))
    found = {"prefill": median(read), "decode": median(made)}
    for name, prompts in asked.together.items():
        context = len(prompts[0]) + asked.write_together + SPARE
        with serving(len(prompts), context) as ask:
            wait(_timed(ask, asked.prompts[0][:32], 4))
            try:
                spent = wait(_together(ask, prompts, asked.write_together))
            except TimeoutError:
                continue  # no figure: it took longer than anybody would wait
        found[name] = len(prompts) * asked.write_together / spent
    return found


async def _timed(ask: Ask, prompt: Tokens, count: int) -> tuple[float, float]:
    """Seconds to the first piece and to the last."""
    began, first, last = time.perf_counter(), 0.0, 0.0
    async for _ in ask(prompt, count):
        last = time.perf_counter() - began
        first = first or last
    if not last:
        raise RuntimeError("the answer is empty")
    return first, last


async def _first(pieces: AsyncIterator[object]) -> None:
    async for _ in pieces:
        return


async def _together(ask: Ask, prompts: list[Tokens], count: int) -> float:
    """Seconds until all answers are there."""
    began = time.perf_counter()
    async with asyncio.timeout(LONGEST):
        await asyncio.gather(*(_timed(ask, prompt, count) for prompt in prompts))
    return time.perf_counter() - began
