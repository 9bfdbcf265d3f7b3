"""Puts what a model made where it was asked for, as ordinary files; none is ever overwritten."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from freehold.core.errors import EnvironmentProblem, UsageError
from freehold.tasks.base import File, Task, packed, with_files
from freehold.tasks.feature_extraction import Result as Vectors
from freehold.tasks.time_series_forecasting import Result as Forecast

WHOLE = (".json", ".txt", ".csv", ".npy")
"""Endings under which a whole result is written, where it is no file itself."""


def placed(
    result: Any, task: Task, out: Path | None = None, folder: Path | None = None
) -> tuple[Any, tuple[Path, ...]]:
    """The result with its files moved to `out`, and every file that was written.

    `out` is a file or a folder; several files get numbers. Without it they go to `folder`, or
    into a new one among temporary ones. A result without files of its own is written to `out` as
    JSON, text, CSV (forecasts) or NumPy array (vectors), by its ending.
    """
    written: list[Path] = []
    many = _count(result)
    if many and not (out or folder):
        folder = Path(tempfile.mkdtemp(prefix="freehold-"))
    names = _names(out or folder or Path(), task, many)

    def move(file: File) -> File:
        there = _ending(next(names), file.path)
        _moved(file.path, there)
        written.append(there)
        return File(there, file.kind)

    moved = with_files(result, move)
    if out and not written:
        written.append(_whole(result, task, out))
    return moved, tuple(written)


def refuse_taken(out: Path | None) -> None:
    """An error before anything is run where the result could not be written."""
    if out is None or out.is_dir():
        return
    if out.exists():
        raise UsageError(f"{out} is there already", hint="name another file with -o")
    if not out.parent.is_dir():
        raise UsageError(f"there is no folder {out.parent}", hint=f"mkdir -p {out.parent}")


def _count(result: Any) -> int:
    found: list[File] = []

    def seen(file: File) -> File:
        found.append(file)
        return file

    with_files(result, seen)
    return len(found)


def _names(out: Path, task: Task, many: int) -> Iterator[Path]:
    """Where each file goes: the name asked for, or numbered ones that are free."""
    if not out.is_dir() and many == 1:
        yield out
    folder, stem = (out, task.id) if out.is_dir() else (out.parent, out.stem)
    ending = "" if out.is_dir() else out.suffix
    for number in count(1):
        there = folder / f"{stem}-{number}{ending}"
        if not any(folder.glob(f"{there.stem}.*")):
            yield there


def _ending(wanted: Path, made: Path) -> Path:
    """The path with the ending of what was made, unless it has that one."""
    if wanted.suffix.lower() == made.suffix.lower():
        return wanted
    return (
        wanted.with_name(wanted.name + made.suffix)
        if wanted.suffix
        else wanted.with_suffix(made.suffix)
    )


def _moved(made: Path, there: Path) -> None:
    """Move a file so that it is there whole or not at all, and never over another one."""
    beside = there.with_name(f".{there.name}.part")
    try:
        shutil.copyfile(made, beside)
        os.link(beside, there)
    except FileExistsError as error:
        raise UsageError(f"{there} is there already", hint="name another file with -o") from error
    except OSError as error:
        raise EnvironmentProblem(f"{there} cannot be written: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)
    with suppress(OSError):
        made.unlink()


def _whole(result: Any, task: Task, out: Path) -> Path:
    """Write a result that has no file of its own."""
    there = out / f"{task.id}.json" if out.is_dir() else out
    if there.suffix not in WHOLE:
        raise UsageError(f"{there.name}: its ending must be one of {', '.join(WHOLE)}")
    with tempfile.TemporaryDirectory(prefix="freehold-") as folder:
        made = Path(folder) / there.name
        made.write_bytes(_bytes(result, task, there.suffix))
        _moved(made, there)
    return there


def _bytes(result: Any, task: Task, ending: str) -> bytes:
    if ending == ".json":
        return json.dumps(json.loads(packed(result)), indent=2, ensure_ascii=False).encode() + b"\n"
    if ending == ".csv" and isinstance(result, Forecast):
        return _csv(result).encode()
    if ending == ".npy" and isinstance(result, Vectors) and result.dense:
        return _npy(result.dense)
    if ending == ".txt":
        return task.words(result).encode() + b"\n"
    raise UsageError(f"a result of {task.id} cannot be written as {ending}", hint="-o NAME.json")


def _csv(result: Forecast) -> str:
    """A row for each step, a column for each series and quantile."""
    heads, columns = ["step"], [list(result.times) or _steps(result)]
    for series in result.series:
        heads.append(series.name)
        columns.append([repr(value) for value in series.values])
        for quantile, values in series.quantiles.items():
            heads.append(f"{series.name} {quantile}")
            columns.append([repr(value) for value in values])
    lines = [heads, *map(list, zip(*columns, strict=True))]
    return "".join(",".join(f'"{x}"' if "," in x else x for x in line) + "\n" for line in lines)


def _steps(result: Forecast) -> list[str]:
    return [str(number + 1) for number in range(len(result.series[0].values))]


def _npy(vectors: tuple[bytes, ...]) -> bytes:
    """One array of 32-bit floats, a row for each vector (NumPy's format 1.0)."""
    shape = (len(vectors), len(vectors[0]) // 4)
    head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
    head += " " * (-(len(head) + 11) % 64) + "\n"
    return (
        b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode() + b"".join(vectors)
    )
