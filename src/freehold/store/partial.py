"""A file that is on its way: its bytes so far, kept for the next try; whole only once it is proven.

Bytes go into `NAME.incomplete`, the digest of each full chunk into `NAME.incomplete.chunks`. A
later process reads both, keeps what fits together, and goes on at the byte. Only when all digests
hold is the file synced and moved to its name, in one step.
"""

import errno
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from freehold.core.errors import BrokenInput, EnvironmentProblem
from freehold.store.digests import READ, Digests, pieces, wrong
from freehold.store.manifest import Stored
from freehold.store.offer import Offered

UNFINISHED = ".incomplete"
MOST_BEHIND = 8
"""Pieces that are written and not yet counted."""


class Partial:
    """One file on its way to `path`; use it as a context, within the lock of the file."""

    def __init__(self, path: Path, file: Offered) -> None:
        self.path, self.file = path, file
        self.place = path.with_name(path.name + UNFINISHED)
        self.journal = self.place.with_name(self.place.name + ".chunks")
        self.digests = self._fresh()
        self.mark = file.mark or ""
        self.resumed, self.count = False, 0
        self._stack = ExitStack()
        self._counter = ThreadPoolExecutor(1)
        self._behind: deque[Future[None]] = deque()

    def __enter__(self) -> "Partial":
        with written(self.place):
            self.place.parent.mkdir(parents=True, exist_ok=True)
            self.place.touch()
            self.journal.touch()
            self._out = self._stack.enter_context(self.place.open("r+b", buffering=0))
            self._log = self._stack.enter_context(self.journal.open("r+", encoding="ascii"))
            self._resume()
        return self

    def __exit__(self, *_: object) -> None:
        self._counter.shutdown()
        self._stack.close()

    def add(self, data: bytes) -> None:
        """Write the next bytes; an EnvironmentProblem where the disk takes them no more.

        They are counted by a second thread meanwhile, a few pieces behind.
        """
        with written(self.place):
            _write(self._out, memoryview(data))
            self.count += len(data)
            self._behind.append(self._counter.submit(self._count, data))
            if len(self._behind) > MOST_BEHIND:
                self._behind.popleft().result()

    def restart(self, mark: str = "") -> None:
        """Forget all bytes; `mark` is what tells the version of the file that comes now."""
        with written(self.place):
            self._catch_up()
            self.digests, self.mark = self._fresh(), mark or self.mark
            self.resumed, self.count = False, 0
            self._out.seek(0)
            self._out.truncate(0)
            self._log.seek(0)
            self._log.truncate(0)
            self._log.write(self.mark + "\n")
            self._log.flush()

    def finish(self) -> Stored:
        """Prove the bytes and move the file to its name; BrokenInput where they are wrong ones."""
        with written(self.place):
            self._catch_up()
        why = wrong(self.file, self.digests)
        if why:
            raise BrokenInput(f"{self.file.path}: {why}")
        self.digests.finish()
        with written(self.path):
            os.fsync(self._out.fileno())
            self._stack.close()
            os.replace(self.place, self.path)
            self.journal.unlink(missing_ok=True)
            sync_folder(self.path.parent)
        return stored(self.file, self.digests)

    def discard(self) -> None:
        """Throw away what is here."""
        self._stack.close()
        self.place.unlink(missing_ok=True)
        self.journal.unlink(missing_ok=True)

    def _count(self, data: bytes) -> None:
        """Count bytes that were written; the digest of a chunk goes into the journal at once."""
        for piece in pieces(data, self.digests.count):
            before = len(self.digests.chunks)
            self.digests.add(piece)
            if len(self.digests.chunks) > before:
                self._log.write(self.digests.chunks[-1] + "\n")
                self._log.flush()

    def _catch_up(self) -> None:
        """Wait until all that was written is counted."""
        while self._behind:
            self._behind.popleft().result()

    def _fresh(self) -> Digests:
        return Digests(self.file.size, git=bool(self.file.git) and not self.file.sha256)

    def _resume(self) -> None:
        """Read what an earlier try left; of bytes that nothing vouches for, none are kept."""
        mark, *known = self._log.read().split("\n")
        other = self.file.mark is not None and mark not in ("", self.file.mark)
        unknown = not mark and self.file.mark is None
        self.mark = self.file.mark or mark
        if other or unknown or not self._reread([line for line in known if line]):
            self.restart()
            return
        self.resumed = self.count > 0
        self._rewrite()

    def _reread(self, known: list[str]) -> bool:
        """Count the bytes that are here; whether they are those that once came."""
        while data := self._out.read(READ):
            for piece in pieces(data, self.digests.count):
                self.digests.add(piece)
            self.count = self.digests.count
            if self.file.size is not None and self.count > self.file.size:
                return False
        pairs = zip(self.digests.chunks, known, strict=False)
        return all(one == other for one, other in pairs)

    def _rewrite(self) -> None:
        """The journal as it stands for the bytes that are here."""
        self._log.seek(0)
        self._log.truncate(0)
        self._log.write("\n".join([self.mark, *self.digests.chunks, ""]))
        self._log.flush()


def stored(file: Offered, digests: Digests) -> Stored:
    """The record of a whole file."""
    return Stored(
        path=file.path, size=digests.count, sha256=digests.sha256, chunks=tuple(digests.chunks),
        mark=file.mark,
    )  # fmt: skip


@contextmanager
def written(path: Path) -> Iterator[None]:
    """Turn what the system says when a file is written into an error with a next step."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            why, hint = "the disk is full", "make room and ask again: it goes on where it stopped"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            why, hint = "it may not be written", f"look at the permissions of {path.parent}"
        else:
            why, hint = str(error.strerror or error), "look at this disk"
        raise EnvironmentProblem(f"{path} cannot be written: {why}", hint=hint) from error


def sync_folder(folder: Path) -> None:
    """Make a new name in a folder last, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write(out: object, piece: memoryview) -> None:
    """Write all of it; one call may take a part only."""
    while piece:
        piece = piece[out.write(piece) :]  # type: ignore[attr-defined]
