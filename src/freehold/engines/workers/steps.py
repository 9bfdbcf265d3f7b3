"""Runs programs one after the other inside the jail, and says how far they are.

Run as a script in a folder of its own. What to do comes as JSON in `FREEHOLD_WORKER`: `steps`,
the words of each; `unpack`, an archive with the folder in it that becomes `source` and the most
bytes it may unpack to, or null; `keep`, names of files that are put into `kept` at the end. It
writes `progress` (two numbers) again and again, then `done.json`, and waits to be ended.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any

DONE, PROGRESS, KEPT = "done.json", "progress", "kept"
LINES, SHOWN = 400, 12
POLITE = 10
"""How much this gives way to everything else that the machine does."""
STEP = re.compile(r"^\[\s*(\d+)\s*(?:/\s*(\d+)|%)\]")
"""How Ninja, Make and llama-quantize number what they do."""
WRONG = re.compile(r"\b(error|fatal|failed|Killed|No space|not found|cannot)\b", re.IGNORECASE)


class Failed(Exception):
    """A step did not end well; the last lines that it printed."""


def main() -> int:
    """Do it, tell, wait."""
    orders = json.loads(os.environ.pop("FREEHOLD_WORKER"))
    os.nice(POLITE)
    began = time.monotonic()
    try:
        work(orders)
        told: dict[str, Any] = {"seconds": round(time.monotonic() - began, 1)}
    except Failed as error:
        told = {"error": str(error)}
    except (OSError, ValueError, tarfile.TarError) as error:
        told = {"error": str(error) or type(error).__name__}
    place(DONE, json.dumps(told))
    threading.Event().wait()
    return 0


def work(orders: dict[str, Any]) -> None:
    """Unpack, run every step, put aside what is kept."""
    if orders["unpack"]:
        unpack(**orders["unpack"])
    for words in orders["steps"]:
        run(words)
    Path(KEPT).mkdir()
    for name in orders["keep"]:
        found = [path for path in Path().rglob(name) if path.is_file()]
        if not found:
            raise Failed(f"{name} was not made")
        shutil.move(min(found, key=lambda path: len(path.parts)), Path(KEPT) / name)


def unpack(archive: str, inside: str, most: int) -> None:
    """The files below one folder of an archive, as `source`; ValueError when there is too much."""
    size = 0
    with tarfile.open(archive) as opened:
        for member in opened:
            _, _, path = member.name.partition("/")
            if not path.startswith(inside + "/"):
                continue
            size += member.size
            if size > most:
                raise ValueError(f"it unpacks to more than {most:,} bytes")
            extract(opened, member)
    roots = list(Path("unpacked").glob(f"*/{inside}"))
    if len(roots) != 1:
        raise ValueError(f"{Path(archive).name} has no folder {inside}")
    roots[0].rename("source")


def extract(opened: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    """One member, nowhere outside; Python before 3.11.4 has no filter of its own for that."""
    if hasattr(tarfile, "data_filter"):
        opened.extract(member, "unpacked", filter="data")
        return
    target = os.path.dirname(member.name) if member.issym() else ""
    for path in (member.name, os.path.join(target, member.linkname)):
        if os.path.isabs(path) or os.path.normpath(path).split(os.sep)[0] == os.pardir:
            raise ValueError(f"{member.name} lies outside of its archive")
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
        raise ValueError(f"{member.name} is no file")
    member.mode &= 0o755
    opened.extract(member, "unpacked")


def run(words: list[str]) -> None:
    """Run one step to its end; Failed with what it said last."""
    lines: deque[str] = deque(maxlen=LINES)
    step = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    assert step.stdout is not None
    for line in step.stdout:
        lines.append(line.rstrip())
        if found := STEP.match(line):
            place(PROGRESS, f"{found[1]} {found[2] or 100}")
    if step.wait() != 0:
        raise Failed("\n".join(telling(list(lines))) or f"{words[0]} ended with {step.returncode}")


def telling(lines: list[str]) -> list[str]:
    """The lines that tell what went wrong: those that say so, else the last ones."""
    lines = [line for line in lines if line.strip()]
    wrong = [line for line in lines if WRONG.search(line)]
    return [line[:300] for line in (wrong or lines)[-SHOWN:]]


def place(name: str, text: str) -> None:
    """Write a file so that nobody sees half of it."""
    Path("told").write_text(text, encoding="utf-8")
    os.rename("told", name)


if __name__ == "__main__":
    sys.exit(main())
