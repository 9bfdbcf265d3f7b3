"""A file or folder on this machine as a source: its files are shared with the store, or copied."""

import time
from collections.abc import Callable
from pathlib import Path

from freehold.core.errors import BrokenInput, FreeholdError, NotFound
from freehold.core.http import Answer, problem
from freehold.formats.gguf_split import split_names
from freehold.formats.text import shown
from freehold.formats.weight_files import group_of
from freehold.sources.folder import Folder
from freehold.sources.listing import unsafe_name
from freehold.store.offer import Address, Offer, Offered


class LocalFiles:
    """The regular files of a folder; links that lead out of it are left out and told."""

    def __init__(self, what: str) -> None:
        self.path = Path(what).expanduser().absolute()
        if not self.path.exists():
            raise NotFound("file or folder", what[:300], (), hint="check the path")

    def offer(self) -> Offer:
        """The files of the folder, or all parts of the one file."""
        one = self.path.is_file()
        root = self.path.parent if one else self.path
        place = Folder(root, below=not one)
        names = [n for n in self._parts() if n in place.files] if one else list(place.files)
        good = [n for n in names if not unsafe_name(n) and _inside(root, root / n)]
        left = [shown(Path(n)) for n in names if n not in good]
        if not good:
            raise BrokenInput(f"{shown(self.path)}: holds no file that can be taken")
        files = (
            Offered(path=n, size=(root / n).stat().st_size, local=root / n) for n in sorted(good)
        )
        return Offer(
            source="folder", name=self.path.stem if one else place.name,
            origin=str(self.path), files=tuple(files), only=tuple(good) if one else (),
            notes=(f"left out for their names or as links: {', '.join(left[:5])}",) if left else (),
        )  # fmt: skip

    def address(self, file: Offered) -> Address:
        """Nothing is asked of a server."""
        raise NotFound("file", file.path, ())

    def refusal(self, answer: Answer) -> FreeholdError:
        """Never needed."""
        return problem(answer)

    def _parts(self) -> tuple[str, ...]:
        name = self.path.name
        if name.lower().endswith(".gguf"):
            return tuple(split_names(name))
        return group_of(name) if name.lower().endswith(".safetensors") else (name,)


def _inside(root: Path, path: Path) -> bool:
    """Whether a file is in the folder, or in the blobs of a cache whose snapshot it is."""
    top = root.resolve()
    homes = [top, top.parent.parent / "blobs"] if top.parent.name == "snapshots" else [top]
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return False
    return real.is_file() and any(home in real.parents for home in homes)


def supplier(
    what: str, *, token: str | None = None, endpoint: str | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> LocalFiles:  # fmt: skip
    """The file or folder at a path."""
    return LocalFiles(what)
