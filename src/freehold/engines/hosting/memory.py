"""Reads how much memory a process and all below it take, in bytes."""

from pathlib import Path

from msgspec import Struct

PROC = Path("/proc")


class Memory(Struct, frozen=True):
    """Resident memory: what is taken `now`, and the `peak` so far; mapped files count.

    `mapped` is the part of `now` that are pages of files, which the system can take back: those
    of a model whose weights were copied while loading are there without being needed.
    """

    now: int
    peak: int
    mapped: int = 0


def of_tree(number: int, proc: Path = PROC) -> Memory:
    """The sums over a process and its children; zeros when it has ended.

    Linux keeps the peak of each process (`VmHWM`); elsewhere the peak is what is taken now.
    """
    if not (proc / "self" / "status").exists() and proc == PROC:
        return _asked(number)
    total = [_one(proc / str(pid)) for pid in _below(number, proc)]
    sums = (sum(sizes) for sizes in zip(*((m.now, m.peak, m.mapped) for m in total), strict=True))
    return Memory(*sums)


def _below(number: int, proc: Path) -> list[int]:
    """This process and all its descendants."""
    found, waiting = [], [number]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        for file in (proc / str(pid) / "task").glob("*/children"):
            try:
                waiting += [int(word) for word in file.read_text().split()]
            except OSError:
                continue  # it ended meanwhile
    return found


def _one(folder: Path) -> Memory:
    try:
        text = (folder / "status").read_text()
    except OSError:
        return Memory(0, 0)
    sizes = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return Memory(*(_bytes(sizes.get(name, "")) for name in ("VmRSS", "VmHWM", "RssFile")))


def _bytes(text: str) -> int:
    words = text.split()
    return int(words[0]) * 1024 if words else 0


def _asked(number: int) -> Memory:
    import psutil

    try:
        top = psutil.Process(number)
        now = sum(p.memory_info().rss for p in (top, *top.children(recursive=True)))
    except psutil.Error:
        return Memory(0, 0)
    return Memory(now, now)
