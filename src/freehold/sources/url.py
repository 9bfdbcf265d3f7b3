"""An address on the web as a place that models come from: its files are known by name only."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from freehold.core.errors import UsageError
from freehold.core.http import Wish, get, shown
from freehold.formats.cursor import Source
from freehold.sources.remote import RemoteFile, name_in


class Website:
    """The files that lie beside one file on a server.

    Raises UsageError for an address that is none.
    """

    ahead, files = 8, None

    def __init__(
        self, url: str, token: str | None = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.url, self.token, self.sleep = url, token, sleep
        try:
            self.name = name_in(url)
        except ValueError as error:
            raise UsageError(f"{shown(url)} is no address: {error}") from error
        self.asked: list[int] = []
        self.sizes: dict[str, int] = {}

    @property
    def requests(self) -> int:
        """How often the server was asked."""
        return sum(self.asked)

    def small(self, path: str, most: int) -> bytes:
        """All bytes of a small file."""
        self.asked.append(1)
        return get(self._beside(path), Wish(most, token=self.token), self.sleep).body

    @contextmanager
    def open(self, path: str) -> Iterator[Source]:
        """A file whose header can be read."""
        remote = RemoteFile(self._beside(path), name=path, token=self.token, sleep=self.sleep)
        try:
            with remote as file:
                yield file
        finally:
            self.asked.append(remote.requests)
        self.sizes[path] = remote.size or remote.fetched

    def size(self, path: str) -> int:
        """The bytes of a file that was opened."""
        return self.sizes.get(path, 0)

    def _beside(self, path: str) -> str:
        """The address of a file beside the first, with the same question behind it."""
        parts = urlsplit(self.url)
        return urlunsplit(parts._replace(path=urljoin(parts.path, quote(path)), fragment=""))
