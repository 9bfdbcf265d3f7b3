"""How long `freehold inspect` takes and how much memory, for headers, statistics and differences.

    PYTHONPATH=src .venv/bin/python benchmarks/inspect_model.py [MILLIONS]

The files are made by this script, from random numbers: two safetensors files in BF16 with so many
million weights (618 if none is said: 1.2 GB), of which the second is the first with its layers
moved; a GGUF file in Q4_K; and one with a vocabulary of 128,256 tokens. Each command runs in a
process of its own: the best and the median of some runs, its time of computing, and its peak
memory. Nothing here is asserted: results go into results.md.
"""

import os
import platform
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from freehold.formats.gguf_writing import Sheet, write_gguf
from freehold.formats.invented_llama import Shape, write_llama
from freehold.formats.safetensors_writing import Entry, header

CODE = """import atexit, os
atexit.register(lambda: open(os.environ["PEAK"], "w").write(open("/proc/self/status").read()))
from freehold.cli.main import main
main()"""
COMMAND = (sys.executable, "-c", CODE, "inspect")
WIDTH, FEED, VOCABULARY, PIECE = 2048, 8192, 64_000, 2**22
LAYER = WIDTH * (2 * WIDTH + WIDTH // 2 + 3 * FEED)
"""Weights in the matrices of one layer."""


class Took(NamedTuple):
    """One run: seconds by the clock and of computing, and bytes at its peak."""

    wall: float
    computing: float
    peak: int


def shapes(layers: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes as of a Llama."""
    yield "model.embed_tokens.weight", (VOCABULARY, WIDTH)
    for n in range(layers):
        rows = {"q": WIDTH, "k": WIDTH // 4, "v": WIDTH // 4, "o": WIDTH}
        for name, count in rows.items():
            yield f"model.layers.{n}.self_attn.{name}_proj.weight", (count, WIDTH)
        for name in ("gate", "up"):
            yield f"model.layers.{n}.mlp.{name}_proj.weight", (FEED, WIDTH)
        yield f"model.layers.{n}.mlp.down_proj.weight", (WIDTH, FEED)
        yield f"model.layers.{n}.input_layernorm.weight", (WIDTH,)


def write_bf16(path: Path, layers: int, moved: float) -> None:
    """Random weights, the same each time; those of layers with a second noise upon them."""
    drawn, noise = np.random.default_rng(7), np.random.default_rng(8)
    every = list(shapes(layers))
    sizes = [int(np.prod(shape)) for _, shape in every]
    with path.open("wb") as file:
        entries = [Entry(n, "BF16", s, 2 * k) for (n, s), k in zip(every, sizes, strict=True)]
        file.write(header(entries, {}))
        for (name, _), size in zip(every, sizes, strict=True):
            for start in range(0, size, PIECE):
                count = min(PIECE, size - start)
                values = drawn.standard_normal(count, np.float32) * np.float32(0.02)
                if moved and "layers" in name:
                    values += noise.standard_normal(count, np.float32) * np.float32(moved)
                file.write((values.view(np.uint32) >> 16).astype(np.uint16).tobytes())


def write_vocabulary(path: Path) -> None:
    """A small model with a large vocabulary."""
    dice = random.Random(7)
    tokens = [
        "".join(dice.choices("abcdefghijklmnop", k=dice.randint(2, 9))) for _ in range(128_256)
    ]
    sheets = [Sheet(f"blk.{n}.attn_q.weight", "Q8_0", (64, 64), bytes(34)) for n in range(32)]
    keys: dict[str, Any] = {
        "general.architecture": "llama", "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "llama-bpe", "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [1] * 128_000 + [3] * 256,
        "tokenizer.ggml.merges": [f"{token[0]} {token[1:]}" for token in tokens] * 2,
        "tokenizer.ggml.bos_token_id": 128_000,
    }  # fmt: skip
    write_gguf(path, keys, sheets)


def run(*words: str) -> Took:
    """One run in a process of its own."""
    began, told = time.perf_counter(), Path(tempfile.gettempdir()) / f"peak-{os.getpid()}"
    child = os.posix_spawn(
        COMMAND[0], [*COMMAND, *words], os.environ | {"PEAK": str(told)},
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )  # fmt: skip
    _, status, used = os.wait4(child, 0)
    if status:
        raise SystemExit(f"inspect {' '.join(words)} ended with {status}")
    wall, status_of = time.perf_counter() - began, told.read_text()
    told.unlink()
    peak = int(status_of.partition("VmHWM:")[2].split()[0]) * 1024
    return Took(wall, used.ru_utime + used.ru_stime, peak)


def measured(what: str, runs: int, *words: str) -> None:
    """Print one line of the table."""
    took = [run(*words) for _ in range(runs)]
    wall, computing = [one.wall for one in took], min(one.computing for one in took)
    peak = max(one.peak for one in took) / 1e6
    print(
        f"| {what} | {min(wall):.2f} s | {median(wall):.2f} s | {computing:.2f} s | {peak:.0f} MB |"
    )


def main(millions: int) -> None:
    """Make the files, run every command, print a table."""
    layers = max(1, (millions * 10**6 - VOCABULARY * WIDTH) // LAYER)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
          f"Python {platform.python_version()}, numpy {np.__version__}")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        base, tuned, gguf, words = (
            Path(folder) / n
            for n in ("base.safetensors", "tuned.safetensors", "q4.gguf", "words.gguf")
        )
        write_bf16(base, layers, 0.0)
        write_bf16(tuned, layers, 1e-3)
        shape = Shape(layers=2 * layers, width=WIDTH, feed=FEED, heads=32, kv_heads=8, kind="Q4_K")
        write_llama(gguf, shape)
        write_vocabulary(words)
        sizes = [file.stat().st_size / 1e9 for file in (base, gguf)]
        print(f"{sizes[0]:.2f} GB in BF16, {sizes[1]:.2f} GB in Q4_K")
        print("| what | best | median | computing | peak memory |\n|---|---|---|---|---|")
        measured("headers, 128,256 tokens", 11, str(words))
        measured("headers, and a text is split", 5, str(words), "--text", "Hello world")
        measured("statistics, BF16", 3, str(base), "--stats")
        measured("statistics, Q4_K", 3, str(gguf), "--stats")
        measured("difference, BF16", 3, str(base), "--against", str(tuned))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 618)
