"""Memory of language models from their configurations alone, beside what peers say.

    python benchmarks/fit_configs.py FOLDER [TABLE.md]

FOLDER holds files named OWNER--MODEL_config.json; OWNER--MODEL_hf_quant_config.json beside one
adds its precision. With PEER set to a Python that has hf-mem, llmfit, accelerate and transformers,
each is asked about the same files. TABLE.md gets the whole table; a summary is printed.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

from freehold.core.errors import FreeholdError
from freehold.judge.anatomy.counting import count
from freehold.judge.anatomy.from_config import anatomy
from freehold.judge.anatomy.shapes import Anatomy
from freehold.judge.anatomy.storage import storage
from freehold.judge.fitting.pages import vllm
from freehold.judge.fitting.parts import Setting
from freehold.judge.fitting.state import least, llamacpp
from freehold.judge.fitting.weights import counted

Row = dict[str, Any]
SETTING = Setting(context=32_768, keys="bf16", values="bf16")
GIB = 2**30
COLUMNS = (
    "| model | sure | weights, billions | stored, GB | state: least | llama.cpp | vLLM "
    "| hf-mem | llmfit | accelerate: weights, billions |"
)


def ours(path: Path) -> Row:
    """Our figures for one configuration."""
    config = json.loads(path.read_text())
    beside = path.with_name(path.name.replace("_config.json", "_hf_quant_config.json"))
    more = json.loads(beside.read_text()) if beside.exists() else None
    try:
        found = anatomy(config)
    except FreeholdError as error:
        return {"file": path.name, "reason": str(error)}
    return {"file": path.name, **figures(found, counted(found, storage(config, more)))}


def figures(found: Anatomy, stored: int) -> Row:
    """What one anatomy comes to."""
    return {
        "sure": found.sure, "count": count(found).total, "stored": stored,
        "least": least(found, SETTING), "llamacpp": llamacpp(found, SETTING),
        "vllm": vllm(found, SETTING),
    }  # fmt: skip


def peers(folder: Path) -> dict[str, Row]:
    """What the peers say, by file; nothing without PEER."""
    python = os.environ.get("PEER")
    if not python:
        return {}
    script = Path(__file__).with_name("fit_configs_peer.py")
    done = subprocess.run(
        [python, str(script), str(folder)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL, text=True, check=True,
    )  # fmt: skip
    return {row["file"]: row for row in map(json.loads, done.stdout.splitlines())}


def gib(value: float | None) -> str:
    """In GiB, or a dash."""
    return "–" if value is None else f"{value / GIB:,.2f}"


def against(said: Row, truth: float) -> str:
    """What a peer says, and how many times ours that is."""
    state = said.get("state")
    return "–" if state is None else f"{state / GIB:,.2f} ({state / truth:.1f}×)"


def line(row: Row, said: Row) -> str:
    """One row of the table."""
    name = row["file"].removesuffix("_config.json").replace("--", "/")
    if "reason" in row:
        return f"| {name} | refused: {row['reason']} |" + " |" * 8
    weights = said.get("accelerate", {}).get("weights")
    cells = [
        name, "yes" if row["sure"] else "bound", f"{row['count'] / 1e9:,.2f}",
        f"{row['stored'] / 1e9:,.1f}", gib(row["least"]), gib(row["llamacpp"]), gib(row["vllm"]),
        against(said.get("hf-mem", {}), row["least"]),
        against(said.get("llmfit", {}), row["least"]),
        "–" if weights is None else f"{weights / 2e9:,.2f}",
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def table(rows: Iterable[Row], said: dict[str, Row]) -> str:
    """The whole table, in Markdown."""
    head = COLUMNS + "\n|---|---|" + "---:|" * 8
    return "\n".join([head, *(line(row, said.get(row["file"], {})) for row in rows)]) + "\n"


def summary(rows: list[Row], said: dict[str, Row]) -> None:
    """How far the peers are from ours, and how often they cannot answer."""
    known = [row for row in rows if "reason" not in row]
    print(f"{len(rows)} configurations, {len(known)} answered,", end=" ")
    print(f"{sum(row['sure'] for row in known)} sure")
    for peer, part, truth in (
        ("hf-mem", "state", "least"), ("llmfit", "state", "least"),
        ("accelerate", "weights", "count"),
    ):  # fmt: skip
        scale = 2 if part == "weights" else 1
        ratios = _ratios(known, said, peer, part, truth, scale)
        if not ratios:
            continue
        exact = sum(abs(ratio - 1) <= 0.01 for ratio, _ in ratios)
        worst, name = max(ratios, key=lambda item: max(item[0], 1 / item[0]))
        print(
            f"{peer}, {part}: {len(known) - len(ratios)} not answered; of {len(ratios)} within 1 %:"
            f" {exact}; median {median(r for r, _ in ratios):.2f} times ours;"
            f" worst {worst:.2f} times ({name})"
        )


def _ratios(
    rows: list[Row], said: dict[str, Row], peer: str, part: str, truth: str, scale: int
) -> list[tuple[float, str]]:
    """What a peer says as a multiple of ours, with the file, where it says something."""
    found = []
    for row in rows:
        number = said.get(row["file"], {}).get(peer, {}).get(part)
        if number and row[truth]:
            found.append((number / scale / row[truth], row["file"].removesuffix("_config.json")))
    return found


def main() -> None:
    """Print the summary; write the table where one is asked for."""
    folder = Path(sys.argv[1])
    files = [p for p in sorted(folder.glob("*_config.json")) if "_hf_quant_" not in p.name]
    start = time.perf_counter()
    rows = [ours(path) for path in files]
    print(f"{1000 * (time.perf_counter() - start) / max(len(files), 1):.1f} ms per configuration")
    said = peers(folder)
    summary(rows, said)
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(table(rows, said), encoding="utf-8")


if __name__ == "__main__":
    main()
