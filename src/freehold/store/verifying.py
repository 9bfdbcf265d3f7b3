"""Holds a file in the store against the digests of its chunks, and mends single chunks."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from freehold.core.errors import BrokenInput
from freehold.store.manifest import CHUNK, Stored
from freehold.store.partial import written


class Checked(Struct, frozen=True):
    """One file: what is wrong with it, and the numbers of its bad chunks.

    `whole` says that chunks cannot mend it: it is gone, or not as long as it was.
    """

    file: Stored
    problem: str | None = None
    bad: tuple[int, ...] = ()
    whole: bool = False


def check_file(path: Path, file: Stored, told: Callable[[int], object]) -> Checked:
    """Read a file once and compare every chunk; `told` is told of bytes."""
    try:
        if not path.is_file():
            return Checked(file, "is gone", whole=True)
        size = path.stat().st_size
        if size != file.size:
            return Checked(file, f"has {size:,} bytes; it had {file.size:,}", whole=True)
        bad = _bad_chunks(path, file, told)
    except OSError as error:
        return Checked(file, f"cannot be read: {error.strerror}", whole=True)
    if not bad:
        return Checked(file)
    of = len(file.chunks)
    return Checked(file, f"{len(bad)} of its {of} chunks changed", tuple(bad))


def put_chunk(path: Path, file: Stored, number: int, data: bytes) -> None:
    """Write one chunk over a bad one, if it is the right one; BrokenInput otherwise."""
    if hashlib.sha256(data).hexdigest() != file.chunks[number]:
        raise BrokenInput(f"{file.path}: its source sends other bytes for chunk {number}")
    with written(path), path.open("r+b") as out:
        out.seek(number * CHUNK)
        out.write(data)
        out.flush()
        os.fsync(out.fileno())


def _bad_chunks(path: Path, file: Stored, told: Callable[[int], object]) -> list[int]:
    bad = []
    with path.open("rb") as stream:
        for number, digest in enumerate(file.chunks):
            data = stream.read(CHUNK)
            told(len(data))
            if hashlib.sha256(data).hexdigest() != digest:
                bad.append(number)
    return bad
