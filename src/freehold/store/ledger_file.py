"""The ledger as a file: its tables in SQLite, how it is opened, and errors that say what to do."""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeVar

from freehold.core.errors import BrokenInput, EnvironmentProblem
from freehold.store.ledger_rows import FIRST, Row, canonical

PATIENCE = 30.0
"""Seconds that a writer waits for the others."""

BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
BROKEN = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR}
VERSION = 1
OURS = 0x46524545
"""The application id in the header of the file."""

SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS rows (
    number INTEGER PRIMARY KEY,
    time TEXT NOT NULL,
    kind TEXT NOT NULL,
    facts TEXT NOT NULL,
    digest TEXT NOT NULL,
    previous TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    number INTEGER NOT NULL,
    digest TEXT NOT NULL
);
INSERT OR IGNORE INTO head VALUES (1, 0, '{FIRST}');
CREATE INDEX IF NOT EXISTS by_kind ON rows (kind, number);
CREATE TRIGGER IF NOT EXISTS no_change BEFORE UPDATE ON rows
    BEGIN SELECT RAISE(ABORT, 'a ledger is only appended to'); END;
CREATE TRIGGER IF NOT EXISTS no_removal BEFORE DELETE ON rows
    BEGIN SELECT RAISE(ABORT, 'a ledger is only appended to'); END;
PRAGMA application_id = {OURS};
PRAGMA user_version = {VERSION};
COMMIT;
"""
"""The triggers keep accidents out; against intent there is the chain."""

T = TypeVar("T")


class NoLedger(EnvironmentProblem):
    """Nothing was written down yet."""


def for_writing(path: Path) -> sqlite3.Connection:
    """A connection that may write; the file is made with its tables where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    db = _connect(str(path))
    try:
        if not _has_tables(db, path):
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(SCHEMA)
        db.execute("PRAGMA synchronous = FULL")
    except BaseException:
        db.close()
        raise
    return db


def for_reading(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing, also from a disk that cannot be written."""
    if not path.is_file():
        raise NoLedger(f"there is no ledger at {path} yet")
    wal = path.with_name(path.name + "-wal")
    still = not os.access(path.parent, os.W_OK) and not wal.exists()
    place = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if still else ''}"
    db = _connect(place)
    try:
        if not _has_tables(db, path):
            raise NoLedger(f"there is no row in {path} yet")
    except BaseException:
        db.close()
        raise
    return db


def _connect(place: str) -> sqlite3.Connection:
    uri = place.startswith("file:")
    db = sqlite3.connect(
        place, timeout=PATIENCE, isolation_level=None, check_same_thread=False, uri=uri
    )
    db.text_factory = lambda raw: raw.decode("utf-8", "backslashreplace")
    return db


def _has_tables(db: sqlite3.Connection, path: Path) -> bool:
    """Whether the file is a ledger already; an error when it is something else."""
    version, owner, filled = _at_one_moment(db)
    if owner == OURS and version > VERSION:
        raise EnvironmentProblem(
            f"{path} was written by a newer Freehold (version {version} of its tables)",
            hint="use that Freehold, or name another folder with FREEHOLD_HOME",
        )
    if owner == OURS and version == VERSION:
        return True
    if owner or version or filled:
        raise BrokenInput(f"{path} is a database, but not a ledger")
    return False


def _at_one_moment(db: sqlite3.Connection) -> tuple[int, int, bool]:
    """Version, owner and whether there are tables, never half before and half after a commit."""
    db.execute("BEGIN")
    try:
        filled = db.execute("SELECT 1 FROM sqlite_master").fetchone() is not None
        version = db.execute("PRAGMA user_version").fetchone()[0]
        owner = db.execute("PRAGMA application_id").fetchone()[0]
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
    return version, owner, filled


def row_of(raw: tuple[Any, ...]) -> Row:
    """A row from its columns; facts that are not as they were written fit no digest."""
    number, time, kind, facts, digest, previous = raw
    return Row(number, str(time), str(kind), _facts(str(facts)), str(digest), str(previous))


def _facts(text: str) -> dict[str, Any]:
    try:
        facts = json.loads(text)
        if isinstance(facts, dict) and canonical(facts) == text:
            return facts
    except (ValueError, RecursionError):
        pass
    return {"unreadable": text}


def patiently(act: Callable[[], T]) -> T:
    """Act again while another process holds the file where SQLite itself does not wait."""
    end = monotonic() + PATIENCE
    while True:
        try:
            return act()
        except sqlite3.OperationalError as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
            if code not in BUSY or monotonic() > end:
                raise
            sleep(0.01)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite or the system says into an error with a reason and a next step."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explain(path, error) from error
    except OSError as error:
        raise EnvironmentProblem(
            f"the ledger {path} cannot be opened: {error.strerror or error}",
            hint="FREEHOLD_HOME moves it to a folder that can be written",
        ) from error


def _explain(path: Path, error: sqlite3.Error) -> BrokenInput | EnvironmentProblem:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in BROKEN:
        hint = "keep the file for whoever looks into it, and move it away to start a new one"
        return BrokenInput(f"{path} is damaged or not a ledger: {error}", hint=hint)
    says = {
        sqlite3.SQLITE_FULL: ("the disk is full", "make room; what is written stays as it is"),
        sqlite3.SQLITE_READONLY: ("it may only be read", f"look at the permissions of {path}"),
        sqlite3.SQLITE_BUSY: (f"another process held it for {PATIENCE:.0f} s", "try again"),
    }
    why, hint = says.get(code, (str(error), "FREEHOLD_HOME moves it to another folder"))
    return EnvironmentProblem(f"the ledger {path} cannot be written: {why}", hint=hint)
