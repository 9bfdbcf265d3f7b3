"""What the server costs: added latency, throughput, memory, idle streams, the cold start.

Beside it, where it is installed, the proxy of litellm on the same stand-in for an engine.
`python benchmarks/serve.py [--rate 300] [--seconds 10] [--peer PYTHON_WITH_LITELLM]`
"""

import argparse
import asyncio
import json
import os
import socket
import stat
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from freehold.formats.invented_llama import Shape, write_llama

STUB = Path(__file__).with_name("serve_stub.py")
TINY = Shape(layers=2, width=128, feed=256, heads=4, kv_heads=2, context=2048)
BODY = {"model": "fast", "messages": [{"role": "user", "content": "Why is the sky blue?"}]}
PARALLEL = 512
RUN = "from freehold.cli.main import main; main()"


class Client:
    """One connection that is kept, and asks one thing after the other."""

    def __init__(self, at: Any, head: str = "") -> None:
        self.at, self.head = at, head
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def ask(self, body: dict[str, Any]) -> float:
        """Seconds until the whole answer is there."""
        began = time.perf_counter()
        if self.writer is None:
            self.reader, self.writer = await self.connect()
        assert self.reader is not None
        data = json.dumps(body).encode()
        self.writer.write(
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n{self.head}"
            f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode()
            + data
        )
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        assert b" 200 " in head.split(b"\r\n")[0], head
        if b"content-length:" in head:
            size = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            await self.reader.readexactly(size)
        else:
            while size := int(await self.reader.readline(), 16):
                await self.reader.readexactly(size + 2)
            await self.reader.readexactly(2)
        return time.perf_counter() - began

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.at, Path):
            return await asyncio.open_unix_connection(self.at)
        return await asyncio.open_connection("127.0.0.1", self.at)


async def steadily(at: Any, rate: float, seconds: float, body: dict[str, Any]) -> list[float]:
    """The latency of each request when so many begin every second, whatever happens."""
    idle = [Client(at) for _ in range(32)]
    found: list[float] = []

    async def one(client: Client) -> None:
        found.append(await client.ask(body))
        idle.append(client)

    began, tasks = time.perf_counter(), []
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        tasks.append(asyncio.create_task(one(idle.pop() if idle else Client(at))))
    await asyncio.gather(*tasks)
    return found[int(rate) :]  # the first second warms up


async def most(at: Any, seconds: float, body: dict[str, Any], clients: int = 16) -> float:
    """Requests per second that so many clients get."""
    until, count = time.perf_counter() + seconds, 0

    async def one() -> None:
        nonlocal count
        client = Client(at)
        while time.perf_counter() < until:
            await client.ask(body)
            count += 1

    await asyncio.gather(*(one() for _ in range(clients)))
    return count / seconds


def worked(pid: int, at: Any, body: dict[str, Any], count: int = 300) -> float:
    """Milliseconds of a core that one request takes in the server, one after the other."""

    async def asked() -> None:
        client = Client(at)
        for _ in range(count):
            await client.ask(body)

    before = sum(psutil.Process(pid).cpu_times()[:2])
    asyncio.run(asked())
    return (sum(psutil.Process(pid).cpu_times()[:2]) - before) / count * 1e3


async def idling(at: Any, count: int) -> float:
    """Streams that are open at once and end well, as a share of all."""
    body = {**BODY, "model": "idle", "stream": True}
    done = await asyncio.gather(*(Client(at).ask(body) for _ in range(count)),
                                return_exceptions=True)  # fmt: skip
    return sum(isinstance(one, float) for one in done) / count


def told(name: str, direct: list[float], through: list[float]) -> None:
    """The quantiles of both, and their difference."""
    for what, at in (("median", 0.5), ("p90", 0.9), ("p99", 0.99)):
        one, other = (
            statistics.quantiles(x, n=1000)[int(at * 1000) - 1] for x in (direct, through)
        )
        print(f"{name:34} {what:7} {one * 1e3:7.2f} {other * 1e3:7.2f} {(other - one) * 1e3:+7.2f}")


