"""`machine --measure`: how fast this machine really reads memory and runs models, kept for later.

Four small models of invented weights go through the real engine. Wide ones in three precisions
show bytes per second and the matrix rate of each; a deep narrow one shows what a layer costs
however small it is.
"""

import platform
import random
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
from msgspec import Struct

from freehold.core import bandwidth, paths
from freehold.core.errors import EnvironmentProblem, FreeholdError
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
from freehold.judge.speed.rates import Grade, Measurement
from freehold.store.ledger import Ledger
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
QUIET = 0.85
"""The share of the cores that an engine gets on a machine that does nothing else."""

Say = Callable[[str], None]


class Point(Struct, frozen=True, kw_only=True):
    """One model that was measured: what a token needs of it, and the seconds that it took.

    `weights` are bytes read for each token, `state` bytes of keys and values read beside them,
    `values` the weights multiplied. `decode` is seconds for one token, `prefill` for a prompt of
    `prompt` tokens; both are medians. `peak` is the most memory that the engine took. `share` is
    the part of the cores that it got: less than all when the machine did other work meanwhile.
    """

    model: str
    precision: str
    layers: int
    weights: int
    state: int
    values: int
    prompt: int
    decode: float
    prefill: float
    rounds: int
    peak: int
    share: float

    @property
    def decode_speed(self) -> float:
        """Tokens per second while it writes."""
        return 1 / self.decode

    @property
    def prefill_speed(self) -> float:
        """Tokens per second while it reads a prompt."""
        return self.prompt / self.prefill


class Calibration(Struct, frozen=True, kw_only=True):
    """What was measured here, when, and with which engine; `bandwidth` is bytes per second.

    `missing` says what could not be measured and what to do about it.
    """

    measured: str
    processor: str
    cores: int
    bandwidth: int
    seconds: float
    engine: str | None = None
    version: str | None = None
    points: tuple[Point, ...] = ()
    missing: str | None = None

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        for point, row in zip(self.points, found["points"], strict=True):
            row["tokens_per_second"] = {
                "decode": point.decode_speed,
                "prefill": point.prefill_speed,
            }
        return found

    @property
    def busy(self) -> bool:
        """Whether other work took a part of the machine while it was measured."""
        return any(point.share < QUIET for point in self.points)

    def measurements(self) -> tuple[Measurement, ...]:
        """The passes that were timed, in the words of the judge of speed."""
        return tuple(m for point in self.points for m in passes(point))


def passes(point: Point) -> tuple[Measurement, Measurement]:
    """One token alone, and a whole prompt at once."""
    grade: Grade = "16-bit" if point.precision == "F16" else "8-bit"
    alone = Measurement(
        bytes_read=point.weights + point.state,
        operations=2.0 * point.values,
        layers=point.layers,
        seconds=point.decode,
        grade=grade,
    )
    together = Measurement(
        bytes_read=point.weights,
        operations=2.0 * point.values * point.prompt,
        layers=point.layers,
        seconds=point.prefill,
        tokens=point.prompt,
        grade=grade,
    )
    return alone, together


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
        _keep(found)
    return found


def known() -> Calibration | None:
    """What was measured on this machine earlier; None when there is nothing that can be read."""
    try:
        return msgspec.json.decode(_file().read_bytes(), type=Calibration)
    except (OSError, msgspec.DecodeError):
        return None


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


def _keep(found: Calibration) -> None:
    """Write it where later commands find it; a home that cannot be written only loses it."""
    file = _file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(msgspec.json.encode(found) + b"\n")
        with Ledger.open() as ledger:
            ledger.append("calibration", msgspec.to_builtins(found))
    except (OSError, FreeholdError):
        pass


def _file() -> Path:
    return paths.state() / f"calibration-{platform.node() or 'machine'}.json"
