"""Writes the tensors of a checkpoint as safetensors, inside the jail; nothing is unpickled.

Run as a script in a folder of its own. What to do comes as JSON in `FREEHOLD_WORKER`: the source,
its name, and the key below which its weights are. It leaves `out.safetensors` (of an archive of
NeMo, the folder `out`) and then `done.json` in its folder, and waits to be ended.
"""

import json
import os
import sys
import threading
from collections.abc import Mapping
from hashlib import file_digest
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

OUT, DONE = "out.safetensors", "done.json"
MOST_GROWTH, ALWAYS = 4, 64 * 2**20
"""How many times larger than its source a result may be, and how large in any case."""


def main() -> int:
    """Convert, tell, wait."""
    sys.path.insert(0, str(Path(__file__).parents[3]))
    from freehold.core.errors import FreeholdError

    orders = json.loads(os.environ.pop("FREEHOLD_WORKER"))
    source, name = Path(orders["source"]), orders["name"]
    try:
        if orders.get("nemo"):
            from freehold.engines.workers import nemo

            told = nemo.convert(source, name, Path("out"))
        else:
            told = convert(source, name, orders["under"], Path(OUT))
    except FreeholdError as error:
        told = {"error": str(error), "hint": error.hint}
    except (MemoryError, OSError, RecursionError) as error:
        told = {"error": f"{name}: {error or type(error).__name__}", "hint": None}
    Path("told").write_text(json.dumps(told), encoding="utf-8")
    os.rename("told", DONE)
    threading.Event().wait()
    return 0


def convert(source: Path, name: str, under: str | None, out: Path) -> dict[str, Any]:
    """Write the tensors of `source` into `out`; what was written, shared and left out."""
    from freehold.formats.pickled.tensors import read_checkpoint

    data, digest = opened(source)
    found = read_checkpoint(data, name, under=under)
    return {
        **written(found, None, len(data), {"converted_from": name, "source_sha256": digest}, out),
        "left_out": found.left_out,
        "sha256": digest,
    }


def opened(source: Path) -> tuple[mmap, str]:
    """The bytes of a file, and their SHA-256."""
    with source.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
        return mmap(file.fileno(), 0, access=ACCESS_READ), digest


def written(
    found: Any, names: Mapping[str, str] | None, size: int, told: Mapping[str, str], out: Path
) -> dict[str, Any]:
    """Write tensors that a file of `size` bytes holds: all, or those in `names`, so renamed."""
    from freehold.core.errors import BrokenInput
    from freehold.formats.pickled.tensors import numbers
    from freehold.formats.safetensors_writing import Entry, header

    kept, shared = once({
        key if names is None else names[key]: view
        for key, view in found.tensors.items()
        if names is None or key in names
    })  # fmt: skip
    total = sum(view.size for view in kept.values())
    if total > max(MOST_GROWTH * size, ALWAYS):
        raise BrokenInput(
            f"{told['converted_from']}: would become {total:,} bytes, far more than it has"
        )
    entries = [Entry(key, view.dtype, view.shape, view.size) for key, view in kept.items()]
    with out.open("wb") as target:
        target.write(header(entries, {**shared, "format": "pt", **told}))
        for view in kept.values():
            for piece in numbers(view, found.storages[view.key]):
                target.write(piece)
        target.flush()
        os.fsync(target.fileno())
    tensors = [(entry.name, entry.dtype, entry.shape) for entry in entries]
    return {"tensors": tensors, "shared": shared}


def once(tensors: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Each view of the same numbers once, under its first name; the other names and that one."""
    first: dict[Any, str] = {}
    shared: dict[str, str] = {}
    for name, view in tensors.items():
        kept = first.setdefault(view, name)
        if kept != name and view.size:
            shared[name] = kept
    return {name: view for name, view in tensors.items() if name not in shared}, shared


if __name__ == "__main__":
    sys.exit(main())
