"""The manifest of a model in the store: what it is, where it came from, and digests of its parts.

Manifests are JSON files in `store/` of the data folder (`core/paths.py`), one for each model at
one commit. The files themselves are where other tools look for them (`layout.py`).
"""

from msgspec import Struct

CHUNK = 16 * 2**20
"""Bytes that one chunk digest covers; the last chunk of a file may be shorter."""


class Stored(Struct, frozen=True, kw_only=True):
    """One file in the store: `path` inside the model, SHA-256 of it all and of each chunk.

    `mark` is the publisher's digest that it was held against, or None where there was none.
    """

    path: str
    size: int
    sha256: str
    chunks: tuple[str, ...] = ()
    mark: str | None = None


class Manifest(Struct, frozen=True, kw_only=True):
    """One model in the store; `folder` is where its files are, under their own paths.

    `origin` gets exactly this again. `license` is the id of the verdict when it came.
    `fetched` is an ISO 8601 moment in UTC.
    """

    name: str
    source: str
    origin: str
    folder: str
    files: tuple[Stored, ...]
    revision: str | None = None
    commit: str | None = None
    license: str | None = None
    fetched: str = ""
    schema: int = 1

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(file.size for file in self.files)
