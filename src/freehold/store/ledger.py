"""The ledger: an append-only, hash-chained record of what was done, in one SQLite file.

Each append is one transaction (BEGIN IMMEDIATE), so writers queue and the chain never forks. The
journal is write-ahead and every commit is synced: a killed process loses no committed row, and
leaves no half of one. The file belongs to the user alone (mode 0600) and to a local disk.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from types import TracebackType

from freehold.core import paths
from freehold.core.errors import BrokenInput, EnvironmentProblem
from freehold.store.ledger_file import explained, for_reading, for_writing, patiently, row_of
from freehold.store.ledger_guard import guard
from freehold.store.ledger_rows import FIRST, Head, Problem, Row, check_chain, digest

PAGE = 500
COLUMNS = "number, time, kind, facts, digest, previous"


def ledger_path() -> Path:
    """Where this user's ledger is."""
    return paths.ledger()


class Ledger:
    """An open ledger; use it as a context manager. Threads may share it, processes each open it."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self.path = path
        self._db = db
        self._lock = RLock()

    @classmethod
    def open(cls, path: Path | None = None, *, reading: bool = False) -> "Ledger":
        """Open the ledger at `path` (this user's by default) and make it where there is none.

        With `reading` nothing is made or changed, and a missing file is an EnvironmentProblem;
        so is a disk that cannot be read or written. A file that is no ledger is BrokenInput.
        """
        path = path or ledger_path()
        with explained(path):
            db = patiently(lambda: for_reading(path) if reading else for_writing(path))
        return cls(path, db)

    def append(self, kind: str, facts: Mapping[str, object]) -> Row:
        """Write one row and return it once it is safe on disk; UsageError for what may not stand.

        `kind` is one of `KINDS`. Facts are JSON values without any prompt or output text
        (`ledger_guard.py` says what is refused).
        """
        text = guard(kind, facts)
        with self._lock, explained(self.path):
            return patiently(lambda: self._append(kind, text))[0]

    def append_all(self, kind: str, rows: Sequence[Mapping[str, object]]) -> list[Row]:
        """Write several rows in one transaction: all of them, or none."""
        texts = [guard(kind, facts) for facts in rows]
        with self._lock, explained(self.path):
            return patiently(lambda: self._append(kind, *texts))

    def rows(self, kind: str | None = None, *, after: int | None = None) -> Iterator[Row]:
        """Every row in order, or those of one kind, or those after a number."""
        last = -(2**63) if after is None else after
        while True:
            with self._lock, explained(self.path):
                found = self._page(kind, last)
            yield from found
            if len(found) < PAGE:
                return
            last = found[-1].number

    def last(self, count: int, kind: str | None = None) -> list[Row]:
        """The last rows, the oldest first."""
        where, values = ("WHERE kind = ?", (kind,)) if kind else ("", ())
        query = f"SELECT {COLUMNS} FROM rows {where} ORDER BY number DESC LIMIT ?"
        with self._lock, explained(self.path):
            found = self._db.execute(query, (*values, count)).fetchall()
        return [row_of(raw) for raw in reversed(found)]

    def head(self) -> Head:
        """The last row by number and digest: note it elsewhere, and `verify` can hold to it."""
        with self._lock, explained(self.path):
            return _head(self._db) or Head(0, FIRST)

    def verify(self, anchor: Head | None = None) -> list[Problem]:
        """What is wrong with the chain; nothing when every row is as it was written.

        `anchor` is a head that was noted earlier: it must still stand in the chain.
        """
        try:
            with self._lock, explained(self.path), self._reading():
                return [*self._damage(), *self._chain(), *self._anchored(anchor)]
        except BrokenInput as error:
            return [Problem(None, str(error))]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def _append(self, kind: str, *texts: str) -> list[Row]:
        made: list[Row] = []
        self._db.execute("BEGIN IMMEDIATE")
        try:
            head = self._end()
            for facts in texts:
                time = datetime.now(UTC).isoformat(timespec="microseconds")
                number = head.number + 1
                mark = digest(number, time, kind, facts, head.digest)
                raw = (number, time, kind, facts, mark, head.digest)
                self._db.execute("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?)", raw)
                head = Head(number, mark)
                made.append(row_of(raw))
            self._db.execute("UPDATE head SET number = ?, digest = ?", (head.number, head.digest))
            self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        return made

    def _end(self) -> Head:
        """The head, where it is that of the last row; only then may one be added."""
        head = _head(self._db) or Head(0, "")
        query = "SELECT number, digest FROM rows ORDER BY number DESC LIMIT 1"
        if head != Head(*(self._db.execute(query).fetchone() or (0, FIRST))):
            says = f"the head of {self.path} is not its last row, so nothing is added"
            raise BrokenInput(says, hint="freehold ledger verify")
        return head

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """One state of the file, whatever others append meanwhile."""
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def _page(self, kind: str | None, last: int) -> list[Row]:
        where, values = ("AND kind = ?", (kind,)) if kind else ("", ())
        query = f"SELECT {COLUMNS} FROM rows WHERE number > ? {where} ORDER BY number LIMIT {PAGE}"
        return [row_of(raw) for raw in self._db.execute(query, (last, *values)).fetchall()]

    def _damage(self) -> Iterator[Problem]:
        for (says,) in self._db.execute("PRAGMA integrity_check(10)"):
            if says != "ok":
                yield Problem(None, f"the file is damaged: {says}")
        if os.name == "posix" and self.path.stat().st_mode & 0o077:
            mode = f"{self.path.stat().st_mode & 0o777:o}"
            yield Problem(None, f"others may open {self.path} (mode {mode}); chmod 600 it")

    def _chain(self) -> Iterator[Problem]:
        head = _head(self._db)
        if head is None:
            yield Problem(None, "the record of the last row is gone")
        yield from check_chain(self.rows(), head)

    def _anchored(self, anchor: Head | None) -> Iterator[Problem]:
        if anchor is None or anchor == Head(0, FIRST):
            return
        query = "SELECT digest FROM rows WHERE number = ?"
        found = self._db.execute(query, (anchor.number,)).fetchone()
        if found is None or found[0] != anchor.digest:
            yield Problem(anchor.number, f"is not the one that was noted ({anchor.digest[:12]})")


def note(
    kind: str,
    facts: Mapping[str, object],
    *,
    required: bool = True,
    warn: Callable[[str], object] | None = None,
    path: Path | None = None,
) -> Row | None:
    """Append one row to the ledger, opened and closed for it.

    Where the ledger cannot be written and is not `required`, the reason goes to `warn` and None
    comes back. Facts that may not be written down are a UsageError in any case.
    """
    guard(kind, facts)
    try:
        with Ledger.open(path) as ledger:
            return ledger.append(kind, facts)
    except (EnvironmentProblem, BrokenInput) as error:
        if required:
            raise
        if warn:
            warn(f"not written down in the ledger: {error}")
        return None


def _head(db: sqlite3.Connection) -> Head | None:
    found = db.execute("SELECT number, digest FROM head").fetchone()
    return Head(*found) if found else None
