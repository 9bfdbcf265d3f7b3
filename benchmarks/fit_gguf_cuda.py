"""Memory and speed of GGUF models on one CUDA device: what Freehold predicts beside llama.cpp.

    PYTHONPATH=src:. python benchmarks/fit_gguf_cuda.py FOLDER [--seconds 150] [--write FILE]

FOLDER holds `llama-fit-params` and `llama-bench`, built with CUDA from the sources that Freehold
pins. The first is asked what it would allocate on the device and on the host for heads of files
(a head and a hole each, nothing is loaded); the second runs some of them for real, while
nvidia-smi is read. Rows that no longer fit the time are counted, not dropped silently.
"""

import argparse
import json
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from msgspec import Struct
from tests.gguf_models.writer import Model
from tests.gguf_models.zoo import zoo

from freehold.core.tensors import Tensor
from freehold.formats.gguf import read_gguf
from freehold.judge.anatomy.from_gguf import anatomy
from freehold.judge.anatomy.shapes import Anatomy
from freehold.judge.fitting.llamacpp_offload import DEVICE, split
from freehold.judge.fitting.parts import Setting

MIB = 2**20
JOBS = 12
PARTS = ("weights", "state", "compute")
RUN = ("llama-1b-tied", "qwen3-0.6b", "llama-8b", "lfm2-1.2b", "gemma2-9b", "gpt-oss-20b")
"""Run for real."""
Row = dict[str, Any]


class Way(Struct, frozen=True):
    """A setting, and the part of the layers that is on the device."""

    context: int
    parallel: int = 1
    kept: str = "f16"
    flash: bool = True
    part: float = 1.0

    @property
    def setting(self) -> Setting:
        """As the predictions want it."""
        return Setting(context=self.context, parallel=self.parallel, keys=self.kept,  # type: ignore[arg-type]
                       values=self.kept, flash=self.flash)  # type: ignore[arg-type]  # fmt: skip


WAYS = (
    Way(8192), Way(8192, part=0.5), Way(512), Way(131072), Way(8192, kept="q8_0"),
    Way(8192, flash=False), Way(8192, parallel=4),
)  # fmt: skip


class File(Struct, frozen=True):
    """A head with a hole, and what is read of it."""

    name: str
    path: Path
    anatomy: Anatomy
    tensors: Sequence[Tensor]

    def layers(self, way: Way) -> int:
        """How many layers to offload; the output counts as one."""
        every = len(self.anatomy.layers) + 1
        return every if way.part == 1 else max(1, round(every * way.part))


def files(folder: Path) -> Iterator[File]:
    """Every model of the tests."""
    for model in zoo():
        yield opened(model, model.hole(folder / f"{model.name}.gguf"))


def opened(model: Model, path: Path) -> File:
    """A file and its anatomy."""
    head = read_gguf(path)
    return File(model.name, path, anatomy(head.metadata, head.tensor_list), head.tensor_list)


def asked(programs: Path, file: File, way: Way) -> Row | None:
    """What llama.cpp would allocate, in MiB rounded down; None where it refuses."""
    setting = way.setting
    words = [
        str(programs / "llama-fit-params"), "--model", str(file.path), "--fit-print", "on",
        "--ctx-size", str(setting.context * setting.parallel), "--parallel", str(setting.parallel),
        "--cache-type-k", way.kept, "--cache-type-v", way.kept,
        "--flash-attn", "on" if way.flash else "off", "--n-gpu-layers", str(file.layers(way)),
        "--batch-size", "2048", "--ubatch-size", str(setting.batch),
    ]  # fmt: skip
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    except subprocess.TimeoutExpired:
        return None
    found = {}
    for line in done.stdout.splitlines():
        name, *numbers = line.split()
        if len(numbers) == 3 and all(n.isdigit() for n in numbers):
            found[name] = dict(zip(PARTS, map(int, numbers), strict=True))
    return found if "Host" in found and len(found) > 1 else None


def compared(programs: Path, file: File, way: Way) -> Row | None:
    """One row: both sides of both, in MiB."""
    seen = asked(programs, file, way)
    if seen is None:
        return None
    setting = way.setting
    ours = split(file.anatomy, file.tensors, setting, file.layers(way), outputs=setting.batch)
    device = next(value for name, value in seen.items() if name != "Host")
    return {
        "name": file.name, "architecture": file.anatomy.architecture,
        "context": way.context, "parallel": way.parallel, "kept": way.kept, "flash": way.flash,
        "layers": file.layers(way), "of": len(file.anatomy.layers) + 1,
        "device": device, "host": seen["Host"],
        "our_device": {part: getattr(ours.device, part) / MIB for part in PARTS},
        "our_host": {part: getattr(ours.host, part) / MIB for part in PARTS},
    }  # fmt: skip


