"""A folder on this machine as a place that models come from."""

import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from freehold.core.errors import NotFound
from freehold.formats.cursor import Source
from freehold.formats.text import read_bytes, shown

MOST_FILES, DEEPEST = 20_000, 4


class Folder:
    """A folder of files that are already here; without what is `below`, it is only listed."""

    ahead, requests = 1, 0

    def __init__(self, root: Path, *, below: bool = True) -> None:
        self.root, self.name = root, called(root.resolve())
        self.files = _files(root) if below else _beside(root)

    def small(self, path: str, most: int) -> bytes:
        """All bytes of a small file."""
        return read_bytes(self._path(path), most)

    def open(self, path: str) -> AbstractContextManager[Source]:
        """A file whose header can be read."""
        return nullcontext(self._path(path))

    def size(self, path: str) -> int:
        """The bytes of a file."""
        return self.files.get(path) or self._path(path).stat().st_size

    def _path(self, path: str) -> Path:
        found = self.root.joinpath(*path.split("/"))
        if path not in self.files:
            raise NotFound("file", shown(found), ())
        return found


def called(path: Path) -> str:
    """The name of a model: of its folder, or of its repository in a cache of the Hub."""
    cached = cached_repository(path)
    return cached.rpartition("/")[2] if cached else shown(Path(path.name))


def cached_repository(path: Path) -> str | None:
    """The repository that a snapshot in a cache of the Hub is named after."""
    kind, *names = path.parent.parent.name.split("--")
    if path.parent.name != "snapshots" or kind != "models" or not names:
        return None
    return "/".join(names[:2]) if len(names) < 3 else f"{names[0]}/{'--'.join(names[1:])}"


def _beside(root: Path) -> dict[str, int | None]:
    """The files of one folder, of which nobody asked for the bytes."""
    with os.scandir(root) as entries:
        return {entry.name: None for entry in entries if _is_file(entry)}


def _is_file(entry: "os.DirEntry[str] | Path") -> bool:
    """Whether it is one; a link that leads nowhere or in a circle is none."""
    try:
        return entry.is_file()
    except OSError:
        return False


def _files(root: Path) -> dict[str, int | None]:
    """The files of a folder with their bytes, hidden ones left out."""
    found: dict[str, int | None] = {}
    for folder, names, files in os.walk(root, followlinks=False):
        here = Path(folder)
        deep = here.relative_to(root).parts
        names[:] = sorted(n for n in names if n[0] != "." and len(deep) < DEEPEST)
        for name in sorted(files):
            path = here / name
            if _is_file(path) and len(found) < MOST_FILES:
                found["/".join([*deep, name])] = path.stat().st_size
    return found