@contextmanager
def served(
    folder: Path, names: tuple[str, ...] = ("fast", "idle")
) -> Iterator[tuple[int, int, float]]:
    """A server of models on the stand-in: its port, its process, its seconds to ready."""
    program = folder / "llama-server"
    program.write_text(f"#!{sys.executable}\n{STUB.read_text()}")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    models = []
    for name in names:
        write_llama(folder / f"{name}.gguf", TINY)
        models.append(
            f'[[models]]\nmodel = "{folder}/{name}.gguf"\nparallel = {PARALLEL}\ncontext = 64'
        )
    limits = "[limits]\nwaiting = 4096\n[server]\nmemory_gib = 8"
    (folder / "freehold.toml").write_text("\n".join([limits, *models]))
    env = {**os.environ, "FREEHOLD_LLAMA_SERVER": str(program), "FREEHOLD_HOME": str(folder)}
    words = ("serve", "--config", str(folder / "freehold.toml"), "--port", "0", "--json", "--log",
             "off")  # fmt: skip
    began = time.perf_counter()
    command = (sys.executable, "-c", RUN, *words)
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        text = ""
        while not text.rstrip().endswith("}"):
            text += process.stdout.readline()
        ready = time.perf_counter() - began
        try:
            yield int(json.loads(text)["url"].rpartition(":")[2]), process.pid, ready
        finally:
            process.terminate()
            process.wait(60)


@contextmanager
def bare(folder: Path) -> Iterator[Path]:
    """The stand-in by itself."""
    at = folder / "bare.sock"
    words = ("--host", str(at), "--model", "fast")
    with subprocess.Popen((sys.executable, str(STUB), *words)) as process:
        while not at.exists():
            time.sleep(0.01)
        try:
            yield at
        finally:
            process.terminate()


@contextmanager
def litellm(python: str, folder: Path) -> Iterator[tuple[int, int]]:
    """The proxy of litellm with one worker, in front of the stand-in on a port."""
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        port, engine = one.getsockname()[1], other.getsockname()[1]
    relay = subprocess.Popen((sys.executable, str(STUB), "--host", str(engine), "--model", "x"))
    env = {**os.environ, "LITELLM_LOG": "ERROR", "PYTHONPATH": "",
           "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true"}  # fmt: skip
    params = {"model": "openai/fast", "api_base": f"http://127.0.0.1:{engine}/v1", "api_key": "x"}
    table = {"model_list": [{"model_name": "fast", "litellm_params": params}]}
    (folder / "litellm.json").write_text(json.dumps(table))
    command = (python, "-m", "litellm.proxy.proxy_cli", "--config", str(folder / "litellm.json"),
               "--port", str(port), "--num_workers", "1")  # fmt: skip
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet, env=env) as process:
        try:
            for _ in range(3000):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield port, process.pid
        finally:
            process.terminate()
            relay.terminate()


def mib(pid: int) -> float:
    """The memory of one process."""
    return psutil.Process(pid).memory_info().rss / 2**20


def ours(folder: Path, said: Any) -> None:
    """Print what Freehold takes."""
    stream = {**BODY, "stream": True}
    with bare(folder) as engine, served(folder) as (port, pid, ready):
        asyncio.run(Client(port).ask(BODY))
        print(f"{'':42} bare  served   added  (ms)")
        for name, body in (("at once", BODY), ("streamed", stream)):
            direct = asyncio.run(steadily(engine, said.rate, said.seconds, stream))
            through = asyncio.run(steadily(port, said.rate, said.seconds, body))
            told(f"{name}, {said.rate:.0f} requests a second", direct, through)
        for name, body in (("at once", BODY), ("streamed", stream)):
            print(f"{name}, ms of a core each            {worked(pid, port, body):7.2f}")
        print(f"most requests a second             {asyncio.run(most(port, 5, BODY)):7.0f}")
        print(f"resident memory, MiB               {mib(pid):7.0f}")
        held = asyncio.run(idling(port, said.idle))
        print(f"of {said.idle} idle streams ended well    {held:7.1%}")
        print(f"resident memory after them, MiB    {mib(pid):7.0f}")
        print(f"cold start to ready, seconds       {ready:7.2f}")


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, default=300)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--idle", type=int, default=1000)
    parser.add_argument("--peer", help="a Python that has litellm[proxy]")
    parser.add_argument("--only-peer", action="store_true")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/tmp") as made:
        folder = Path(made)
        if not said.only_peer:
            ours(folder, said)
        if said.peer:
            with litellm(said.peer, folder) as (port, pid):
                time.sleep(5)
                print(f"litellm, ms of a core each           {worked(pid, port, BODY):7.2f}")
                print(f"litellm, resident memory, MiB      {mib(pid):7.0f}")
                through = asyncio.run(steadily(port, 20, said.seconds, BODY))
                told("litellm, at once, 20 a second", through, through)
                print(f"litellm, most requests a second    {asyncio.run(most(port, 5, BODY)):7.0f}")


if __name__ == "__main__":
    main()
