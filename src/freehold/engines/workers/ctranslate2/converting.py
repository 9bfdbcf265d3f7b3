"""Converts a folder in the layout of Transformers for CTranslate2, inside the jail.

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
from pathlib import Path
from typing import Any

OUT, DONE = "out", "done.json"
TYPES = {"f32": "float32", "f16": "float16", "bf16": "bfloat16", "int8": "int8"}
COPIED = (
    *("tokenizer.json", "tokenizer_config.json", "generation_config.json", "chat_template.jinja"),
    *("preprocessor_config.json", "special_tokens_map.json"),
)
KEPT = ("architectures", "model_type", "max_position_embeddings", "n_positions")
"""Keys of the publisher's config.json that tell what the model is."""


def main() -> int:
    """Convert, tell, wait."""
    orders = json.loads(os.environ.pop("FREEHOLD_WORKER"))
    try:
        told = convert(Path(orders["source"]), orders["precision"], Path(OUT))
    except BaseException as error:
        told = {"error": f"{type(error).__name__}: {error}"[:500]}
    Path("told").write_text(json.dumps(told), encoding="utf-8")
    os.rename("told", DONE)
    threading.Event().wait()
    return 0


def convert(source: Path, precision: str, out: Path) -> dict[str, Any]:
    """Write the model into `out`; the versions of what did it."""
    converters = import_module("ctranslate2.converters")
    files = [name for name in COPIED if (source / name).is_file()]
    made = converters.TransformersConverter(str(source), copy_files=files)
    made.convert(str(out), quantization=TYPES[precision])
    said = json.loads((source / "config.json").read_text(encoding="utf-8"))
    own = json.loads((out / "config.json").read_text(encoding="utf-8"))
    own |= {name: said[name] for name in KEPT if name in said}
    marks = [name for name in own if name.endswith("_token") and own[name] is None]
    own |= dict.fromkeys(marks, "")  # it reads no null
    (out / "config.json").write_text(json.dumps(own, indent=1), encoding="utf-8")
    return {"tools": {name: version(name) for name in ("ctranslate2", "transformers", "torch")}}


if __name__ == "__main__":
    sys.exit(main())
