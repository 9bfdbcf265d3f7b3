"""What a source has of one model at one moment: its files with the digests that vouch for them."""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct


class Offered(Struct, frozen=True, kw_only=True):
    """One file that can be had; `path` is its place inside the model, safe to be written here.

    `size` is in bytes. `sha256` is the publisher's digest; `git` that of a small file on the Hub
    (SHA-1 of "blob SIZE", a zero byte, and the bytes). `local` is where the file is already on
    this machine; it is linked or copied from there, and nothing is asked of a server.
    """

    path: str
    size: int | None = None
    sha256: str | None = None
    git: str | None = None
    local: Path | None = None

    @property
    def mark(self) -> str | None:
        """The digest that vouches for it, the stronger one first."""
        return self.sha256 or self.git


class Offer(Struct, frozen=True, kw_only=True):
    """One model at one commit, as a source offers it; nothing of it was fetched yet.

    `source` is the word that a policy uses (huggingface, ollama, oci, url, folder). `name` is
    what the model is called in the store: OWNER/NAME on the Hub, else one that a person would
    say. `origin` is what to ask for to get exactly this again. `commit` is a commit, or the
    digest of a manifest. `only` are files that the name itself asks for. `license` is what the
    source says of the license, where it does.
    """

    source: str
    name: str
    origin: str
    files: tuple[Offered, ...]
    revision: str | None = None
    commit: str | None = None
    only: tuple[str, ...] = ()
    gated: bool = False
    license: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def by_path(self) -> dict[str, Offered]:
        """The files by their paths."""
        return {file.path: file for file in self.files}


class Address(Struct, frozen=True):
    """Where a file is asked for now; the token goes to this server only, never on a redirect."""

    url: str
    token: str | None = None
    headers: Mapping[str, str] = {}
