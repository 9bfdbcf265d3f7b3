"""Memory of GGUF models on llama.cpp: what Freehold predicts beside what llama.cpp would allocate.

    PYTHONPATH=. python benchmarks/fit_gguf.py ENGINE_PYTHON [--write] [NAME...]

ENGINE_PYTHON is an interpreter that has the wheel of `llamacpp_oracle.py`. Every model is written
as a head and a hole, read again from its bytes, and predicted; the engine is asked the same in a
process of its own. Nothing is asserted here; `--write` renews the table that the tests hold
the predictions against.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from msgspec import Struct
from tests.gguf_models.writer import Model
from tests.gguf_models.zoo import zoo

from freehold.formats.gguf import read_gguf
from freehold.judge.anatomy.from_gguf import anatomy
from freehold.judge.fitting.llamacpp import memory
from freehold.judge.fitting.parts import Parts, Setting

ORACLE = Path(__file__).with_name("llamacpp_oracle.py")
TABLE = Path(__file__).parent.parent / "tests" / "judge" / "fitting" / "llamacpp_measured.py"
CONTEXTS = (512, 8192, 32768, 131072)
PRECISIONS = ("f16", "q8_0", "q4_0")


class Asked(Struct, frozen=True):
    """A setting, and how many tokens of a batch get logits (0: all)."""

    setting: Setting
    outputs: int


class Row(Struct, frozen=True):
    """One answer of the engine and of us, in bytes."""

    name: str
    architecture: str
    asked: Asked
    predicted: Parts
    weights: int
    state: int
    compute: int

    @property
    def error(self) -> float:
        """By how much the sum of the three parts is above the engine's."""
        ours = self.predicted.weights + self.predicted.state + self.predicted.compute
        return ours / (self.weights + self.state + self.compute) - 1


def questions() -> Iterator[Asked]:
    """Every combination; without fused attention values cannot be quantized."""
    for context, kept, flash, full in product(CONTEXTS, PRECISIONS, (True, False), (False, True)):
        if flash or kept == "f16":
            yield Asked(_setting(context, kept, flash, full), 1)
    yield Asked(_setting(8192, "f16", True, False), 0)
    for parallel in (4, 16):
        yield Asked(_setting(8192, "f16", True, False, parallel), parallel)
        yield Asked(_setting(2048, "q8_0", True, False, parallel), parallel)
    yield Asked(_setting(300, "f16", True, False), 1)
    yield Asked(_setting(8192, "f16", True, False, batch=2048), 1)


def _setting(
    context: int, kept: str, flash: bool, full: bool, parallel: int = 1, batch: int = 512
) -> Setting:
    return Setting(
        context=context, parallel=parallel, keys=kept, values=kept, batch=batch,  # type: ignore[arg-type]
        full_window=full, flash=flash,
    )  # fmt: skip


def ask(engine: str, path: Path, asked: Sequence[Asked]) -> list[dict[str, dict[str, int]]]:
    """What the engine says, or an empty answer where it refuses, or where it ends itself."""
    words = [
        json.dumps({
            "context": one.setting.context, "parallel": one.setting.parallel,
            "keys": one.setting.keys, "values": one.setting.values, "batch": one.setting.batch,
            "full_window": one.setting.full_window, "flash": one.setting.flash,
            "outputs": one.outputs,
        })
        for one in asked
    ]  # fmt: skip
    done = subprocess.run(
        (engine, str(ORACLE), str(path), *words), capture_output=True, text=True, check=False
    )
    if done.returncode < 0:
        return [ask(engine, path, (one,))[0] for one in asked] if len(asked) > 1 else [{}]
    if done.returncode:
        raise SystemExit(f"{path.name}: {done.stderr[-600:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def rows(engine: str, model: Model, folder: Path) -> Iterator[Row]:
    """One model in every setting."""
    path = model.hole(folder / f"{model.name}.gguf")
    head = read_gguf(path)
    built = anatomy(head.metadata, head.tensor_list)
    asked = list(questions())
    for one, answer in zip(asked, ask(engine, path, asked), strict=True):
        if not answer:
            continue
        found = {
            k: sum(part[k] for part in answer.values()) for k in ("model", "context", "compute")
        }
        ours = memory(
            built, head.tensor_list, one.setting, outputs=one.outputs or one.setting.batch
        )
        yield Row(
            model.name, model.architecture, one, ours, found["model"], found["context"],
            found["compute"],
        )  # fmt: skip
    path.unlink()


def main() -> None:
    """Print one line per model, then the whole."""
    engine, *names = [word for word in sys.argv[1:] if word != "--write"]
    every: list[Row] = []
    with TemporaryDirectory() as folder:
        for model in zoo():
            if not names or model.name in names:
                made = list(rows(engine, model, Path(folder)))
                print(_line(model.name, made))
                every += made
    print(_line("all", every))
    if "--write" in sys.argv:
        from fit_gguf_table import table

        TABLE.write_text(table(every))


def _line(name: str, rows_: list[Row]) -> str:
    if not rows_:
        return f"{name:20} no answer"
    errors = [100 * row.error for row in rows_]
    parts = " ".join(
        f"{part[:3]} {_part(rows_, part, min):+7.2f} {_part(rows_, part, max):+7.2f}"
        for part in ("weights", "state", "compute")
    )
    below = sum(error < 0 for error in errors)
    over = sum(error > 3 for error in errors)
    bound = "bound" if any(row.predicted.bound for row in rows_) else ""
    return (
        f"{name:20} {len(rows_):4} below {below:3} over 3 %: {over:3} | sum min {min(errors):+6.2f}"
        f" median {median(errors):+6.2f} max {max(errors):+6.2f} | {parts} {bound}"
    )


def _part(rows_: list[Row], part: str, which: Callable[[Iterable[float]], float]) -> float:
    """The lowest or the highest error of one part, in percent of that part."""
    return 100 * which(
        (getattr(row.predicted, part) or 1) / (getattr(row, part) or 1) - 1 for row in rows_
    )


if __name__ == "__main__":
    main()
