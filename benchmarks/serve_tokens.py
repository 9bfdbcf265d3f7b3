"""Tokens per second through the server beside those of the same engine asked directly.

Both run llama.cpp with the settings of one plan, on a model of random weights; they are measured
in turns, and the median of the ratios counts.
`python benchmarks/serve_tokens.py [--rounds 5] [--tokens 96] [--streams 1,8,32] [--small]`
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import serve

from freehold.engines.base import Running
from freehold.formats.invented_llama import Shape, write_llama
from freehold.server.config import Model
from freehold.server.loading import begin, planned

SHAPE = Shape(layers=12, width=1024, feed=2816, heads=16, kv_heads=4, context=16_384)
SMALL = Shape(layers=2, width=256, feed=512, heads=4, kv_heads=2, context=16_384)
CONTEXT = 256


def wish(number: int, tokens: int) -> dict[str, Any]:
    """A chat that is answered with exactly so many tokens."""
    turns = [{"role": "user", "content": f"Question {number}"}]
    more = {"stream": True, "stream_options": {"include_usage": True}, "ignore_eos": True}
    return {"model": "model", "messages": turns, "max_tokens": tokens, "seed": number, **more}


async def speed(at: Any, head: str, streams: int, tokens: int) -> float:
    """Tokens per second of so many streams at once."""
    clients = [serve.Client(at, head) for _ in range(streams)]
    began = time.perf_counter()
    await asyncio.gather(*(c.ask(wish(n, tokens)) for n, c in enumerate(clients)))
    return streams * tokens / (time.perf_counter() - began)


def compared(bare: Running, port: int, streams: int, said: argparse.Namespace) -> None:
    """Print the medians of both and of their ratios."""
    assert isinstance(bare.wire.at, Path)
    head = f"Authorization: {bare.wire._headers['Authorization']}\r\n"
    pairs = []
    for turn in range(said.rounds + 1):
        ways = [(bare.wire.at, head), (port, "")]
        found = {
            way: asyncio.run(speed(*way, streams, said.tokens))
            for way in (ways if turn % 2 else ways[::-1])
        }
        pairs.append(tuple(found[way] for way in ways))
    pairs = pairs[1:]  # the first warms up
    direct, served = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratios = sorted(through / alone for alone, through in pairs)
    spread = f"{ratios[0]:.3f} to {ratios[-1]:.3f}"
    middle = statistics.median(ratios)
    print(f"{streams:3} streams {direct:9.1f} {served:9.1f} {middle:7.3f}   ({spread})", flush=True)


def measured(folder: Path, said: argparse.Namespace) -> None:
    """Print all of it."""
    counts = [int(word) for word in said.streams.split(",")]
    file = folder / "model.gguf"
    size = write_llama(file, SMALL if said.small else SHAPE)
    most = max(counts)
    (folder / "freehold.toml").write_text(
        f'[[models]]\nmodel = "{file}"\nparallel = {most}\ncontext = {CONTEXT}\npreload = true\n'
    )
    ready = planned(Model(model=str(file), parallel=most, context=CONTEXT), "text-generation")
    with begin(ready) as bare, serve.started(folder) as (port, _, _):
        print(f"tokens a second, {size / 2**20:.0f} MiB, llama.cpp {bare.version}")
        print("                 bare    served   ratio")
        for streams in counts:
            compared(bare, port, streams, said)


def main() -> None:
    """Read the words and print all of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=96)
    parser.add_argument("--streams", default="1,8,32")
    parser.add_argument("--small", action="store_true", help="a tiny model, to try this out")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/tmp") as made:
        measured(Path(made), said)


if __name__ == "__main__":
    main()
