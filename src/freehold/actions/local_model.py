"""A model that lies on this machine as a file or folder: what an engine must know before it runs.

Only the head of a file is read, so this takes milliseconds whatever its size.
"""

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from freehold.core.errors import BrokenInput, EnvironmentProblem, NotFound, UsageError
from freehold.formats.gguf import Gguf, read_gguf

if TYPE_CHECKING:
    from freehold.store.manifest import Manifest

HASHED = 2**20
"""Bytes at the start of a file that its short digest covers."""
LONGEST_NAME = 200
PART = re.compile(r"(.+)-(\d{5})-of-(\d{5})\.gguf$")
NOT_A_MODEL = {"adapter": "an adapter", "mmproj": "a projector", "imatrix": "an importance matrix"}


class LocalModel(Struct, frozen=True, kw_only=True):
    """One model on disk: `file` is what an engine opens, `context` what it was trained for.

    `digest` is the SHA-256 of its first MiB and of its size: it tells models apart, it does not
    vouch for every byte. `size` counts all parts of a split file.
    """

    file: Path
    name: str
    format: str
    architecture: str
    context: int | None
    size: int
    digest: str
    chat_template: bool


def is_path(model: str | Path) -> bool:
    """Whether what was said means a file or folder, not a model of the knowledge base."""
    text = str(model)
    if isinstance(model, Path) or text.startswith((".", "/", "~")) or os.path.exists(text):
        return True
    return text.lower().endswith(".gguf") and not text.startswith("hf:")


def expanded(model: str | Path) -> Path:
    """The path that was said; a ~ at its start is the user's folder, where there is one."""
    return Path(os.path.expanduser(model))


def find(model: str | Path) -> LocalModel:
    """The model in a file, a folder or the store; errors that say what is there instead."""
    if not is_path(model):
        return _in_store(str(model))
    path = expanded(model)
    if not os.path.exists(path):
        raise NotFound("file or folder", str(model), (), hint="check the path")
    file = _in_folder(path) if path.is_dir() else path
    if file.suffix.lower() == ".safetensors":
        raise EnvironmentProblem(f"{file.name}: no engine for safetensors is here so far")
    return _read(file.absolute())


def _in_store(name: str) -> LocalModel:
    """The model that `get` brought under this name."""
    from freehold.store import catalog

    manifest, within = stored(name)
    catalog.touch(manifest)
    folder = Path(manifest.folder)
    if within:
        return _read(folder / within)
    paths = [folder.joinpath(*file.path.split("/")) for file in manifest.files]
    return _read(_one_of(folder, paths))


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


def _read(file: Path) -> LocalModel:
    found = read_gguf(file, file.name)
    kind = found.text("general.type") or "model"
    architecture = found.text("general.architecture")
    if kind in NOT_A_MODEL:
        raise BrokenInput(f"{file.name}: is {NOT_A_MODEL[kind]}, not a model")
    if architecture is None:
        raise BrokenInput(f"{file.name}: does not say its architecture")
    parts = _parts(file, found)
    context = found.metadata.get(f"{architecture}.context_length")
    return LocalModel(
        file=file,
        name=_short(found.text("general.name") or file.stem),
        format="gguf",
        architecture=_short(architecture),
        context=context if isinstance(context, int) else None,
        size=sum(part.stat().st_size for part in parts),
        digest=digest(file),
        chat_template=found.chat_template,
    )


def _short(text: str) -> str:
    """A name as it can stand on a line and in the ledger."""
    return " ".join(text.split())[:LONGEST_NAME]


def digest(file: Path) -> str:
    """The SHA-256 of the first MiB of a file and of its size."""
    with file.open("rb") as opened:
        head = opened.read(HASHED)
    return hashlib.sha256(head + str(file.stat().st_size).encode()).hexdigest()


def _in_folder(folder: Path) -> Path:
    """The one model in a folder; of a split one, its first part."""
    return _one_of(folder, folder.glob("*"))


def _one_of(folder: Path, paths: Iterable[Path]) -> Path:
    """The one GGUF file among these that is a model; of a split one, its first part."""
    there = list(paths)
    files = sorted(path for path in there if path.suffix == ".gguf")
    firsts = [f for f in files if not (m := PART.match(f.name)) or int(m[2]) == 1]
    models = [f for f in firsts if not f.name.lower().startswith("mmproj")]
    if len(models) == 1:
        return models[0]
    if models:
        names = ", ".join(f.name for f in models[:8])
        raise UsageError(f"{folder} holds {len(models)} models: {names}", hint="name one of them")
    if any(path.suffix == ".safetensors" for path in there):
        raise EnvironmentProblem(f"{folder}: no engine for safetensors is here so far")
    raise BrokenInput(f"{folder}: holds no GGUF file")


def _parts(file: Path, found: Gguf) -> list[Path]:
    """All files of a split model, each of which must be there; else the file itself."""
    match, count = PART.match(file.name), found.metadata.get("split.count")
    if not match or not isinstance(count, int) or count < 2:
        return [file]
    if int(match[2]) != 1:
        raise UsageError(
            f"{file.name}: is a later part", hint=f"name {match[1]}-00001-of-{match[3]}.gguf"
        )
    parts = [
        file.with_name(f"{match[1]}-{n:05}-of-{match[3]}.gguf") for n in range(1, int(match[3]) + 1)
    ]
    missing = [part.name for part in parts if not part.is_file()]
    if missing:
        raise BrokenInput(f"{file.name}: {len(missing)} of its parts are missing: {missing[0]}")
    return parts
