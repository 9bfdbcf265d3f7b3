"""What every place that models come from can do, so far as their headers are concerned."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from freehold.formats.cursor import Source


class Place(Protocol):
    """A folder somewhere, of which single files can be opened."""

    @property
    def name(self) -> str:
        """What the model is called there."""

    @property
    def ahead(self) -> int:
        """How many files are worth opening at once."""

    @property
    def requests(self) -> int:
        """How often a server was asked."""

    @property
    def files(self) -> Mapping[str, int | None] | None:
        """The bytes of every file, where they are known; None where there is no list."""

    def small(self, path: str, most: int) -> bytes:
        """All bytes of a small file; raises NotFound, or BrokenInput where it is larger."""

    def open(self, path: str) -> AbstractContextManager[Source]:
        """A file whose header can be read."""

    def size(self, path: str) -> int:
        """The bytes of a file that was opened."""
