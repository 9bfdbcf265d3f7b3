"""Converts a folder in the layout of Transformers for onnxruntime-genai, inside the jail.

Run as a script in the Python of the runtime `converting`, in a folder of its own. What to do comes
as JSON in `FREEHOLD_WORKER`: source, task, precision. It leaves the folder `out` and then
`done.json`, and waits to be ended. No code of a model's folder is run.
"""

import json
import os
import sys
import threading
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

OUT, DONE = "out", "done.json"
TYPES = {"f32": "fp32", "int8": "int8", "int4": "int4"}
ROUNDS = "multiplies in 8 bits: what goes into narrow matrices is rounded, too"
MADE_WITH = ("onnxruntime-genai", "onnx-ir", "onnx", "transformers", "torch")


def main() -> int:
    """Convert, tell, wait."""
    orders = json.loads(os.environ.pop("FREEHOLD_WORKER"))
    try:
        told = convert(Path(orders["source"]), orders["task"], orders["precision"], Path(OUT))
    except BaseException as error:
        told = {"error": f"{type(error).__name__}: {error}"[:500]}
    Path("told").write_text(json.dumps(told), encoding="utf-8")
    os.rename("told", DONE)
    threading.Event().wait()
    return 0


def convert(source: Path, task: str, precision: str, out: Path) -> dict[str, Any]:
    """Write the model into `out`; the versions of what did it."""
    if task != "text-generation":
        raise ValueError(f"only text-generation is converted, not {task}")
    builder, kind = _builder(), TYPES[precision]
    words = (None, str(source), str(out), kind, "cpu", "kept")
    builder.create_model(*words, **builder.parse_extra_options(*words, []))
    notes = [] if precision == "f32" else [ROUNDS]
    return {"tools": {name: version(name) for name in MADE_WITH}, "notes": notes}


def _builder() -> Any:
    """The converter of the library, which is a script among modules that it finds by bare names.

    It is imported without the library itself, whose compiled part is not needed here.
    """
    found = find_spec("onnxruntime_genai")
    if found is None or found.origin is None:
        raise ModuleNotFoundError(
            "onnxruntime-genai is not in this runtime: freehold runtime install converting --again"
        )
    sys.path.insert(0, str(Path(found.origin).parent / "models"))
    return import_module("builder")


if __name__ == "__main__":
    sys.exit(main())