def heads(programs: Path, folder: Path, until: float) -> list[Row]:
    """All rows that the time allows, several asked at once."""
    pairs = [(file, way) for file in files(folder) for way in WAYS]
    pairs.sort(key=lambda pair: WAYS.index(pair[1]))
    late = refused = 0
    rows = []

    def one(pair: tuple[File, Way]) -> Row | str:
        if time.monotonic() > until:
            return "late"
        return compared(programs, *pair) or "refused"

    with ThreadPoolExecutor(JOBS) as pool:
        for found in pool.map(one, pairs):
            late, refused = late + (found == "late"), refused + (found == "refused")
            if isinstance(found, dict):
                rows.append(found)
    print(f"{len(rows)} answers; {refused} refused; {late} no time left")
    return rows


class Watch(threading.Thread):
    """Reads what the device has taken, again and again; `most` and `least` in MiB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.least, self.most, self.ended = _taken(), 0, threading.Event()

    def run(self) -> None:
        """Until it is told to end."""
        while not self.ended.wait(0.1):
            self.most = max(self.most, _taken())


def _taken() -> int:
    words = ("nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits")
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=10)
        return int(done.stdout.split()[0])
    except (OSError, ValueError, IndexError, subprocess.SubprocessError):
        return 0


def ran(programs: Path, model: Model, folder: Path, context: int = 4096) -> Row:
    """A whole model with noise for weights: speed, and what the device took meanwhile."""
    path = model.whole(folder / f"{model.name}.run.gguf")
    file = opened(model, path)
    words = (
        str(programs / "llama-bench"), "-m", str(path), "-p", "512", "-n", "128", "-r", "3",
        "-d", "0,4096", "-ngl", "999", "-fa", "1", "-o", "json",
    )  # fmt: skip
    watch = Watch()
    watch.start()
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    watch.ended.set()
    path.unlink()
    row: Row = {"name": model.name, "size": model.size, "took": watch.most - watch.least}
    try:
        row["speeds"] = [
            {key: part[key] for key in ("n_prompt", "n_gen", "n_depth", "avg_ts", "stddev_ts")}
            for part in json.loads(done.stdout)
        ]
    except (ValueError, KeyError):
        row["failed"] = done.stderr[-400:]
    ours = split(file.anatomy, file.tensors, Setting(context=context + 640), 999)
    row["ours"] = {part: getattr(ours.device, part) / MIB for part in (*PARTS, "overhead")}
    return row


def table(rows: list[Row]) -> None:
    """For each way: the errors of every part and of the sum on the device."""
    names = ("sum: min", "median", "max", *PARTS)
    print(f"{'way':28}{'rows':>5}{'below':>6}" + "".join(f"{name:>9}" for name in names))
    for way in WAYS:
        there = [row for row in rows if _is(row, way)]
        if not there:
            continue
        errors = [_error(row, PARTS) for row in there]
        parts = "".join(f"{median(_error(row, (part,)) for row in there):9.1%}" for part in PARTS)
        words = f"{way.context} x {way.parallel} {way.kept}"
        words += f"{'' if way.flash else ', not fused'}{'' if way.part == 1 else ', half'}"
        below = sum(error < 0 for error in errors)
        most = f"{min(errors):9.1%}{median(errors):9.1%}{max(errors):9.1%}"
        print(f"{words:28}{len(there):5}{below:6}{most}{parts}")


def _is(row: Row, way: Way) -> bool:
    said = (row["context"], row["parallel"], row["kept"], row["flash"])
    return said == (way.context, way.parallel, way.kept, way.flash) and (
        (row["layers"] == row["of"]) == (way.part == 1)
    )


def _error(row: Row, parts: Sequence[str]) -> float:
    """Our sum over theirs; theirs are rounded down to MiB, so up to one each is given back."""
    ours = sum(row["our_device"][part] for part in parts)
    theirs = sum(row["device"][part] for part in parts)
    if theirs <= ours <= theirs + len(parts):
        return 0.0
    return float((ours - theirs) / max(theirs, 1))


def main() -> None:
    """Heads first, then runs."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("programs", type=Path)
    parser.add_argument("--seconds", type=float, default=150)
    parser.add_argument("--write", type=Path)
    said = parser.parse_args()
    began = time.monotonic()
    found: dict[str, list[Row]] = {"heads": [], "runs": []}
    models = {model.name: model for model in zoo()}
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        for name in RUN:
            if time.monotonic() - began < said.seconds / 2:
                row = ran(said.programs, models[name], Path(folder))
                print(json.dumps(row), flush=True)
                found["runs"].append(row)
                _keep(said.write, found)
        found["heads"] = heads(said.programs, Path(folder), began + said.seconds)
        _keep(said.write, found)
    table(found["heads"])
    print(f"Freehold counts {DEVICE / MIB:.0f} MiB for the driver")


def _keep(target: Path | None, found: dict[str, list[Row]]) -> None:
    if target:
        target.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
