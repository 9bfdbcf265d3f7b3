"""Tokens per second through the server beside its bare engine, at 1, 8 and 32 streams.

    PYTHONPATH=src:benchmarks python benchmarks/serve_tokens.py [--rounds 5] [--tokens 96]
        [--model FILE]

A model (else one of invented weights, about 110 MB in Q8_0) is loaded twice by the same program
with the same settings: once by itself, asked on its own socket, once behind `freehold serve`.
Both are asked in turns for streamed chats by the same client; told are medians, and the median of
the ratios.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from serve import RUN, Client

from freehold.engines.base import ENGINES, Job, start
from freehold.formats.invented_llama import Shape, write_llama
from freehold.judge.fitting.parts import Setting

SHAPE = Shape(layers=8, width=1024, feed=2816, heads=16, kv_heads=8, kind="Q8_0", context=512)
STREAMS = (1, 8, 32)
CONTEXT = 192


class Counting(Client):
    """A client that counts the tokens of its answers by what the server says of them."""

    async def tokens(self, body: dict[str, Any]) -> int:
        """Ask once; the tokens that were written."""
        self.reader, self.writer = await self.connect()
        data = json.dumps(body).encode()
        self.writer.write(
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            f"{self.head}Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
            .encode() + data
        )  # fmt: skip
        text = await self.reader.read()
        self.writer.close()
        assert b" 200 " in text.split(b"\r\n", 1)[0], text[:300]
        events = [part for part in text.split(b"data: ") if b'"completion_tokens"' in part]
        return int(json.loads(events[-1].split(b"\n")[0])["usage"]["completion_tokens"])


async def rate(at: Any, head: str, body: dict[str, Any], streams: int) -> float:
    """Tokens per second of so many streams at once."""
    began = time.perf_counter()
    made = await asyncio.gather(*(Counting(at, head).tokens(body) for _ in range(streams)))
    return sum(made) / (time.perf_counter() - began)


@contextmanager
def behind(folder: Path, model: Path) -> Iterator[int]:
    """`freehold serve` with this model; its port."""
    text = (f'[[models]]\nmodel = "{model}"\nparallel = {max(STREAMS)}\ncontext = {CONTEXT}\n'
            "preload = true\n")  # fmt: skip
    (folder / "freehold.toml").write_text(text)
    words = ("serve", "--config", str(folder / "freehold.toml"), "--port", "0", "--json",
             "--log", "off")  # fmt: skip
    command = (sys.executable, "-c", RUN, *words)
    env = {**os.environ, "FREEHOLD_HOME": str(folder)}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = ""
        while not said.rstrip().endswith("}"):
            said += process.stdout.readline()
        try:
            yield int(json.loads(said)["url"].rpartition(":")[2])
        finally:
            process.terminate()
            process.wait(60)


def main() -> None:
    """Print one line for each number of streams."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=96)
    parser.add_argument("--model", type=Path)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/tmp") as made:
        folder = Path(made)
        model = said.model or folder / "model.gguf"
        if said.model is None:
            write_llama(model, SHAPE)
        setting = Setting(context=CONTEXT, parallel=max(STREAMS))
        job = Job(model=model, task="text-generation", setting=setting)
        with start(ENGINES.get("llama.cpp"), job) as bare, behind(folder, model) as port:
            told = {"model": model.stem, "messages": [{"role": "user", "content": "Why?"}],
                    "max_tokens": said.tokens, "temperature": 0.0, "stream": True,
                    "stream_options": {"include_usage": True}}  # fmt: skip
            key = f"Authorization: {bare.wire._headers['Authorization']}\r\n"
            ways = {"bare": (bare.wire.at, key), "served": (port, "")}
            for at, head in ways.values():
                asyncio.run(rate(at, head, told, max(STREAMS)))
            for streams in STREAMS:
                show(streams, [{name: asyncio.run(rate(at, head, told, streams))
                                for name, (at, head) in ways.items()}
                               for _ in range(said.rounds)])  # fmt: skip


def show(streams: int, rounds: list[dict[str, float]]) -> None:
    """The medians of both and of their ratios."""
    bare, served = (median(one[name] for one in rounds) for name in ("bare", "served"))
    ratio = median(one["served"] / one["bare"] for one in rounds)
    told = f"bare {bare:7.1f}, served {served:7.1f} tokens/s"
    print(f"{streams:3} streams: {told}, ratio {ratio:.3f}",
          flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
