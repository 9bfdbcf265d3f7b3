"""Freehold's own run path beside other engines, on the same random weights of Llama-3.2-1B shape.

    python benchmarks/run.py --peers PYTHON [--keep FOLDER] [--only freehold,CTranslate2]

PYTHON is one that has the other engines (transformers, ctranslate2, openvino-genai,
onnxruntime-genai); those that it lacks are named and left out. The native build of llama.cpp must
be there (`freehold runtime install llama.cpp --build`). Needs 12 GB of disk in FOLDER and a quiet
machine. Told are medians of rounds: tokens per second reading 512 and writing 64 more, seconds
from starting the process to the first token, tokens per second of 8 and of 32 answers at once.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import run_models as models
from msgspec import Struct
from run_own import Orders, freehold, llama_server, others_of_freehold, transformers_serve

from freehold.actions import calibrate as calibrating
from freehold.actions.calibration import Calibration
from freehold.core.machine import probe, usable_cores

PEERS = Path(__file__).with_name("run_peers.py")
PATIENCE = 3600
LONG, SHORT = 512, 32
WRITE, WRITE_TOGETHER = 64, 64
OTHERS = (
    ("OpenVINO GenAI", "int8"),
    ("OpenVINO GenAI", "int4"),
    ("CTranslate2", "int8"),
    ("onnxruntime-genai", "int4"),
    ("transformers generate", "bf16"),
)
FIGURES = ("prefill", "decode", "cold", "8 at once", "32 at once")
WORSE_IS_MORE = {"cold"}
Measured = dict[str, float]
Way = tuple[str, str, Callable[[], Measured]]


class Row(Struct, frozen=True, kw_only=True):
    """One engine in one precision: its figures, or why there are none; bytes of its weights."""

    name: str
    precision: str
    figures: Measured = {}
    missing: str | None = None
    weights: int | None = None


def main() -> int:
    """Make the models, run every contestant, print the tables."""
    told = arguments()
    with tempfile.TemporaryDirectory(prefix="freehold-run-") as passing:
        folder = (told.keep or Path(passing)).absolute()
        models.make(folder)
        rows = list(contest(told, folder))
        limits = None if told.no_limits else calibrating.calibrate(_say)
    show(rows, limits)
    if told.out:
        told.out.write_text(json.dumps([to_form(row) for row in rows], indent=1) + "\n")
    return 0


def arguments() -> Any:
    """What was said on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--peers", default=sys.executable, help="a Python with other engines")
    parser.add_argument("--keep", type=Path, help="where the models are made and stay")
    parser.add_argument("--only", type=lambda text: text.split(","), help="names of contestants")
    parser.add_argument("--precisions", type=lambda text: text.split(","))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=usable_cores())
    parser.add_argument("--no-limits", action="store_true", help="do not measure the machine")
    parser.add_argument("--out", type=Path, help="a file for the figures as JSON")
    return parser.parse_args()


def orders(told: Any, keep: Path) -> Orders:
    """What every contestant is asked: the same prompts for all of them."""
    return Orders(
        threads=told.threads,
        rounds=told.rounds,
        prompts=[models.prompt(LONG, seed) for seed in range(told.rounds + 1)],
        write=WRITE,
        together={f"{n} at once": [models.prompt(SHORT, 1000 * n + k) for k in range(n)]
                  for n in (8, 32)},
        write_together=WRITE_TOGETHER,
        keep=str(keep),
    )  # fmt: skip


def contest(told: Any, folder: Path) -> Iterator[Row]:
    """Every contestant in every precision that it has."""
    asked = orders(told, folder)
    ways: list[Way] = []
    for kind in models.QUANTIZED:
        file = folder / f"{kind.lower()}.gguf"
        ways.append(("freehold", kind, partial(freehold, "llama.cpp", file, None, asked)))
        ways.append(("llama-server", kind, partial(llama_server, file, asked)))
    for engine, kind, model, told_kind in others_of_freehold(folder):
        run = partial(freehold, engine, model, told_kind, asked)
        ways.append((f"freehold {engine}", kind, run))
    for name, precision in OTHERS:
        ways.append((name, precision, partial(peer, told.peers, name, precision, folder, asked)))
    ways.append(
        ("transformers serve", "bf16", partial(transformers_serve, told.peers, folder, asked))
    )
    for name, precision, measure in ways:
        if (told.only and name not in told.only) or (
            told.precisions and precision not in told.precisions
        ):
            continue
        _say(f"{name} {precision}")
        yield _row(name, precision, measure, folder)


