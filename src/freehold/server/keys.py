"""The keys that open the server: made, kept as digests, held against in constant time.

A key is `fh_<id>_<secret>`, shown once when it is made. The secret has 256 random bits, so one
round of SHA-256 is enough. The file is SQLite in the state folder and belongs to the user alone.
"""

import os
import re
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from freehold.core import paths
from freehold.core.errors import BrokenInput, EnvironmentProblem, NotFound, UsageError

Role = Literal["user", "operator", "admin"]
ROLES: tuple[Role, ...] = ("user", "operator", "admin")
"""Users ask models; operators also load, unload, get and delete them; admins also see keys."""
SHAPE = re.compile(r"fh_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")
NO_DIGEST = "0" * 64
TABLES = """
CREATE TABLE IF NOT EXISTS keys (
  id TEXT PRIMARY KEY, facts TEXT NOT NULL, digest TEXT NOT NULL,
  before TEXT, until REAL NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS spent (
  id TEXT, month TEXT, tokens INTEGER NOT NULL, requests INTEGER NOT NULL,
  PRIMARY KEY (id, month)
) STRICT;
"""


class Key(Struct, frozen=True, kw_only=True):
    """One key and what it may do; None and empty mean without a limit."""

    id: str
    name: str
    role: Role = "user"
    models: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    streams: int | None = None
    tokens_per_month: int | None = None
    expires: float | None = None
    created: float = 0.0

    def may_use(self, model: str) -> bool:
        """Whether its scope holds a model; `*` stands for any letters."""
        return not self.models or any(fnmatchcase(model, one) for one in self.models)

    def may_do(self, task: str) -> bool:
        """Whether its scope holds a task."""
        return not self.tasks or task in self.tasks

    def has_role(self, least: str) -> bool:
        """Whether it is at least so much."""
        return ROLES.index(self.role) >= ROLES.index(least)

    @property
    def expired(self) -> bool:
        """Whether its time is over."""
        return self.expires is not None and time.time() >= self.expires


class Held(Struct, frozen=True):
    """A key as it is kept: its digest, and that of the one before a rotation until a time."""

    key: Key
    digest: str
    before: str | None = None
    until: float = 0.0


class KeyFile:
    """The file of keys; several processes may use it at once."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or paths.state() / "keys.sqlite3"

    def add(self, name: str, **may: Any) -> tuple[Key, str]:
        """A new key and its words, which are shown this once."""
        if not name.isprintable() or not 0 < len(name) <= 100:
            raise UsageError("a key has a short name, such as the team or program it is for")
        key = Key(id=secrets.token_hex(4), name=name, created=round(time.time(), 3), **may)
        secret = secrets.token_urlsafe(32)
        with self._writing() as db:
            db.execute(
                "INSERT INTO keys (id, facts, digest) VALUES (?, ?, ?)",
                (key.id, msgspec.json.encode(key).decode(), digest(secret)),
            )
        return key, f"fh_{key.id}_{secret}"

    def rotate(self, name: str, grace: float = 0.0) -> tuple[Key, str]:
        """New words for a key; the old ones hold for so many seconds more."""
        held = self.named(name)
        secret = secrets.token_urlsafe(32)
        with self._writing() as db:
            db.execute(
                "UPDATE keys SET digest = ?, before = ?, until = ? WHERE id = ?",
                (digest(secret), held.digest, time.time() + grace, held.key.id),
            )
        return held.key, f"fh_{held.key.id}_{secret}"

    def remove(self, name: str) -> Key:
        """Withdraw a key."""
        held = self.named(name)
        with self._writing() as db:
            db.execute("DELETE FROM keys WHERE id = ?", (held.key.id,))
        return held.key

    def named(self, name: str) -> Held:
        """The key of this id or name; UsageError where several have that name."""
        every = self.all()
        found = [held for held in every if name in (held.key.id, held.key.name)]
        if not found:
            raise NotFound("key", name, [held.key.name for held in every])
        if len(found) > 1:
            ids = ", ".join(held.key.id for held in found)
            raise UsageError(f"{len(found)} keys are named {name!r}: {ids}", hint="say the id")
        return found[0]

    def all(self) -> list[Held]:
        """Every key, the oldest first."""
        if not self.path.exists():
            return []
        with self._reading() as db:
            rows = db.execute("SELECT facts, digest, before, until FROM keys ORDER BY rowid")
            return [Held(_key(facts), *rest) for facts, *rest in rows.fetchall()]

    def spent(self, month: str) -> dict[str, tuple[int, int]]:
        """Tokens and requests of each key in a month such as 2026-11."""
        if not self.path.exists():
            return {}
        with self._reading() as db:
            rows = db.execute("SELECT id, tokens, requests FROM spent WHERE month = ?", (month,))
            return {id: (tokens, requests) for id, tokens, requests in rows.fetchall()}

    def spend(self, month: str, more: dict[str, tuple[int, int]]) -> None:
        """Add tokens and requests to those of a month."""
        query = (
            "INSERT INTO spent VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE "
            "SET tokens = tokens + excluded.tokens, requests = requests + excluded.requests"
        )
        with self._writing() as db:
            db.executemany(query, [(id, month, *counts) for id, counts in more.items()])

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=10)) as db:
                yield db
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            raise BrokenInput(f"{self.path}: cannot be read as keys: {error}") from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, in a file that is this user's alone."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            with closing(sqlite3.connect(self.path, timeout=10)) as db, db:
                db.executescript(TABLES)
                yield db
        except OSError as error:
            raise EnvironmentProblem(f"{self.path} cannot be written: {error.strerror}") from error
        except sqlite3.Error as error:
            raise EnvironmentProblem(f"{self.path} cannot be written: {error}") from error


def digest(secret: str) -> str:
    """What is kept of a secret."""
    return sha256(secret.encode()).hexdigest()


def opens(held: dict[str, Held], words: str) -> Key | None:
    """The key that these words are; the same work is done whether there is one or not."""
    shape = SHAPE.fullmatch(words)
    id, secret = shape.groups() if shape else ("", "")
    found = held.get(id)
    told = digest(secret)
    now = compare_digest(told, found.digest if found else NO_DIGEST)
    earlier = compare_digest(told, (found.before if found else None) or NO_DIGEST)
    if found is None or not (now or (earlier and time.time() < found.until)):
        return None
    return found.key


def month_of(at: float) -> str:
    """The month of a time."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m")


def described(key: Key) -> dict[str, Any]:
    """A key as JSON, without its words."""
    found: dict[str, Any] = msgspec.to_builtins(key)
    ends = datetime.fromtimestamp(key.expires, UTC).isoformat() if key.expires else None
    begun = datetime.fromtimestamp(key.created, UTC).isoformat()
    return {**found, "expires": ends, "created": begun}


def _key(facts: str) -> Key:
    return msgspec.json.decode(facts, type=Key)
