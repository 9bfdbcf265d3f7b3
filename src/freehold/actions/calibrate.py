"""`machine --measure`: how fast this machine really reads memory and runs models, kept for later.

Four small models of invented weights go through the real engine. Wide ones in three precisions
show bytes per second and the matrix rate of each; a deep narrow one shows what a layer costs
however small it is.
"""

import random
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median

from freehold.actions.calibration import Calibration, Point, keep
from freehold.core import bandwidth
from freehold.core.errors import EnvironmentProblem
from freehold.core.machine import probe, usable_cores
from freehold.engines.base import ENGINES, Contract, Job, Running, start
from freehold.formats.invented_llama import (
    PLAIN,
    Shape,
    matrix_bytes,
    matrix_values,
    state_bytes,
    write_llama,
)
from freehold.judge.fitting.parts import Setting
from freehold.tasks.text_generation import Request, Result

TASK = "text-generation"


def _wide(kind: str) -> Shape:
    return Shape(layers=4, width=2048, feed=8192, heads=32, kv_heads=8, kind=kind)


SHAPES: tuple[Shape, ...] = (
    _wide("Q8_0"),
    _wide("Q4_K"),
    _wide("F16"),
    Shape(layers=16, width=512, feed=1536, heads=8, kv_heads=8, kind="Q8_0"),
)
PROMPT, ANSWER, ROUNDS = 512, 64, 3
LEAST_PROMPT, LEAST_ANSWER = 64, 8
CONTEXT = 1024
BUDGET = 50.0
"""Seconds that all models together may take; a slow machine gets shorter texts."""
Say = Callable[[str], None]


def calibrate(say: Say | None = None) -> Calibration:
    """Measure this machine now, keep the result, and write it into the ledger.

    What was measured while other work took a part of the machine is told but not kept, because
    predictions would be wrong for as long as it stands.
    """
    say = say or _silent
    began = time.monotonic()
    say("memory bandwidth")
    figure, _ = bandwidth.remeasure()
    engine = _engine()
    points: tuple[Point, ...] = ()
    version = None
    if engine is not None:
        version, points = _measured(engine, began, say)
    seen = probe()
    found = Calibration(
        measured=date.today().isoformat(),
        processor=seen.processor,
        cores=seen.cores,
        bandwidth=figure,
        seconds=round(time.monotonic() - began, 2),
        engine=engine.name if engine else None,
        version=version,
        points=points,
        missing=None if engine else _hint(),
    )
    if not found.busy:
        keep(found)
    return found


def _silent(_: str) -> None:
    """Say nothing."""


def _engine() -> Contract | None:
    """The first installed engine that reads the models written here."""
    for engine in ENGINES.all():
        if TASK in engine.tasks and "gguf" in engine.formats and engine.find():
            found: Contract = engine
            return found
    return None


def _hint() -> str:
    able = [e for e in ENGINES.all() if TASK in e.tasks and "gguf" in e.formats]
    ways = " or ".join(e.hint for e in able)
    return f"no engine is installed, so only memory was measured; {ways}"


def _measured(engine: Contract, began: float, say: Say) -> tuple[str | None, tuple[Point, ...]]:
    """Every model through the engine; its version."""
    points, version = [], None
    for number, shape in enumerate(SHAPES, 1):
        say(f"{engine.name}: {shape.name}, {number} of {len(SHAPES)}")
        with tempfile.TemporaryDirectory(prefix="freehold-measure-") as folder:
            file = Path(folder) / "model.gguf"
            _write(file, shape)
            job = Job(model=file, task=TASK, setting=Setting(context=CONTEXT))
            with start(engine, job) as running:
                version = running.version
                left = (BUDGET - (time.monotonic() - began)) / (len(SHAPES) - number + 1)
                points.append(_point(running, shape, left))
    return version, tuple(points)


def _write(file: Path, shape: Shape) -> None:
    try:
        write_llama(file, shape)
    except OSError as error:
        says = f"{file.parent} has no room for a model of {matrix_bytes(shape) / 1e6:,.0f} MB"
        raise EnvironmentProblem(f"{says}: {error.strerror}", hint="set TMPDIR") from error


def _point(running: Running, shape: Shape, seconds: float) -> Point:
    """Rounds of a prompt and an answer each, as long as these seconds allow."""
    drawn = random.Random(shape.name)
    warm = _round(running, drawn, LEAST_PROMPT, LEAST_ANSWER)
    prompt, answer, rounds = _lengths(warm, seconds)
    before, began = running.process.computed(), time.monotonic()
    results = [_round(running, drawn, prompt, answer) for _ in range(rounds)]
    used, passed = running.process.computed() - before, time.monotonic() - began
    read = [r.spent.prompt - r.spent.cached for r in results]
    prompt = int(median(read))
    return Point(
        model=shape.name,
        precision=shape.kind,
        layers=shape.layers,
        weights=matrix_bytes(shape),
        state=state_bytes(shape) * (prompt + answer // 2),
        values=matrix_values(shape),
        prompt=prompt,
        decode=median(r.times.decode / r.times.steps for r in results),
        prefill=median(r.times.prompt * prompt / n for r, n in zip(results, read, strict=True)),
        rounds=rounds,
        peak=running.memory().peak,
        share=round(min(1.0, used / passed / usable_cores()), 3),
        head=shape.vocabulary * shape.width,
        looks=4 * shape.layers * shape.width,
    )


def _lengths(warm: Result, seconds: float) -> tuple[int, int, int]:
    """Tokens of the prompts and answers, and how many rounds of them fit into these seconds."""
    read, written = warm.times.prompt / warm.spent.prompt, warm.times.decode / warm.times.steps
    once = PROMPT * read + ANSWER * written
    rounds = max(1, min(ROUNDS, int(seconds / once)))
    part = min(1.0, seconds / once)
    return max(LEAST_PROMPT, int(PROMPT * part)), max(LEAST_ANSWER, int(ANSWER * part)), rounds


def _round(running: Running, drawn: random.Random, prompt: int, answer: int) -> Result:
    """One prompt of random signs, so that nothing of it is known from before."""
    text = "".join(drawn.choices(PLAIN, k=prompt))
    request = Request(text=text, max_tokens=answer, temperature=0.0, seed=1, ignore_end=True)
    for part in running.ask(request):
        if isinstance(part, Result) and part.times.steps and part.times.prompt:
            return part
    raise EnvironmentProblem(f"{running.engine.name} does not say how long it took")
