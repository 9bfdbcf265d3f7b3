"""Unpacks sources and compiles them with CMake, inside the jail, and says how far it is.

Run as a script in a folder of its own. What to do comes as JSON in `FREEHOLD_WORKER`: the
archive, the folder in it, the most bytes it may unpack to, the programs, and the words of CMake.
It writes `progress` (two numbers) again and again, leaves the programs in `bin` and then
`done.json` in its folder, and waits to be ended.
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

DONE, PROGRESS, OUT = "done.json", "progress", "bin"
KEPT = 400
SHOWN = 12
POLITE = 10
"""How much this gives way to everything else that the machine does."""
STEP = re.compile(r"^\[\s*(\d+)(?:/(\d+)|%)\]")
"""How Ninja and Make number what they do."""
WRONG = re.compile(r"\b(error|fatal|Killed|No space|not found|cannot)\b", re.IGNORECASE)


class Failed(Exception):
    """A step did not end well; the last lines that it printed."""


def main() -> int:
    """Build, tell, wait."""
    orders = json.loads(os.environ.pop("FREEHOLD_WORKER"))
    os.nice(POLITE)
    began = time.monotonic()
    try:
        build(orders)
        told: dict[str, Any] = {"seconds": round(time.monotonic() - began, 1)}
    except Failed as error:
        told = {"error": str(error)}
    except (OSError, ValueError, tarfile.TarError) as error:
        told = {"error": str(error) or type(error).__name__}
    place(DONE, json.dumps(told))
    threading.Event().wait()
    return 0


def build(orders: dict[str, Any]) -> None:
    """Unpack, configure, compile, and put the programs aside."""
    source = unpack(Path(orders["archive"]), orders["inside"], orders["unpacked"])
    made = Path("made")
    run((*orders["configure"], "-S", str(source), "-B", str(made)))
    targets = ("--target", *orders["programs"])
    run((*orders["compile"], "--build", str(made), "--parallel", str(orders["jobs"]), *targets))
    Path(OUT).mkdir()
    for name in orders["programs"]:
        (found, *_) = [p for p in made.rglob(name) if p.is_file() and os.access(p, os.X_OK)]
        shutil.move(found, Path(OUT) / name)
    for paper in source.glob("LICENSE*"):
        shutil.move(paper, Path(OUT) / paper.name)


def unpack(archive: Path, inside: str, most: int) -> Path:
    """The files below one folder of an archive, on disk; ValueError when there is too much."""
    size = 0
    with tarfile.open(archive) as opened:
        for member in opened:
            _, _, path = member.name.partition("/")
            if not path.startswith(inside + "/"):
                continue
            size += member.size
            if size > most:
                raise ValueError(f"unpacks to more than {most:,} bytes")
            opened.extract(member, "source", filter="data")
    roots = list(Path("source").glob(f"*/{inside}"))
    if len(roots) != 1:
        raise ValueError(f"{archive.name} has no folder {inside}")
    return roots[0].absolute()


def run(words: tuple[str, ...]) -> None:
    """Run one step to its end; Failed with what it said last."""
    lines: deque[str] = deque(maxlen=KEPT)
    step = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    assert step.stdout is not None
    for line in step.stdout:
        lines.append(line.rstrip())
        if found := STEP.match(line):
            place(PROGRESS, f"{found[1]} {found[2] or 100}")
    if step.wait() != 0:
        raise Failed("\n".join(telling(list(lines))))


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
