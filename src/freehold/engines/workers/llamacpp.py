"""Serves one GGUF model with llama.cpp's own server, from the wheel `xllamacpp`.

Run as a script in the Python that has the wheel. What to do comes as JSON in `FREEHOLD_WORKER`:
a table of parameters of llama.cpp, with dots for those inside others. A table among the values
is a constant, `{"of": type, "is": name}`, or an object, `{"make": type, "from": {...}}`.
"""

import json
import os
import sys
import threading
from importlib import import_module
from typing import Any


def main() -> int:
    """Load the model, say so, and serve until killed."""
    xllamacpp: Any = import_module("xllamacpp")
    parameters = xllamacpp.CommonParams()
    for name, value in json.loads(os.environ.pop("FREEHOLD_WORKER")).items():
        put(xllamacpp, parameters, name, value)
    server = xllamacpp.Server(parameters)
    threading.Event().wait()
    del server
    return 0


def put(library: Any, parameters: Any, name: str, value: Any) -> None:
    """Set one parameter; with dots, one inside others."""
    *path, last = name.split(".")
    for part in path:
        parameters = getattr(parameters, part)
    setattr(parameters, last, meant(library, value))


def meant(library: Any, value: Any) -> Any:
    """What a value stands for: a constant of llama.cpp, an object of its own, or itself."""
    if isinstance(value, list):
        return [meant(library, item) for item in value]
    if not isinstance(value, dict):
        return value
    if "make" in value:
        return getattr(library, value["make"])(**value["from"])
    return getattr(getattr(library, value["of"]), value["is"])


if __name__ == "__main__":
    sys.exit(main())
