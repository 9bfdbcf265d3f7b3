"""Where Freehold's own small model is: the wheel `freehold-seed`, when it is installed."""

from importlib.util import find_spec
from pathlib import Path

PACKAGE = "freehold_seed"
FILE = "freehold-seed.gguf"
HINT = "pip install 'freehold[seed,llamacpp]'"


def seed_model() -> Path | None:
    """The GGUF file of freehold-seed; None where its package is not installed."""
    spec = find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(folder) / FILE).is_file():
            return Path(folder) / FILE
    return None
