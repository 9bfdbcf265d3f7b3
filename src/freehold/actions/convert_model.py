"""`convert --to`: makes a model ready for another engine, in a jail, and keeps its lineage.

What is written lies beside no file of anybody else: the target is a new folder, with the papers of
the model and with `freehold-lineage.json`, which says what it was made from and how.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date
from hashlib import file_digest
from pathlib import Path
from typing import Any

from msgspec import Struct

from freehold.actions.layouts import LocalModel
from freehold.actions.local_model import find, is_path
from freehold.actions.policed import decision, obey
from freehold.actions.runtimes import CONVERTING
from freehold.core import paths
from freehold.core.errors import BrokenInput, Contradiction, EnvironmentProblem, UsageError
from freehold.core.machine import probe
from freehold.engines.base import Found, built_with, of_python
from freehold.engines.hosting.process import Orders, Process
from freehold.formats.text import shown
from freehold.store.ledger import note

WORKERS = Path(__file__).parent.parent / "engines" / "workers"
DONE, OUT, LINEAGE = "done.json", "out", "freehold-lineage.json"
PATIENCE = 4 * 3600.0
PAPERS = (
    *("LICENSE*", "LICENCE*", "COPYING*", "NOTICE*", "README.md", "USE_POLICY*", "*.license"),
    *("1_Pooling/config.json", "modules.json", "config_sentence_transformers.json"),
)
"""What belongs to a model beside its weights, and is true of what is made from it, too."""
TARGETS = {
    "openvino": ("f32", "bf16", "f16", "int8", "int4"),
    "ctranslate2": ("f32", "bf16", "f16", "int8"),
    "onnxruntime-genai": ("f32", "int8", "int4"),
}
"""What a model can be made ready for, and the precisions of its weights there."""
SOURCES = {
    "openvino": ("safetensors", "diffusers"),
    "ctranslate2": ("safetensors",),
    "onnxruntime-genai": ("safetensors",),
}
"""The layouts that are converted for each."""


class ConvertedModel(Struct, frozen=True, kw_only=True):
    """What was made: `files` with their SHA-256, from `base` with those of its weights."""

    path: str
    to: str
    precision: str
    task: str
    base: dict[str, str]
    files: dict[str, str]
    size: int
    tools: dict[str, str]
    held: tuple[str, ...]
    notes: tuple[str, ...] = ()


def convert_model(
    model: str | Path, target: Path, *, to: str, precision: str = "f32", task: str | None = None
) -> ConvertedModel:
    """Write the model in safetensors into the new folder `target`, for another engine.

    Raises UsageError for an engine or precision that there is not, Contradiction when the target
    is there, EnvironmentProblem without the runtime that converts, BrokenInput when it fails.
    """
    found, wanted = _checked(model, target, to, precision, task)
    objections = obey("adapt", model, decision(model if is_path(model) else found.file))
    runtime = _runtime()
    folder = Path(tempfile.mkdtemp(prefix=".freehold-", dir=target.absolute().parent))
    try:
        made = _made(found, target.absolute(), to, precision, wanted, runtime, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    facts = {"change": "converted", "model": target.name[:200], "base": found.name[:200],
             "base_digest": found.digest, "to": to, "precision": precision}  # fmt: skip
    note("adaptation", facts, required=False)
    return made if not objections else _noted(made, objections)


def _noted(made: ConvertedModel, notes: tuple[str, ...]) -> ConvertedModel:
    from msgspec.structs import replace

    return replace(made, notes=(*notes, *made.notes))


def _checked(
    model: str | Path, target: Path, to: str, precision: str, task: str | None
) -> tuple[LocalModel, str]:
    """The model and what it is to do, when everything that was said is possible."""
    if to not in TARGETS:
        raise UsageError(f"nothing converts for {to!r}", hint=f"there are {', '.join(TARGETS)}")
    if precision not in TARGETS[to]:
        words = ", ".join(TARGETS[to])
        raise UsageError(f"{to} has no weights in {precision!r}", hint=f"there are {words}")
    found = find(model)
    if found.format not in SOURCES[to]:
        takes = " or ".join(SOURCES[to])
        raise UsageError(f"{found.name} is {found.format}; for {to} only {takes} is converted")
    if target.exists():
        raise Contradiction(f"{shown(target)} is there already", hint="remove it, or name another")
    if not target.absolute().parent.is_dir():
        raise EnvironmentProblem(f"the folder {shown(target.parent)} is not there")
    wanted = task or (found.tasks[0] if found.tasks else None)
    if wanted is None:
        raise UsageError(f"what {found.name} ({found.architecture}) does is not known; say --task")
    return found, wanted


def _runtime() -> Found:
    """The Python that converts."""
    folder = paths.runtimes() / CONVERTING
    if built_with(folder) is None:
        says = "converting needs PyTorch in a runtime of its own"
        raise EnvironmentProblem(says, hint=f"freehold runtime install {CONVERTING}")
    return Found("runtime", folder / "bin" / "python")


def _made(
    found: LocalModel, target: Path, to: str, precision: str, task: str, runtime: Found,
    folder: Path,
) -> ConvertedModel:  # fmt: skip
    """Let the converter work, look at what it made, add the papers, give it its name."""
    told = {"source": str(found.file), "task": task, "precision": precision}
    orders = Orders(
        command=(str(runtime.at), "-I", "-B", str(_converter(to))),
        environment={"FREEHOLD_WORKER": json.dumps(told), "HF_HUB_OFFLINE": "1"},
        read=(found.file, found.file.resolve(), *of_python(runtime)),
        memory=probe().memory,
    )
    with Process("the converter", orders, folder) as process:
        process.await_ready((folder / DONE).exists, PATIENCE)
        done = json.loads((folder / DONE).read_text(encoding="utf-8"))
        if "error" in done:
            raise BrokenInput(f"{found.name} cannot be converted: {done['error']}")
        made = ConvertedModel(
            path=str(target),
            to=to,
            precision=precision,
            task=task,
            base=dict(_digests(found.file, "*.safetensors")),
            files=dict(_digests(folder / OUT, "*")),
            size=sum(file.stat().st_size for file in (folder / OUT).rglob("*") if file.is_file()),
            tools=done["tools"],
            held=process.held,
            notes=tuple(done.get("notes", ())),
        )
        _papers(found.file, folder / OUT)
        (folder / OUT / LINEAGE).write_text(json.dumps(_lineage(found, made), indent=1) + "\n")
        (folder / OUT).rename(target)
    return made


def _converter(to: str) -> Path:
    """The script that converts for an engine."""
    return WORKERS / to.replace("-", "_") / "converting.py"


def _digests(folder: Path, pattern: str) -> Iterator[tuple[str, str]]:
    """The SHA-256 of each file of one kind in a folder and the folders in it."""
    for file in sorted(folder.rglob(pattern)):
        if file.is_file():
            with file.open("rb") as opened:
                name = file.relative_to(folder).as_posix()
                yield name, file_digest(opened, "sha256").hexdigest()


def _papers(source: Path, out: Path) -> None:
    """The licenses, notices and card go where the weights go."""
    for pattern in PAPERS:
        for file in source.glob(pattern):
            there = out / file.relative_to(source)
            if file.is_file() and not there.exists():
                there.parent.mkdir(exist_ok=True)
                shutil.copyfile(file, there)


def _lineage(found: LocalModel, made: ConvertedModel) -> dict[str, Any]:
    return {
        "change": "converted",
        "to": made.to,
        "precision": made.precision,
        "task": made.task,
        "date": date.today().isoformat(),
        "base": {
            "name": found.name,
            "architecture": found.architecture,
            "sha256": made.base,
        },
        "tools": made.tools,
        "files": made.files,
    }
