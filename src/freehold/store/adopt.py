"""Brings a file that is on this machine into the store: shared where the disk can, else copied."""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Literal

from freehold.store.digests import READ, digest_file, wrong
from freehold.store.manifest import Stored
from freehold.store.offer import Offered
from freehold.store.partial import UNFINISHED, stored, sync_folder, written

How = Literal["there", "reflink", "hard link", "copy"]
_FICLONE = 0x40049409
"""The request of Linux to share the blocks of a file, as Btrfs, XFS and others can."""


def here(path: Path, file: Offered) -> Stored | None:
    """The record of a file that lies in its place and is what was offered; else None."""
    if not path.is_file() or (file.size is not None and path.stat().st_size != file.size):
        return None
    digests = digest_file(path, file)
    return None if wrong(file, digests) else stored(file, digests)


def adopt(source: Path, path: Path, file: Offered) -> tuple[Stored, How] | None:
    """Bring a file into its place; None where it is not the file that was offered.

    Blocks are shared by reflink, which keeps both files apart when one is changed; else both are
    one file with two names (hard link); else it is copied.
    """
    real = source.resolve()
    made = path.with_name(f"{path.name}{UNFINISHED}.{os.getpid()}")
    with written(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        made.unlink(missing_ok=True)
        how = _bring(real, made)
    try:
        record = here(made, file)
        if record is None:
            return None
        with written(path):
            os.replace(made, path)
            sync_folder(path.parent)
        return record, how
    finally:
        made.unlink(missing_ok=True)


def _bring(source: Path, made: Path) -> How:
    if _reflink(source, made):
        return "reflink"
    with suppress(OSError):
        os.link(source, made)
        return "hard link"
    with source.open("rb") as into, made.open("xb") as out:
        shutil.copyfileobj(into, out, READ)
        os.fsync(out.fileno())
    return "copy"


def _reflink(source: Path, made: Path) -> bool:
    """Whether the disk shares the blocks of the two files."""
    try:
        import fcntl

        with source.open("rb") as into, made.open("xb") as out:
            fcntl.ioctl(out.fileno(), _FICLONE, into.fileno())
        return True
    except (ImportError, OSError):
        made.unlink(missing_ok=True)
        return False
