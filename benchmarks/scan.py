"""Measures `scan`: 200 files, the pickle machine, `convert`; and other scanners beside it.

    python benchmarks/scan.py

Prints one row for each measurement: best of several runs, and the peak memory of the process.
The comparison needs picklescan and modelaudit-picklescan, and is left out without them.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.scanners.assembling import checkpoint, table, tensor, whole
from tests.scanners.bad import ARCHIVES, PICKLES
from tests.scanners.good import GOOD

from freehold.actions.convert import convert
from freehold.actions.scan import scan
from freehold.formats.pickled.machine import follow
from freehold.scanners.base import SAFE

RUNS = 5


def best(work: Callable[[], Any]) -> float:
    """Seconds of the fastest of a few runs."""
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def folder_of_200(home: Path) -> None:
    """200 files: every honest kind, over and over."""
    kinds = list(GOOD.items())
    for n in range(200):
        name, content = kinds[n % len(kinds)]
        (home / f"{n}-{name}").write_bytes(content)


def large_pickle() -> bytes:
    """A checkpoint's pickle with 5,000 tensors."""
    one = {f"layers.{n}.weight": tensor("0", (2, 3)) for n in range(5_000)}
    return whole(table(**one))


def large_checkpoint(home: Path) -> Path:
    """256 MiB in 64 tensors, half of them turned."""
    rows = 1024
    numbers = {str(n): bytes(4 * rows * rows) for n in range(64)}
    made = {
        f"w{n}": tensor(str(n), (rows, rows), steps=(1, rows) if n % 2 else None) for n in range(64)
    }
    path = home / "large.pt"
    path.write_bytes(checkpoint(whole(table(**made)), numbers))
    return path


def ours(path: Path) -> bool:
    """Whether we call a file safe."""
    return scan(path).files[0].verdict == SAFE


def picklescan(path: Path) -> bool:
    """Whether picklescan calls a file safe."""
    found: Any = import_module("picklescan.scanner").scan_file_path(str(path))
    return not (found.issues_count or found.scan_err)


def modelaudit(path: Path) -> bool:
    """Whether modelaudit-picklescan calls a file safe."""
    found: Any = import_module("modelaudit_picklescan").scan_file(str(path))
    return str(getattr(found.verdict, "value", found.verdict)) == "clean"


def tried(ask: Callable[[Path], bool], path: Path) -> bool:
    """An error is no answer of safe."""
    try:
        return ask(path)
    except Exception:
        return False


def peak(path: Path) -> float:
    """MiB that a process of its own takes at most to scan a folder (Linux)."""
    code = (
        "import sys; from freehold.actions.scan import scan; scan(sys.argv[1]);"
        "print(*(x.split()[1] for x in open('/proc/self/status') if x.startswith('VmHWM')))"
    )
    words = (sys.executable, "-c", code, str(path))
    return int(subprocess.run(words, capture_output=True, text=True, check=True).stdout) / 1024


def compare(home: Path) -> None:
    """How many of our bad files each scanner calls safe, and how many of the honest ones."""
    packed = (".pkl", ".pt", ".bin", ".ckpt", ".joblib", ".pth", ".npy", ".npz")
    bad = {n: c for n, c in {**PICKLES, **ARCHIVES}.items() if n.endswith(packed)}
    good = {n: c for n, c in GOOD.items() if n.endswith(packed)}
    for name, ask, package in (
        ("freehold", ours, "freehold"),
        ("picklescan", picklescan, "picklescan"),
        ("modelaudit-picklescan", modelaudit, "modelaudit_picklescan"),
    ):
        if find_spec(package) is None:
            continue
        called = {"bad": 0, "good": 0}
        for kind, files in (("bad", bad), ("good", good)):
            for n, content in files.items():
                (home / n).write_bytes(content)
                called[kind] += tried(ask, home / n)
        print(
            f"{name:24} bad called safe {called['bad']:3} of {len(bad)}"
            f"   honest called safe {called['good']:3} of {len(good)}"
        )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "many").mkdir()
        folder_of_200(home / "many")
        print(f"scan, 200 files           {best(lambda: scan(home / 'many')) * 1000:8.0f} ms")
        pickle = large_pickle()
        walk = follow(pickle, keeps=lambda _: True)
        seconds = best(lambda: follow(pickle, keeps=lambda _: True))
        print(f"follow, {walk.ops:,} opcodes  {seconds * 1000:8.0f} ms")
        source = large_checkpoint(home)
        print(f"scan, 256 MiB checkpoint  {best(lambda: scan(source)) * 1000:8.0f} ms")
        began = time.perf_counter()
        convert(source, home / "out.safetensors")
        seconds = time.perf_counter() - began
        print(f"convert, 256 MiB          {seconds:8.2f} s  ({256 / seconds:,.0f} MiB/s)")
        print(f"peak memory of scan       {peak(home / 'many'):8.0f} MiB")
        (home / "compared").mkdir()
        compare(home / "compared")


if __name__ == "__main__":
    main()
