"""The digest of every file of a model, as a signature lists them (`oms.py`)."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from freehold.core.errors import BrokenInput
from freehold.formats.oms import Statement
from freehold.formats.text import opened, shown

HASHES = {"sha256": "sha256", "blake2b": "blake2b", "blake2": "blake2b"}
NOT_MODEL = (".git", ".gitattributes", ".github", ".gitignore")
"""What belongs to a repository and not to the model, left out as model-signing does."""
PIECE = 2**20


def digests(
    root: Path, like: Statement, signature: Path | None = None
) -> dict[str, tuple[str, str]]:
    """The digest of every file (or shard) below a folder, read as a statement says.

    The signature file itself is left out. BrokenInput for a link where none may be.
    """
    if like.hash not in HASHES or like.method not in ("files", "shards"):
        raise BrokenInput(
            f"its digests are of a kind that is not known: {like.method}, {like.hash}"
        )
    found: dict[str, tuple[str, str]] = {}
    for path, name in files(root, follow_links=like.follow_links):
        if not is_ignored(name, like.ignored) and not _is_same(path, signature):
            found.update(_of_file(path, name, like))
    return found


def _of_file(path: Path, name: str, like: Statement) -> Iterator[tuple[str, tuple[str, str]]]:
    if like.method == "files":
        yield name, (like.hash, _digest(path, like.hash, 0, None))
        return
    size, step = path.stat().st_size, max(like.shard_size, 1)
    for start in range(0, size, step):
        end = min(start + step, size)
        algorithm = f"{like.hash}-sharded-{step}"
        yield f"{name}:{start}:{end}", (algorithm, _digest(path, like.hash, start, end))


def _digest(path: Path, algorithm: str, start: int, end: int | None) -> str:
    whole = hashlib.new(HASHES[algorithm])
    with opened(path) as (file, size):
        file.seek(start)
        left = (size if end is None else end) - start
        while left > 0 and (piece := file.read(min(PIECE, left))):
            whole.update(piece)
            left -= len(piece)
    return whole.hexdigest()


def files(root: Path, *, follow_links: bool) -> Iterator[tuple[Path, str]]:
    """Every file below a folder with its name in it; a single file has the name `.`."""
    if root.is_file():
        yield root, "."
        return
    for folder, names, here in os.walk(root, followlinks=False):
        for name in sorted([*here, *(n for n in names if os.path.islink(Path(folder) / n))]):
            path = Path(folder) / name
            inside = path.relative_to(root).as_posix()
            if path.is_symlink() and not (follow_links and path.is_file()):
                raise BrokenInput(
                    f"{shown(path)} is a link, which a signature does not cover",
                    hint="sign with --follow-links to sign what links lead to",
                )
            yield path, inside
        names.sort()


def is_ignored(name: str, ignored: tuple[str, ...]) -> bool:
    """Whether a file is one of these or below one of them."""
    path = PurePosixPath(name)
    return any(path == PurePosixPath(i) or PurePosixPath(i) in path.parents for i in ignored if i)


def _is_same(path: Path, signature: Path | None) -> bool:
    return signature is not None and signature.exists() and path.samefile(signature)
