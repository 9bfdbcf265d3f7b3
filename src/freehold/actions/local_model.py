"""Finds a model that lies on this machine: a file, a folder, or what `get` brought into the store.

`layouts.py` says what lies there.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from freehold.actions.elsewhere import elsewhere, with_ollama
from freehold.actions.layouts import LocalModel, model_in
from freehold.core.errors import EnvironmentProblem, NotFound

if TYPE_CHECKING:
    from freehold.store.manifest import Manifest

ALONE = (".gguf", ".onnx", ".tflite")
"""Endings of files that are a model by themselves."""


def is_path(model: str | Path) -> bool:
    """Whether what was said means a file or folder, not a model of the knowledge base."""
    text = str(model)
    if isinstance(model, Path) or text.startswith((".", "/", "~")) or os.path.exists(text):
        return True
    return text.lower().endswith(ALONE) and not text.startswith("hf:")


def expanded(model: str | Path) -> Path:
    """The path that was said; a ~ at its start is the user's folder, where there is one."""
    return Path(os.path.expanduser(model))


def find(model: str | Path) -> LocalModel:
    """The model in a file, a folder or the store, or at an address; else what is there instead."""
    there = elsewhere(str(model))
    if there is not None:
        return there
    if not is_path(model):
        name = str(model)
        return with_ollama(name) if _only_ollama(name) else _in_store(name)
    path = expanded(model)
    if not os.path.exists(path):
        raise NotFound("file or folder", str(model), (), hint="check the path")
    return model_in(path)


def _in_store(name: str) -> LocalModel:
    """The model that `get` brought under this name; our own small one comes in a package."""
    from freehold.actions.seed import NAME, seed_model
    from freehold.store import catalog

    if name == NAME and (there := seed_model()):
        return model_in(there)
    manifest, within = stored(name)
    catalog.touch(manifest)
    folder = Path(manifest.folder)
    if within:
        return model_in(folder / within)
    return model_in(folder, [folder.joinpath(*file.path.split("/")) for file in manifest.files])


def _only_ollama(name: str) -> bool:
    """Whether a name is one of Ollama's that `get` has not brought here."""
    if not name.startswith("ollama:"):
        return False
    try:
        return not stored(name)
    except EnvironmentProblem:
        return True


def stored(name: str) -> "tuple[Manifest, str]":
    """What `get` brought under this name, and the file in it that is named, if one is."""
    from freehold.store import catalog

    wanted = name.removeprefix("hf:").split("@")[0]
    manifest = catalog.find("/".join(wanted.split("/")[:2])) or _known(wanted)
    if manifest is None:
        raise EnvironmentProblem(
            f"{name} is not on this machine", hint=f"bring it here: freehold get {name}"
        )
    return manifest, "/".join(wanted.split("/")[2:])


def _known(name: str) -> "Manifest | None":
    """What is in the store of a model that the knowledge base calls by another name."""
    from freehold.knowledge.base import open_base
    from freehold.store import catalog

    if not catalog.manifests():
        return None
    found = open_base().find(name)
    hub = found[1].hub if found and found[1] else None
    return catalog.find(hub) if hub else None
