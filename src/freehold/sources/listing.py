"""Decides which files of a foreign list may be written here, and under which names."""

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from freehold.core.http import printable
from freehold.formats.license_files import kind_of

LIST = ".freehold-files.json"
"""The file beside the fetched ones that says what else the repository holds."""
MOST_LISTED = 2_000
DEEPEST = 6
LONGEST_NAME, LONGEST_PART = 500, 200
LARGEST = 2**50

CARDS = ("readme.md", "readme", "readme.txt", "model_card.md", "modelcard.md")
TABLES = frozenset((
    "config.json", "adapter_config.json", "model_index.json", "tokenizer_config.json",
    "mergekit_config.yml", "mergekit_config.yaml", "generation_config.json",
))  # fmt: skip
HEADED = (".safetensors", ".gguf", ".onnx")
_FORBIDDEN = re.compile(r'[<>:"|?*\\]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


class Listed(Struct):
    """One file of a repository; `got` is whole, head or none, `problem` says why not whole."""

    path: str
    size: int | None
    kind: str
    got: str = "none"
    problem: str | None = None


class Listing(Struct):
    """A repository at one commit; `total` counts all its files, also those not in `files`."""

    repo: str
    revision: str
    commit: str
    gated: bool
    total: int
    files: list[Listed] = []
    tags: list[str] = []
    branches: list[str] = []


def write_listing(listing: Listing, into: Path) -> None:
    """Put the list beside the fetched files."""
    data = msgspec.json.format(msgspec.json.encode(listing), indent=2)
    (into / LIST).write_bytes(data + b"\n")


def read_listing(folder: Path) -> Listing | None:
    """The list of a fetched folder, or None for any other folder."""
    try:
        return msgspec.json.decode((folder / LIST).read_bytes(), type=Listing)
    except (OSError, msgspec.MsgspecError):
        return None


def sort_out(names: Iterable[tuple[str, int | None]]) -> list[Listed]:
    """The files of a list, those that matter most first; unsafe names keep their problem."""
    taken: set[str] = set()
    found = []
    for name, size in names:
        problem = unsafe_name(name) or _is_taken(name, taken)
        known = size if size is not None and 0 <= size <= LARGEST else None
        shown = name if problem is None else printable(name)[:LONGEST_NAME]
        found.append(Listed(shown, known, "refused" if problem else _kind(name), problem=problem))
    order = ("card", "text", "table", "head", "refused", "other")
    return sorted(found, key=lambda f: (order.index(f.kind), f.path.count("/"), f.path))


def unsafe_name(name: str) -> str | None:
    """Why no file may be written under a name that a server gave, or None."""
    parts = name.split("/")
    if not name or len(name) > LONGEST_NAME or len(parts) > DEEPEST:
        return "its name is too long or too deep"
    if not name.isprintable() or _FORBIDDEN.search(name):
        return "its name has signs that no file name should have"
    for part in parts:
        if not part.strip(". ") or part != part.rstrip(". ") or part.startswith(" "):
            return "its name leads out of the folder, or looks as if"
        if len(part.encode()) > LONGEST_PART or _DEVICES.fullmatch(part):
            return "its name cannot be a file name everywhere"
    if parts[0].lower() in (".git", LIST):
        return "its name is kept for something else"
    return None


def _is_taken(name: str, taken: set[str]) -> str | None:
    """Whether a file system that ignores case would put two files in one place."""
    parts = unicodedata.normalize("NFKC", name).casefold().split("/")
    steps = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    if steps[-1] in taken or steps[-1] + "/" in taken or any(s in taken for s in steps[:-1]):
        return "its name is that of another file"
    taken.add(steps[-1])
    taken.update(step + "/" for step in steps[:-1])
    return None


def _kind(name: str) -> str:
    last = name.rpartition("/")[2].lower()
    if last in CARDS:
        return "card"
    if kind_of(name) is not None:
        return "text"
    if last in TABLES:
        return "table"
    return "head" if last.endswith(HEADED) else "other"
