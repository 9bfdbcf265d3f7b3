"""How long Freehold takes from a cold process, beside a peer, in one run.

    make bench                             Freehold alone
    .venv/bin/pip install llmfit==1.1.17   then the same again: both, in turns

Each command runs as a process of its own, the two of a pair in turns; the medians and the
ratio of each pair are what to quote. Nothing here is asserted: results go into results.md.
"""

import os
import platform
import shutil
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median

BIN = Path(sys.executable).parent
FREEHOLD = str(BIN / "freehold")
RUNS = 21
NEED = ("choose", "--task", "chat", "--for", "commercial")
TARGETS = {
    "python -c 'pass'": ((sys.executable, "-c", "pass"), None),
    "import freehold": ((sys.executable, "-c", "import freehold"), 60),
    "freehold --help": ((FREEHOLD, "--help"), 150),
    "freehold choose": ((FREEHOLD, *NEED), 250),
    "freehold choose --json": ((FREEHOLD, *NEED, "--json"), 250),
    "freehold check olmo-2": ((FREEHOLD, "check", "olmo-2"), None),
}


def seconds(command: tuple[str, ...]) -> float:
    """Wall time of one run of a command, its output thrown away."""
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def alone(command: tuple[str, ...]) -> list[float]:
    """Times of a command after one run that does not count."""
    seconds(command)
    return sorted(seconds(command) for _ in range(RUNS))


def in_turns(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[float, float, float]:
    """Medians of both and the median of the ratio pair by pair."""
    seconds(one), seconds(other)
    pairs = [(seconds(one), seconds(other)) for _ in range(RUNS)]
    return median(a for a, _ in pairs), median(b for _, b in pairs), median(a / b for a, b in pairs)


def peer() -> str | None:
    """The program llmfit, if it is installed beside this Python or on the path."""
    here = BIN / "llmfit"
    return str(here) if here.exists() else os.environ.get("LLMFIT") or shutil.which("llmfit")


def installed_size() -> tuple[int, int]:
    """Bytes of the package without and of the data, compiled files left out."""
    import freehold

    root = Path(freehold.__file__).parent
    files = [f for f in root.rglob("*") if f.is_file() and f.suffix != ".pyc"]
    data = sum(f.stat().st_size for f in files if f.relative_to(root).parts[0] == "data")
    return sum(f.stat().st_size for f in files) - data, data


def main() -> None:
    """Print the tables."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{time.strftime('%Y-%m-%d')}, {machine}, freehold {version('freehold')}, {RUNS} runs")
    print("\nMilliseconds:\n")
    print("| command | min | median | max | wanted under |\n|---|---|---|---|---|")
    for name, (command, limit) in TARGETS.items():
        times = [1000 * t for t in alone(command)]
        wanted = str(limit or "")
        print(f"| `{name}` | {times[0]:.0f} | {median(times):.0f} | {times[-1]:.0f} | {wanted} |")
    code, data = installed_size()
    print(f"\nInstalled: {code / 1e6:.2f} MB without data, {data / 1e6:.2f} MB of data")
    rival = peer()
    if rival is None:
        print("\nNo peer: pip install llmfit==1.1.17, or set LLMFIT to its path.")
        return
    ours, theirs, ratio = in_turns((FREEHOLD, *NEED, "--json"), (rival, "recommend"))
    print(f"\n`freehold choose --json` {1000 * ours:.0f}, `llmfit recommend` {1000 * theirs:.0f}")
    print(f"ratio {ratio:.2f}, the median of {RUNS} pairs")


if __name__ == "__main__":
    main()
