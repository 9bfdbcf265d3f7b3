"""Reads what lies around a model: bounded, nothing executed, a problem kept per bad file."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from freehold.actions.license_text import Identification, identify, read_license
from freehold.core.errors import BrokenInput
from freehold.formats import sniff
from freehold.formats.adapter import Adapter, read_adapter
from freehold.formats.config import Config, read_config
from freehold.formats.diffusers_index import Pipeline, read_index
from freehold.formats.gguf import Gguf, read_gguf_metadata
from freehold.formats.license_files import kind_of
from freehold.formats.merge import Merge, read_merge
from freehold.formats.model_card import ModelCard, read_card
from freehold.formats.nemo import Nemo, read_nemo
from freehold.formats.onnx import Onnx, read_onnx
from freehold.formats.safetensors import Safetensors, read_safetensors
from freehold.formats.text import plain, read_start, shown
from freehold.formats.tflite import Tflite, read_tflite
from freehold.formats.tokenizer import Tokenizer, read_tokenizer
from freehold.knowledge.base import KnowledgeBase
from freehold.sources.folder import cached_repository, called

MOST_FILES = 5_000
LISTING = ".freehold-files.json"
"""Our own list in a folder that was fetched."""
PASSED_OVER = ("__pycache__", "node_modules")
DEEPEST = 6
MOST_LICENSES = 500
MOST_PROSE, MOST_TABLES = 1_500_000, 20_000_000
"""Bytes of texts and cards, and of configurations, that are read in one folder."""
EXECUTABLE = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".h5", ".npy")
WEIGHTS_PART = "model-parameters"
WEIGHTS = (*EXECUTABLE, ".safetensors", ".gguf", ".onnx", ".tflite", ".nemo", ".msgpack")

Thing = ModelCard | Config | Adapter | Merge | Pipeline | Tokenizer
Header = Gguf | Safetensors | Onnx | Tflite | Nemo


class File(Struct, frozen=True):
    """One file: its path inside the folder, what it is, and what was wrong with it.

    `runs` says what makes it a file that can run code when it is loaded, where its name does not.
    """

    path: str
    kind: str
    size: int
    problem: str | None = None
    runs: str | None = None


class Evidence(Struct, frozen=True):
    """One thing that a file says; its level is text, link, tag, beside, prose or seen.

    It is about the license, or about a part of the release; `id` is that of a license.
    """

    level: str
    path: str
    says: str
    id: str | None
    about: str = "license"


class LicenseFile(Struct, frozen=True):
    """A license, notice or use policy with what its text is and says."""

    path: str
    kind: str
    found: Identification
    text: str = ""


class Seen(Struct):
    """Everything that was read in a folder.

    `repo` is the repository that it was fetched from, `cached` the one that a cache of the Hub
    is named after, `branches` and `tags` those that the Hub tells of the
    repository; `prose` and `tables` are the bytes that may still be read, `read` what texts were.
    """

    name: str
    repo: str | None = None
    cached: str | None = None
    branches: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    files: list[File] = []
    licenses: list[LicenseFile] = []
    things: list[tuple[str, Any]] = []
    cut: bool = False
    prose: int = MOST_PROSE
    tables: int = MOST_TABLES
    read: dict[str, Identification] = {}

    def all(self, kind: type[Any]) -> Iterator[tuple[str, Any]]:
        """(path, record) of every file of one kind that was read."""
        return ((path, thing) for path, thing in self.things if isinstance(thing, kind))

    def spend(self, name: str, size: int, *, prose: bool) -> None:
        """Count bytes that are about to be read; raises BrokenInput when it is enough."""
        left = self.prose if prose else self.tables
        if size > left:
            raise BrokenInput(f"{name}: not read; other files here took all the time there is")
        if prose:
            self.prose -= size
        else:
            self.tables -= size

    @property
    def cards(self) -> list[tuple[str, ModelCard]]:
        """The cards at the top, or else the one nearest to it."""
        every = list(self.all(ModelCard))
        return [row for row in every if "/" not in row[0]] or every[:1]

    def first(self, kind: type[Any]) -> Any:
        """The record nearest to the top, or None."""
        return next((thing for _, thing in self.all(kind)), None)


ARCHIVES = (".gz", ".tgz", ".bz2", ".xz", ".nemo")
_BESIDE = re.compile(
    r"(?:training_args|optimizer|scheduler|rng_state|scaler|tokenizer|vocab)\b|rng_state_"
)
"""Files of a training that end like weights and are none."""
CARDS = ("readme.md", "model_card.md", "modelcard.md", "readme", "readme.txt", "readme.markdown")
"""Names of model cards; where there are several, the first of these leads."""
NAMED: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(CARDS, read_card),
    "config.json": read_config,
    "adapter_config.json": read_adapter,
    "mergekit_config.yml": read_merge,
    "mergekit_config.yaml": read_merge,
    "model_index.json": read_index,
    "tokenizer_config.json": read_tokenizer,
}
ENDINGS: dict[str, Callable[..., Any]] = {
    ".gguf": read_gguf_metadata,
    ".safetensors": read_safetensors,
    ".onnx": read_onnx,
    ".tflite": read_tflite,
    ".nemo": read_nemo,
}


def read_folder(path: Path, base: KnowledgeBase) -> Seen:
    """Read a folder or a single file; raises BrokenInput only when there is no such path."""
    if not path.exists():
        hint = "check the path; freehold models WORD searches for a model by name"
        raise BrokenInput(f"{shown(path)} does not exist", hint=hint)
    seen = Seen(called(path.resolve()), cached=cached_repository(path.resolve()))
    root = path if path.is_dir() else path.parent
    paths = [path] if path.is_file() else list(_walk(path))
    seen.cut = len(paths) > MOST_FILES
    for one in sorted(paths[:MOST_FILES], key=_order):
        _read(one, shown(one.relative_to(root)), seen, base)
    return seen


def _order(path: Path) -> tuple[int, int, str]:
    """Near the top first, and the card that leads before the others."""
    name = path.name.lower()
    return len(path.parts), CARDS.index(name) if name in CARDS else len(CARDS), str(path)


def _walk(root: Path) -> Iterator[Path]:
    """The regular files below a folder, links left alone, most near the top first."""
    for folder, names, files in os.walk(root, followlinks=False):
        here = Path(folder)
        if len(here.relative_to(root).parts) >= DEEPEST:
            names.clear()
        names[:] = sorted(n for n in names if n[0] != "." and n not in PASSED_OVER)
        for name in files:
            path = here / name
            if name != LISTING and _is_inside(path, root):
                yield path


def _is_inside(path: Path, root: Path) -> bool:
    """Whether a file is regular and, when it is a link, leads to nowhere outside the folder.

    In a cache of the Hub, files of a snapshot are links into the folder of its blobs.
    """
    try:
        if not path.is_symlink():
            return path.is_file()
        target, top = path.resolve(strict=True), root.resolve()
        inside = [top, top.parent.parent / "blobs"] if top.parent.name == "snapshots" else [top]
        return target.is_file() and any(folder in target.parents for folder in inside)
    except (OSError, RuntimeError):
        return False


def _read(path: Path, name: str, seen: Seen, base: KnowledgeBase) -> None:
    kind = _kind(path, name)
    size = path.stat().st_size
    problem = None
    try:
        if kind in ("license", "notice", "use-policy"):
            _read_license(path, name, kind, seen, base)
        else:
            read = NAMED.get(path.name.lower()) or ENDINGS.get(path.suffix.lower())
            if path.name.lower() in NAMED:
                seen.spend(name, size, prose=kind == "card")
            if read is not None:
                seen.things.append((name, read(path, name)))
    except BrokenInput as error:
        problem = plain(str(error))
    seen.files.append(File(name, kind, size, problem, _runs(path)))


def _runs(path: Path) -> str | None:
    """What makes a file able to run code, by its first bytes; its name may tell already."""
    if path.suffix.lower() in EXECUTABLE:
        return None
    try:
        head = read_start(path, sniff.LONGEST)
    except BrokenInput:
        return None
    hidden = sniff.packed(head)
    if hidden and path.suffix.lower() not in ARCHIVES:
        return f"packed with {hidden}, so that nobody sees what it is"
    return sniff.sniff(head)


def _read_license(path: Path, name: str, kind: str, seen: Seen, base: KnowledgeBase) -> None:
    if len(seen.licenses) >= MOST_LICENSES:
        seen.cut = True
        raise BrokenInput(f"{name}: not read; there are more than {MOST_LICENSES} license files")
    text = read_license(path)
    found = seen.read.get(text)
    if found is None:
        seen.spend(name, len(text), prose=True)
        found = seen.read[text] = identify(text, path=name, base=base)
    found = replace(found, path=name)
    seen.licenses.append(LicenseFile(name, kind, found, text if kind == "notice" else ""))


def kind_of_file(name: str) -> str:
    """What a file is by its name: card, configuration, license, weights, ..."""
    return _kind(Path(name), name)


def _kind(path: Path, name: str) -> str:
    if path.name.lower() in NAMED:
        return "card" if path.name.lower() in CARDS else "configuration"
    named = kind_of(name)
    if named is not None:
        return named
    if path.suffix.lower() in WEIGHTS:
        return "other" if _BESIDE.match(path.name.lower()) else "weights"
    return "code" if path.suffix == ".py" else "other"
