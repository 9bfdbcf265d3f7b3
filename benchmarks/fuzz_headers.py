"""Mutates valid headers many times and counts what goes wrong; the same seed, the same run.

    PYTHONPATH=src:. .venv/bin/python benchmarks/fuzz_headers.py [MUTATIONS [SEED]]

A mutation may be accepted or refused with BrokenInput. Anything else is a crash, more than
100 ms is a hang, more than 50 MB of memory that Python takes is too much. Each kind of header
gets the same number of mutations; one that is accepted is built upon, so changes add up.
"""

import sys
import time
import tracemalloc
from random import Random

from tests.formats.mutations import SEEDS, mutated, reads

from freehold.core.errors import BrokenInput

LONGEST, MOST = 0.1, 50 * 2**20


def fuzz(kind: str, count: int, dice: Random) -> dict[str, float]:
    """How many mutations of one header were accepted, refused, or went wrong."""
    found = dict.fromkeys(("accepted", "refused", "crashes", "hangs", "too large"), 0.0)
    slowest, largest, data = 0.0, 0, SEEDS[kind]
    for number in range(count):
        if number % 50 == 0:
            data = SEEDS[kind]
        changed = mutated(data, dice)
        tracemalloc.reset_peak()
        before, start = tracemalloc.get_traced_memory()[0], time.process_time()
        try:
            reads(kind, changed)
            found["accepted"] += 1
            data = changed if len(changed) < 20_000 else data
        except BrokenInput:
            found["refused"] += 1
        except Exception as error:
            found["crashes"] += 1
            print(f"crash: {kind}: {type(error).__name__}: {error}: {changed[:300]!r}")
        seconds = time.process_time() - start
        memory = tracemalloc.get_traced_memory()[1] - before
        found["hangs"] += seconds > LONGEST
        found["too large"] += memory > MOST
        slowest, largest = max(slowest, seconds), max(largest, memory)
    return {**found, "slowest ms": 1000 * slowest, "largest MB": largest / 1e6}


def main() -> None:
    """Print one row for each kind of header."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 140_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 20261127
    tracemalloc.start()
    total, start = 0.0, time.monotonic()
    print(f"seed {seed}\n")
    for kind in SEEDS:
        row = fuzz(kind, count // len(SEEDS), Random(f"{seed} {kind}"))
        total += row["accepted"] + row["refused"] + row["crashes"]
        told = ", ".join(f"{key} {value:,.4g}" for key, value in row.items())
        print(f"{kind}: {told}", flush=True)
    print(f"\n{total:,.0f} mutations in {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
