"""`convert`: turns a checkpoint of PyTorch's into safetensors, in a jail, and unpickles nothing.

The pickle is followed by the simulated machine; only what it says of tensors is used, and their
numbers are copied. No PyTorch is needed, and no code of the file's could run if it wanted to.
"""

import json
import os
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import Struct

from freehold.core.errors import BrokenInput, Contradiction, EnvironmentProblem
from freehold.engines.hosting.process import Orders, Process
from freehold.formats.safetensors import read_safetensors
from freehold.formats.text import shown
from freehold.store.ledger import note

WORKER = Path(__file__).parent.parent / "engines" / "workers" / "convert.py"
HOME = Path(__file__).parent.parent.parent
"""Where the package `freehold` is found; the jail opens it for reading."""
OUT, DONE = "out.safetensors", "done.json"
MEMORY = 2 * 2**30
"""Bytes of its own that the converting process may take; files it reads do not count."""
PATIENCE = 3600.0


class Converted(Struct, frozen=True):
    """What was written: `shared` names are not, because the tensor under the other name is theirs.

    `left_out` is what was no tensor, `held` what the jail held the process to.
    """

    path: str
    tensors: int
    parameters: int
    dtypes: dict[str, int]
    shared: dict[str, str]
    left_out: tuple[str, ...]
    source_sha256: str
    held: tuple[str, ...]


def convert(source: Path, target: Path, *, under: str | None = None) -> Converted:
    """Write the tensors of `source` (.bin, .pt, .pth, .ckpt) into `target` (.safetensors).

    BrokenInput when it holds anything but tensors, naming the call; nothing is written then.
    """
    _check(source, target)
    folder = Path(tempfile.mkdtemp(prefix=".freehold-", dir=target.parent))
    try:
        made = _converted(source, target, under, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    facts = {"change": "converted", "model": target.name[:200], "base": source.name[:200],
             "base_sha256": made.source_sha256, "tensors": made.tensors}  # fmt: skip
    note("adaptation", facts, required=False)
    return made


def _check(source: Path, target: Path) -> None:
    if not source.is_file():
        raise BrokenInput(f"{shown(source)} is no file")
    if target.suffix != ".safetensors":
        raise Contradiction(f"{shown(target)} does not end with .safetensors")
    if target.exists():
        raise Contradiction(f"{shown(target)} is there already", hint="remove it, or name another")
    if not target.parent.is_dir():
        raise EnvironmentProblem(f"the folder {shown(target.parent)} is not there")


def _converted(source: Path, target: Path, under: str | None, folder: Path) -> Converted:
    job = {"source": str(source.resolve()), "name": source.name, "under": under}
    orders = Orders(
        command=(sys.executable, "-I", "-B", str(WORKER)),
        environment={"FREEHOLD_WORKER": json.dumps(job)},
        read=(source.resolve(), HOME),
        memory=MEMORY,
    )
    done = folder / DONE
    with Process("the converter", orders, folder) as process:
        process.await_ready(done.exists, PATIENCE)
        told = json.loads(done.read_text(encoding="utf-8"))
        if "error" in told:
            raise BrokenInput(told["error"], hint=told["hint"])
        found = compared(folder / OUT, told)
        _place(folder / OUT, target)
    with suppress(OSError):
        target.chmod(0o666 & ~_mask())
    return Converted(
        path=str(target),
        tensors=found.tensors,
        parameters=found.parameters,
        dtypes=found.dtypes,
        shared=told["shared"],
        left_out=tuple(told["left_out"]),
        source_sha256=told["sha256"],
        held=process.held,
    )


def _place(out: Path, target: Path) -> None:
    """Give the result its name; never over something that came there meanwhile."""
    try:
        os.link(out, target)
    except FileExistsError as error:
        raise Contradiction(f"{shown(target)} is there already") from error
    except OSError:  # no hard links here
        out.rename(target)


def compared(out: Path, told: dict[str, Any]) -> Any:
    """The header as our reader reads it, held against what was to be written."""
    found = read_safetensors(out)
    meant = {(name, dtype, tuple(shape)) for name, dtype, shape in told["tensors"]}
    there = {(tensor.name, tensor.dtype, tensor.shape) for tensor in found.tensor_list}
    if meant != there:
        raise BrokenInput("what was written is not what was read; nothing is kept")
    return found


def _mask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
