"""`convert X.nemo`: a recognizer of NeMo becomes a folder in the layout of Transformers, in a jail.

Nothing is unpickled and nothing is unpacked under a name that the archive gives.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from hashlib import file_digest
from pathlib import Path
from typing import Any

from msgspec import Struct

from freehold.actions.convert import HOME, MEMORY, PATIENCE, WORKER, compared
from freehold.core.errors import BrokenInput, Contradiction, EnvironmentProblem
from freehold.engines.hosting.process import Orders, Process
from freehold.formats.structured import read_json
from freehold.formats.text import shown
from freehold.store.ledger import note

OUT, DONE, LINEAGE = "out", "done.json", "freehold-lineage.json"


class ConvertedNemo(Struct, frozen=True, kw_only=True):
    """What was written: `files` with their SHA-256; `left_out` is what follows from the settings.

    Of a hybrid with two heads, the second (CTC) is left out as well. `held` is what the jail held
    the process to.
    """

    path: str
    architecture: str
    tensors: int
    parameters: int
    files: dict[str, str]
    left_out: tuple[str, ...]
    source_sha256: str
    held: tuple[str, ...]


def convert_nemo(source: Path, target: Path) -> ConvertedNemo:
    """Write the recognizer in the archive `source` (.nemo) into the new folder `target`.

    BrokenInput for an archive that is none or leads outside, for weights that are not only
    tensors, and for a model that no class here computes; nothing is written then.
    """
    _check(source, target)
    folder = Path(tempfile.mkdtemp(prefix=".freehold-", dir=target.absolute().parent))
    try:
        made = _converted(source, target, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    facts = {"change": "converted", "model": target.name[:200], "base": source.name[:200],
             "base_sha256": made.source_sha256, "tensors": made.tensors}  # fmt: skip
    note("adaptation", facts, required=False)
    return made


def _check(source: Path, target: Path) -> None:
    if not source.is_file():
        raise BrokenInput(f"{shown(source)} is no file")
    if target.exists():
        raise Contradiction(f"{shown(target)} is there already", hint="remove it, or name another")
    if not target.absolute().parent.is_dir():
        raise EnvironmentProblem(f"the folder {shown(target.absolute().parent)} is not there")


def _converted(source: Path, target: Path, folder: Path) -> ConvertedNemo:
    """Let the worker write, look at what it wrote, give it its name."""
    job = {"source": str(source.resolve()), "name": source.name, "nemo": True}
    orders = Orders(
        command=(sys.executable, "-I", "-B", str(WORKER)),
        environment={"FREEHOLD_WORKER": json.dumps(job)},
        read=(source.resolve(), HOME),
        memory=MEMORY,
    )
    done, out = folder / DONE, folder / OUT
    with Process("the converter", orders, folder) as process:
        process.await_ready(done.exists, PATIENCE)
        told = json.loads(done.read_text(encoding="utf-8"))
        if "error" in told:
            raise BrokenInput(told["error"], hint=told["hint"])
        found = compared(out / "model.safetensors", told)
        made = ConvertedNemo(
            path=str(target),
            architecture=str(read_json(out / "config.json", "config.json")["architectures"][0]),
            tensors=found.tensors,
            parameters=found.parameters,
            files=dict(_digests(out)),
            left_out=tuple(told["left_out"]),
            source_sha256=told["sha256"],
            held=process.held,
        )
        lineage = json.dumps(_lineage(source, made), indent=1) + "\n"
        (out / LINEAGE).write_text(lineage, encoding="utf-8")
        out.rename(target)
    return made


def _digests(folder: Path) -> Iterator[tuple[str, str]]:
    """The SHA-256 of each file."""
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            yield path.name, file_digest(file, "sha256").hexdigest()


def _lineage(source: Path, made: ConvertedNemo) -> dict[str, Any]:
    return {
        "change": "converted",
        "to": "transformers",
        "date": date.today().isoformat(),
        "base": {"name": source.name, "sha256": {source.name: made.source_sha256}},
        "files": made.files,
    }
