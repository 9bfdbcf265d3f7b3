"""A repository of the Hub as a place that models come from: only headers are fetched."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

from freehold.core.errors import NotFound
from freehold.formats.cursor import Source
from freehold.sources.huggingface import Hub, open_hub
from freehold.sources.listing import MOST_LISTED, sort_out
from freehold.sources.remote import RemoteFile


class Repository:
    """One repository at one commit."""

    ahead = 8

    def __init__(self, hub: Hub) -> None:
        model = hub.model()
        self.hub, self.commit, self.name = hub, model.sha, hub.repo.rpartition("/")[2]
        listed = sort_out((one.rfilename, one.size) for one in model.siblings)
        good = [file for file in listed if file.kind != "refused"]
        self.files = {file.path: file.size for file in good[:MOST_LISTED]}
        self.asked = [1]

    @classmethod
    def at(
        cls, repo: str, revision: str = "main", *, endpoint: str | None = None,
        token: str | None = None, sleep: Callable[[float], None] = time.sleep,
    ) -> Self:  # fmt: skip
        """Ask the Hub for the list of files; see `fetch_papers` for what may be raised."""
        return cls(open_hub(repo, revision, endpoint=endpoint, token=token, sleep=sleep))

    @property
    def requests(self) -> int:
        """How often the server was asked."""
        return sum(self.asked)

    def small(self, path: str, most: int) -> bytes:
        """All bytes of a small file."""
        self._check(path)
        self.asked.append(1)
        return self.hub.get(self.hub.address(path, self.commit), most).body

    @contextmanager
    def open(self, path: str) -> Iterator[Source]:
        """A file whose header can be read."""
        self._check(path)
        hub = self.hub
        remote = RemoteFile(
            hub.address(path, self.commit), name=path, size=self.files[path], token=hub.token,
            sleep=hub.sleep, refusal=hub.refusal,
        )  # fmt: skip
        try:
            with remote as file:
                yield file
        finally:
            self.asked.append(remote.requests)
        self.files[path] = remote.size

    def size(self, path: str) -> int:
        """The bytes of a file."""
        return self.files.get(path) or 0

    def _check(self, path: str) -> None:
        if path not in self.files:
            raise NotFound(f"file in {self.hub.repo}", path, self.files)
