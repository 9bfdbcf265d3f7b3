"""Files that clients upload for batches, and what comes of them; each belongs to one key."""

import os
import re
import secrets
import time
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from freehold.server.problems import Refused

ID = re.compile(r"file-[0-9a-f]{24}")
MOST = 10_000
"""Files of one server."""


class Filed(Struct, frozen=True, kw_only=True):
    """One file: whose, what for, how large."""

    id: str
    owner: str
    filename: str
    purpose: str
    bytes: int
    created: int

    def form(self) -> dict[str, Any]:
        """The form of OpenAI."""
        return {
            "id": self.id,
            "object": "file",
            "bytes": self.bytes,
            "created_at": self.created,
            "filename": self.filename,
            "purpose": self.purpose,
            "status": "processed",
        }


class Files:
    """A folder of files, each with a note beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, owner: str, filename: str, purpose: str, data: bytes) -> Filed:
        """Keep bytes as a new file."""
        file = Filed(
            id=f"file-{secrets.token_hex(12)}",
            owner=owner,
            filename=filename[:200],
            purpose=purpose,
            bytes=len(data),
            created=int(time.time()),
        )
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if sum(1 for _ in self.folder.glob("*.json")) >= MOST:
            raise Refused("too_large", f"there are {MOST:,} files already; delete some")
        private(self.path(file.id), data)
        self.note(file)
        return file

    def note(self, file: Filed) -> None:
        """Write down what a file is."""
        private(self.folder / f"{file.id}.json", msgspec.json.encode(file))

    def get(self, id: str, owner: str) -> Filed:
        """A file of this owner; Refused where there is none."""
        try:
            if not ID.fullmatch(id):
                raise FileNotFoundError
            note = (self.folder / f"{id}.json").read_bytes()
            found = msgspec.json.decode(note, type=Filed)
        except (OSError, msgspec.MsgspecError):
            found = None
        if found is None or found.owner != owner:
            raise Refused("missing", f"there is no file {id[:60]!r}", code="not_found")
        return found

    def all(self, owner: str) -> list[Filed]:
        """The files of this owner, the newest first."""
        every = []
        for note in self.folder.glob("file-*.json"):
            try:
                every.append(msgspec.json.decode(note.read_bytes(), type=Filed))
            except (OSError, msgspec.MsgspecError):
                continue
        mine = [file for file in every if file.owner == owner]
        return sorted(mine, key=lambda file: -file.created)

    def remove(self, id: str, owner: str) -> None:
        """Take a file away."""
        file = self.get(id, owner)
        (self.folder / f"{file.id}.json").unlink(missing_ok=True)
        self.path(file.id).unlink(missing_ok=True)

    def path(self, id: str) -> Path:
        """Where the bytes of a file are."""
        return self.folder / id


def private(path: Path, data: bytes) -> None:
    """Write a file at once, for this user alone."""
    made = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with open(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(data)
    os.replace(made, path)
