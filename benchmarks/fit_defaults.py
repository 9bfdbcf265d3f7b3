"""Weights and state that we count, beside what Transformers builds and keeps.

PEER=PYTHON_WITH_TRANSFORMERS python benchmarks/fit_defaults.py [TYPE ...]
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from freehold.core.errors import FreeholdError
from freehold.judge.anatomy.counting import count
from freehold.judge.anatomy.from_config import anatomy
from freehold.judge.fitting.parts import Setting
from freehold.judge.fitting.state import transformers


def ratios(row: dict[str, Any]) -> tuple[float | None, float | None]:
    """Ours as a multiple of theirs: weights, state; None where there is nothing to compare."""
    found = anatomy(row["config"])
    weights = count(found).total / row["weights"]
    if not row.get("cache"):
        return weights, None
    setting = Setting(context=row["tokens"], keys="bf16", values="bf16")
    return weights, transformers(found, setting) / row["cache"]


def shown(name: str, found: list[tuple[str, float]]) -> None:
    """How many agree, and which do not."""
    near = [ratio for _, ratio in found if abs(ratio - 1) <= 0.01]
    print(f"{name}: {len(near)} of {len(found)} within 1 %, least {min(r for _, r in found):.3f}")
    print("  others:", {kind: round(r, 3) for kind, r in found if abs(r - 1) > 0.01})


def main() -> None:
    """Ask the peer, compare, print."""
    script = Path(__file__).with_name("fit_defaults_peer.py")
    done = subprocess.run(
        [os.environ["PEER"], str(script), *sys.argv[1:]], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, check=True,
    )  # fmt: skip
    weights: list[tuple[str, float]] = []
    states: list[tuple[str, float]] = []
    for row in map(json.loads, done.stdout.splitlines()):
        try:
            counted, kept = ratios(row) if "weights" in row else (None, None)
        except FreeholdError as error:
            print(row["type"], "refused:", error)
            continue
        weights += [(row["type"], counted)] if counted else []
        states += [(row["type"], kept)] if kept else []
    shown("weights", weights)
    shown("state", states)


if __name__ == "__main__":
    main()
