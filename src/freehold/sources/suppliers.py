"""Finds the source of a model by how it is asked for: hf:OWNER/NAME, https://..., a folder, ..."""

import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from freehold.core.errors import UsageError
from freehold.sources.base import Supplier

PREFIXES = {
    "hf:": "hub",
    "https://huggingface.co/": "hub",
    "https://": "web",
    "http://": "web",
    "ollama:": "ollama",
    "oci:": "oci",
}
"""Prefix -> the file in this folder whose `supplier` knows it; what has none is a path."""
FORMS = "hf:OWNER/NAME[@REVISION][/FILE], https://..., ollama:NAME[:TAG], oci:HOST/NAME, a folder"


def supplier(
    what: str | Path, *, token: str | None = None, endpoint: str | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Supplier:  # fmt: skip
    """The source of what was asked for; UsageError where no source has that form."""
    name = source_of(what)
    try:
        found = import_module(f"freehold.sources.{name}")
    except ModuleNotFoundError as error:
        raise UsageError(f"{str(what)[:200]}: the source {name} is not here") from error
    made: Supplier = found.supplier(str(what), token=token, endpoint=endpoint, sleep=sleep)
    return made


def source_of(what: str | Path) -> str:
    """The file in this folder that knows what was asked for."""
    text = str(what)
    return next((name for prefix, name in PREFIXES.items() if text.startswith(prefix)), "local")
