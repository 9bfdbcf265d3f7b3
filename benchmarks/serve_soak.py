"""Lets a server run for long: clients that leave, read slowly, and engines that are killed.

Every request carries a word of its own, and its answer must be made of that word alone.
The first minutes, in which all kinds of clients have come and the allocator has what they need
at once, are the warm-up: the slope of the memory is that of the time after them.
`python benchmarks/serve_soak.py [--minutes 30] [--rate 100] [--warm-up 3]`
"""

import argparse
import asyncio
import json
import random
import secrets
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil
import serve

KILL_EVERY = 20.0


async def one(port: int, counts: Counter[str]) -> None:
    """One request, with a client that behaves in one of several ways."""
    word, how = secrets.token_hex(8), random.random()
    stream = random.random() < 0.7
    turns = [{"role": "user", "content": word}]
    body = json.dumps({"model": "echo", "messages": turns, "stream": stream}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}"
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        counts["not connected"] += 1
        return
    try:
        writer.write(f"{head}\r\nConnection: close\r\n\r\n".encode() + body)
        if how < 0.1:
            await asyncio.sleep(random.random() * 0.03)
            counts["left"] += 1
            return
        if how < 0.13:
            await asyncio.sleep(1.5)
        async with asyncio.timeout(60):
            answer = await reader.read()
        counts[told(answer, word, stream)] += 1
    except TimeoutError:
        counts["HANGS"] += 1
    except OSError:
        counts["cut off"] += 1
    finally:
        writer.close()


def told(answer: bytes, word: str, stream: bool) -> str:
    """Whether an answer is whole and its own."""
    status = answer.split(b" ", 2)[1:2]
    if status != [b"200"]:
        return f"status {status[0].decode() if status else 'none'}"
    if not stream:
        body = json.loads(answer.split(b"\r\n\r\n", 1)[1])
        return "right" if body["choices"][0]["message"]["content"] == word else "WRONG"
    said, failed = "", False
    for line in answer.split(b"\n"):
        if line.startswith(b"data: {"):
            event = json.loads(line[6:])
            failed = failed or "error" in event
            for choice in event.get("choices", ()):
                said += choice["delta"].get("content") or ""
    if not word.startswith(said):
        return "WRONG"
    if said == word and b"[DONE]" in answer:
        return "right"
    return "ended with an error" if failed else "ENDED SILENTLY"


async def killing(pid: int, counts: Counter[str]) -> None:
    """Kill an engine from time to time."""
    while True:
        await asyncio.sleep(KILL_EVERY)
        for child in psutil.Process(pid).children(recursive=True):
            if any("llama-server" in word for word in child.cmdline()):
                child.kill()
                counts["engines killed"] += 1
                break


async def soak(port: int, pid: int, seconds: float, rate: float, warm_up: float) -> None:
    """Ask at a rate, and print what came of it and the memory, every now and then."""
    counts: Counter[str] = Counter()
    process, tasks, sizes = (
        psutil.Process(pid),
        set[asyncio.Task[None]](),
        list[tuple[float, float]](),
    )
    killer = asyncio.create_task(killing(pid, counts))
    began = told_at = time.monotonic()
    number = 0
    while (passed := time.monotonic() - began) < seconds:
        await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
        number += 1
        task = asyncio.create_task(one(port, counts))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        if time.monotonic() - told_at > 15:
            told_at = time.monotonic()
            sizes.append((passed, process.memory_info().rss / 2**20))
            print(
                f"{passed:6.0f} s {sizes[-1][1]:7.1f} MiB {process.num_fds():5} files", dict(counts)
            )
    killer.cancel()
    await asyncio.gather(*tasks)
    print(dict(counts))
    late = [size for size in sizes if size[0] > warm_up]
    if len(late) > 2:
        mean_t = sum(t for t, _ in late) / len(late)
        mean_s = sum(s for _, s in late) / len(late)
        top = sum((t - mean_t) * (s - mean_s) for t, s in late)
        slope = top / sum((t - mean_t) ** 2 for t, _ in late)
        print(f"memory grows by {slope * 600:+.2f} MiB in 10 minutes (warm-up {warm_up / 60:.0f})")


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--warm-up", type=float, default=3, help="minutes")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/tmp") as made:
        with serve.served(Path(made), ("echo",)) as (port, pid, _):
            asyncio.run(soak(port, pid, said.minutes * 60, said.rate, said.warm_up * 60))
        left = [
            p for p in psutil.process_iter(["cmdline"]) if made in " ".join(p.info["cmdline"] or ())
        ]
        print(f"processes left behind: {len(left)}")


if __name__ == "__main__":
    main()
