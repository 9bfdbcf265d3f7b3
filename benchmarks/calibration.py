"""Measure this machine, then predict models that it was not measured with, and run them.

    python benchmarks/calibration.py

Needs an engine for GGUF (`pip install xllamacpp`) and 2 GB of disk. Other work on the machine
spoils it: `cores` is the share that the engine got, and should be near 100 %.
"""

import sys
import tempfile
import time
from pathlib import Path

from freehold.actions import calibrate as action
from freehold.actions.calibration import Point, passes
from freehold.core.machine import probe
from freehold.engines.base import ENGINES, Job, start
from freehold.formats.invented_llama import Shape, write_llama
from freehold.judge.fitting.parts import Setting
from freehold.judge.speed.calibrating import calibrate
from freehold.judge.speed.decode import seconds_of
from freehold.judge.speed.defaults import Processor, default_rates
from freehold.judge.speed.rates import Measurement, Rates

SECONDS = 60.0
SHAPES = (
    Shape(layers=16, width=2048, feed=8192, heads=32, kv_heads=8, kind="Q8_0", vocabulary=8192),
    Shape(layers=16, width=2048, feed=8192, heads=32, kv_heads=8, kind="Q4_K", vocabulary=8192),
    Shape(layers=24, width=896, feed=4864, heads=14, kv_heads=2, kind="Q8_0", vocabulary=8192),
    Shape(layers=30, width=576, feed=1536, heads=9, kv_heads=3, kind="F16", vocabulary=8192),
)


def main() -> int:
    began = time.monotonic()
    found = action.calibrate(lambda text: print(f"measuring {text}", file=sys.stderr))
    seen = probe()
    print(f"{seen.processor}, {seen.cores} cores; {found.engine} {found.version}")
    print(f"measured in {time.monotonic() - began:.1f} s; {found.bandwidth / 1e9:.1f} GB/s")
    for point in found.points:
        print(f"  {point.model:28} {point.decode_speed:8.1f} {point.prefill_speed:8.1f}"
              f"  cores {point.share:.0%}")  # fmt: skip
    expected = default_rates(Processor("cpu", found.bandwidth))
    rates = calibrate(expected, found.measurements())
    sums = " and ".join(f"{rates.matrix[g] / 1e9:.0f}" for g in ("8-bit", "16-bit"))
    print(f"{rates.bandwidth / 1e9:.1f} GB/s, {rates.layer * 1e6:.0f} us a layer, {sums} GFLOP/s")
    print(f"{'':30} {'measured':>9} {'predicted':>9} {'error':>7} {'before':>9}  cores")
    for shape in SHAPES:
        show(measured(shape), rates, expected)
    return 0


def measured(shape: Shape) -> Point:
    """The model through the engine, as `machine --measure` does it."""
    (engine,) = [e for e in ENGINES.all() if e.name == "llama.cpp"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.gguf"
        write_llama(file, shape)
        job = Job(model=file, task=action.TASK, setting=Setting(context=action.CONTEXT))
        with start(engine, job) as running:
            return action._point(running, shape, SECONDS)


def show(point: Point, rates: Rates, expected: Rates) -> None:
    """One line for writing and one for reading: tokens per second."""
    for name, one in zip(("writes", "reads"), passes(point), strict=True):
        real, said, before = (
            one.tokens / s for s in (one.seconds, *_seconds(one, rates, expected))
        )
        print(f"{point.model:22} {name:>7} {real:9.1f} {said:9.1f} {said / real - 1:+7.1%}"
              f" {before:9.1f}  {point.share:.0%}")  # fmt: skip


def _seconds(one: Measurement, rates: Rates, expected: Rates) -> tuple[float, float]:
    return seconds_of(one, rates).value, seconds_of(one, expected).value


if __name__ == "__main__":
    sys.exit(main())
