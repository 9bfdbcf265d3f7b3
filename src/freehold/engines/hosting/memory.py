"""Reads how much memory a process and all below it take, in bytes."""

from pathlib import Path

from msgspec import Struct

PROC = Path("/proc")


class Memory(Struct, frozen=True):
    """Resident memory: what is taken `now`, and the `peak` so far; mapped files count."""

    now: int
    peak: int


def of_tree(number: int, proc: Path = PROC) -> Memory:
    """The sums over a process and its children; zeros when it has ended.

    Linux keeps the peak of each process (`VmHWM`); elsewhere the peak is what is taken now.
    """
    if not (proc / "self" / "status").exists() and proc == PROC:
        return _asked(number)
    total = [_one(proc / str(pid)) for pid in _below(number, proc)]
    return Memory(sum(m.now for m in total), sum(m.peak for m in total))


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
    sizes = dict(line.split(":", 1) for line in text.splitlines() if line.startswith("Vm"))
    return Memory(_bytes(sizes.get("VmRSS", "")), _bytes(sizes.get("VmHWM", "")))


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
