"""Writes the tensors of a checkpoint as safetensors, inside the jail; nothing is unpickled.

Run as a script in a folder of its own. What to do comes as JSON in `FREEHOLD_WORKER`: the source,
its name, and the key below which its weights are. It leaves `out.safetensors` and then
`done.json` in its folder, and waits to be ended.
"""

import json
import os
import sys
import threading
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
    try:
        told = convert(Path(orders["source"]), orders["name"], orders["under"], Path(OUT))
    except FreeholdError as error:
        told = {"error": str(error), "hint": error.hint}
    except (MemoryError, OSError, RecursionError) as error:
        told = {"error": f"{orders['name']}: {error or type(error).__name__}", "hint": None}
    Path("told").write_text(json.dumps(told), encoding="utf-8")
    os.rename("told", DONE)
    threading.Event().wait()
    return 0


def convert(source: Path, name: str, under: str | None, out: Path) -> dict[str, Any]:
    """Write the tensors of `source` into `out`; what was written, shared and left out."""
    from freehold.core.errors import BrokenInput
    from freehold.formats.pickled.tensors import numbers, read_checkpoint
    from freehold.formats.safetensors_writing import Entry, header

    with source.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
        data = mmap(file.fileno(), 0, access=ACCESS_READ)
    found = read_checkpoint(data, name, under=under)
    kept, shared = once(found.tensors)
    size = sum(view.size for view in kept.values())
    if size > max(MOST_GROWTH * len(data), ALWAYS):
        raise BrokenInput(f"{name}: would become {size:,} bytes, far more than it has")
    entries = [Entry(key, view.dtype, view.shape, view.size) for key, view in kept.items()]
    metadata = {**shared, "format": "pt", "converted_from": name, "source_sha256": digest}
    with out.open("wb") as target:
        target.write(header(entries, metadata))
        for view in kept.values():
            for piece in numbers(view, found.storages[view.key]):
                target.write(piece)
        target.flush()
        os.fsync(target.fileno())
    tensors = [(entry.name, entry.dtype, entry.shape) for entry in entries]
    return {"tensors": tensors, "shared": shared, "left_out": found.left_out, "sha256": digest}


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