def _row(name: str, precision: str, measure: Callable[[], Measured], folder: Path) -> Row:
    """One row, whatever happens."""
    try:
        found = measure()
    except Exception as error:  # a contestant that fails is a row that says so
        why = " ".join(str(error).split())[-300:] or type(error).__name__
        _say(f"  {why}")
        return Row(name=name, precision=precision, missing=why)
    _say("  " + ", ".join(f"{key} {value:.1f}" for key, value in found.items()))
    file = folder / f"{precision.lower()}.gguf"
    size = file.stat().st_size if file.exists() else None
    return Row(name=name, precision=precision, figures=found, weights=size)


def peer(python: str, name: str, precision: str, folder: Path, asked: Orders) -> Measured:
    """One other engine: all figures in one process, the first token of a cold one in three more."""
    found = _told(python, name, precision, folder, asked.form())
    colds = [_cold(python, name, precision, folder, asked) for _ in range(asked.rounds)]
    return {**found, "cold": sorted(colds)[len(colds) // 2]}


def _told(python: str, name: str, precision: str, folder: Path, form: dict[str, Any]) -> Measured:
    words = (python, str(PEERS), name, str(folder), precision, json.dumps(form))
    done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["it ended"])[-1])
    found: Measured = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _cold(python: str, name: str, precision: str, folder: Path, asked: Orders) -> float:
    began = time.perf_counter()
    _told(python, name, precision, folder, {**asked.form(), "cold": True})
    return time.perf_counter() - began


def show(rows: list[Row], limits: Calibration | None) -> None:
    """The figures, the ratios to the best other engine, and the parts of what the machine can."""
    seen = probe()
    print(f"\n{seen.processor}, {seen.cores} cores, {' '.join(seen.instructions)}")
    print("| engine | precision | prefill | decode | cold, s | 8 at once | 32 at once |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        cells = [f"{row.figures[f]:.1f}" if f in row.figures else "-" for f in FIGURES]
        print(f"| {row.name} | {row.precision} | {' | '.join(cells)} |")
    for row in rows:
        if row.missing:
            print(f"{row.name} {row.precision}: {row.missing}")
    _ratios(rows)
    if limits:
        _parts(rows, limits)


def _ratios(rows: list[Row]) -> None:
    own = [row for row in rows if row.name.startswith("freehold") and row.figures]
    others = [row for row in rows if not row.name.startswith("freehold") and row.figures]
    if not own or not others:
        return
    print("\nFreehold's best against the best of the others (above 1 is better):")
    for figure in FIGURES:
        mine, best = _best(own, figure), _best(others, figure)
        if mine and best:
            against = f"{mine.name} {mine.precision}, against {best.name} {best.precision}"
            print(f"  {figure:<12}{_ratio(mine, best, figure):.2f}  {against}")
    print("\nFreehold against llama-server with the same file:")
    plain = {row.precision: row for row in others if row.name == "llama-server"}
    for row in own:
        same = plain.get(row.precision)
        for figure in [f for f in FIGURES if same and f in same.figures and f in row.figures]:
            ratio = _ratio(row, plain[row.precision], figure)
            print(f"  {row.precision:<8}{figure:<12}{ratio:.2f}")


def _ratio(mine: Row, other: Row, figure: str) -> float:
    """How many times better, whichever way better is."""
    ratio = mine.figures[figure] / other.figures[figure]
    return 1 / ratio if figure in WORSE_IS_MORE else ratio


def _best(rows: list[Row], figure: str) -> Row | None:
    able = [row for row in rows if figure in row.figures]
    pick = min if figure in WORSE_IS_MORE else max
    return pick(able, key=lambda row: row.figures[figure]) if able else None


def _parts(rows: list[Row], limits: Calibration) -> None:
    rate = max((2 * p.values * p.prefill_speed for p in limits.points), default=0.0)
    print(
        f"\nParts of {limits.bandwidth / 1e9:.1f} GB/s and {rate / 1e9:.0f} GFLOP/s, as measured:"
    )
    for row in rows:
        if not row.figures:
            continue
        computed = 2 * models.multiplied() * row.figures["prefill"] / rate if rate else 0.0
        read = row.weights and row.weights * row.figures["decode"] / limits.bandwidth
        told = f"decode {read:.0%} of bandwidth, " if read else ""
        print(f"  {row.name} {row.precision}: {told}prefill {computed:.0%} of the matrix rate")


def to_form(row: Row) -> dict[str, Any]:
    """A row as JSON."""
    return {name: getattr(row, name) for name in row.__struct_fields__}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
