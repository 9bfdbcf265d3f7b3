"""Digests of a file while its bytes go by: all of it, each chunk, and the one that git uses."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from freehold.core.errors import BrokenInput
from freehold.store.manifest import CHUNK
from freehold.store.offer import Offered

READ = 2**20


class Digests:
    """Everything that is counted of one file; `git` only where the size is known before."""

    def __init__(self, size: int | None = None, *, git: bool = False) -> None:
        self.count = 0
        self.chunks: list[str] = []
        self._all, self._chunk = hashlib.sha256(), hashlib.sha256()
        self._git: Any = None
        if git and size is not None:
            self._git = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)

    def add(self, data: bytes | memoryview) -> None:
        """Count the next bytes, of which no chunk's end lies inside (see `pieces`)."""
        self._all.update(data)
        self._chunk.update(data)
        if self._git is not None:
            self._git.update(data)
        self.count += len(data)
        if self.count % CHUNK == 0:
            self._end_chunk()

    def finish(self) -> None:
        """There is nothing more; the last chunk may be short, and an empty file has none."""
        if self.count % CHUNK:
            self._end_chunk()

    @property
    def sha256(self) -> str:
        """The SHA-256 of all bytes so far."""
        return self._all.hexdigest()

    @property
    def git(self) -> str | None:
        """The SHA-1 that git gives to a file of these bytes."""
        return self._git.hexdigest() if self._git is not None else None

    def _end_chunk(self) -> None:
        self.chunks.append(self._chunk.hexdigest())
        self._chunk = hashlib.sha256()


def pieces(data: bytes, at: int) -> Iterator[memoryview]:
    """Bytes that begin at a place in a file, cut where a chunk ends."""
    view = memoryview(data)
    while view:
        room = CHUNK - at % CHUNK
        yield view[:room]
        at += len(view[:room])
        view = view[room:]


def wrong(file: Offered, digests: Digests) -> str | None:
    """Why these bytes are not what was offered, or None; the strongest known digest decides."""
    if file.size is not None and digests.count != file.size:
        return f"has {digests.count:,} bytes; its publisher says {file.size:,}"
    if file.sha256 and digests.sha256 != file.sha256.lower():
        return f"has the SHA-256 {digests.sha256[:12]}...; its publisher says {file.sha256[:12]}..."
    if not file.sha256 and file.git and digests.git != file.git.lower():
        return (
            f"has the git digest {str(digests.git)[:12]}...; its publisher says {file.git[:12]}..."
        )
    return None


def digest_file(path: Path, file: Offered) -> Digests:
    """The digests of a file on this machine, read once; BrokenInput where it cannot be read."""
    try:
        size = path.stat().st_size
        digests = Digests(size, git=bool(file.git))
        with path.open("rb", buffering=0) as stream:
            while data := stream.read(READ):
                for piece in pieces(data, digests.count):
                    digests.add(piece)
    except OSError as error:
        raise BrokenInput(f"{path}: cannot be read: {error.strerror}") from error
    digests.finish()
    return digests
