"""How long the headers of models take to read, and in how much memory, beside a peer in one run.

    PYTHONPATH=src:. .venv/bin/python benchmarks/headers.py
    .venv/bin/pip install gguf==0.19.0     then the same again: both

The files are made by this script: a GGUF head as of Llama 3.1 8B (128,256 tokens, 280,147
merges, 291 tensors), and safetensors headers with many tensors. Then each kind of lie is read.
Nothing here is asserted: results go into results.md.
"""

import os
import platform
import random
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from tests.formats.layouts import Info, gguf, safetensors, tensor
from tests.formats.lies import LIES, after_many

from freehold.core.errors import BrokenInput
from freehold.formats.gguf import read_gguf, read_gguf_metadata
from freehold.formats.safetensors import read_safetensors

RUNS = 15


def large_gguf(tokens: int = 128_256, merges: int = 280_147, layers: int = 32) -> bytes:
    """A head with a vocabulary of the usual lengths of words."""
    dice = random.Random(7)

    def word() -> str:
        return "abcdefghijklmnopqrstuvwxyz"[: max(1, min(26, int(dice.lognormvariate(1.8, 0.5))))]

    infos = [Info("token_embd.weight", [tokens, 4096], 12), Info("output_norm.weight", [4096])]
    for n in range(layers):
        infos += [Info(f"blk.{n}.{part}.weight", [4096, 4096], 12) for part in "abcdefg"]
        infos += [Info(f"blk.{n}.{part}_norm.weight", [4096]) for part in ("attn", "ffn")]
    keys = {
        "general.architecture": "llama",
        "llama.block_count": layers,
        "tokenizer.ggml.tokens": [word() for _ in range(tokens)],
        "tokenizer.ggml.token_type": [1] * tokens,
        "tokenizer.ggml.merges": [word() + " " + word()[:3] for _ in range(merges)],
    }
    return gguf(keys, infos=[*infos, Info("output.weight", [tokens, 4096], 14)], data=0)


def large_safetensors(tensors: int) -> bytes:
    """A header with so many tensors, as of a mixture of experts."""
    return safetensors(
        {
            f"model.layers.{n % 60}.mlp.experts.{n}.down_proj.weight": tensor(
                "BF16", [2048, 1408], n * 5_767_168, (n + 1) * 5_767_168
            )
            for n in range(tensors)
        }
    )


def measured(read: Callable[[], object], runs: int = RUNS) -> tuple[float, float, float]:
    """Milliseconds of processor of the best and the middle run, and MiB that Python took."""
    tried(read)
    times = []
    for _ in range(runs):
        start = time.process_time()
        tried(read)
        times.append(time.process_time() - start)
    tracemalloc.start()
    tried(read)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return 1000 * min(times), 1000 * median(times), most / 2**20


def tried(read: Callable[[], object]) -> str:
    """What a reader says against its input, if anything."""
    try:
        read()
    except BrokenInput as error:
        return str(error)
    return ""


def peer(path: Path) -> Callable[[], object] | None:
    """The reader of the package gguf, if it is installed."""
    if find_spec("gguf") is None:
        return None
    return partial(import_module("gguf").GGUFReader, path)


def main() -> None:
    """Print the tables."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{time.strftime('%Y-%m-%d')}, {machine}, {RUNS} runs\n")
    print("| header | MB | best ms of processor | median | MiB |\n|---|---|---|---|---|")

    def row(name: str, size: int, read: Callable[[], object], runs: int = RUNS) -> None:
        best, middle, most = measured(read, runs)
        print(f"| {name} | {size / 1e6:.1f} | {best:.1f} | {middle:.1f} | {most:.1f} |")

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.gguf"
        data = large_gguf()
        path.write_bytes(data)
        os.truncate(path, 10**11)
        row("GGUF, 128,256 tokens, 280,147 merges", len(data), lambda: read_gguf(path))
        row("the same, metadata alone", len(data), lambda: read_gguf_metadata(path))
        theirs = peer(path)
        if theirs:
            row(f"the same by GGUFReader, gguf {version('gguf')}", len(data), theirs, 3)
        for count in (300, 10_000, 90_000, 165_000):
            head = large_safetensors(count)
            row(f"safetensors, {count:,} tensors", len(head), partial(read_safetensors, head))
    print("\n| lie | ms | MiB | what is said |\n|---|---|---|---|")
    for name, lie in (LIES | after_many(60_000)).items():
        best, _, most = measured(lie.read, 5)
        print(f"| {name} | {best:.2f} | {most:.2f} | {tried(lie.read)[:90]} |")


if __name__ == "__main__":
    main()
