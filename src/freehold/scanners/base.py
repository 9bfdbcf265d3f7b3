'''The contract of scanners: each looks at one file for one kind of danger, and runs nothing.

How to add one: write one file here; it is found by its name. This is all:

    """Finds files that are dated in the future."""

    class Scanner(Contract):
        """Dates."""

        def look(self, file):                 # a `Looked`: name, size, kind, data
            if file.name.endswith(".future"):
                yield Remark("date", "is from the future", verdict=UNCHECKED)

A remark with a verdict takes part in that of the file: the worst of all counts, and a file of
which nobody says that it loads no code could not be checked. A package of its own names the
class in the entry point group `freehold.scanners`.
'''

from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property
from mmap import ACCESS_READ, mmap
from pathlib import Path, PurePosixPath
from typing import ClassVar, Literal

from msgspec import Struct

from freehold.core.registry import Registry
from freehold.formats.kinds import HEAD, kind_of_data
from freehold.formats.text import opened

SCANNERS = Registry("scanner", "freehold.scanners", "Scanner")

Verdict = Literal["loads no code", "contains code", "could not be checked"]
SAFE: Verdict = "loads no code"
CODE: Verdict = "contains code"
UNCHECKED: Verdict = "could not be checked"
WORST: tuple[Verdict, ...] = (CODE, UNCHECKED, SAFE)


class Remark(Struct, frozen=True):
    """What a scanner says of a file; without a verdict it is only to be known."""

    kind: str
    text: str
    verdict: Verdict | None = None


class Looked:
    """One file as scanners see it: its name in the folder, size, first bytes, kind, and data.

    BrokenInput when it cannot be opened.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        with opened(path) as (file, size):
            self.size = size
            self.data: bytes | mmap = mmap(file.fileno(), 0, access=ACCESS_READ) if size else b""
        self.head = bytes(self.data[:HEAD])

    @property
    def ending(self) -> str:
        """The last ending of its name, in small letters."""
        return PurePosixPath(self.name).suffix.lower()

    @property
    def last(self) -> str:
        """Its name without the folder."""
        return PurePosixPath(self.name).name

    @cached_property
    def kind(self) -> str:
        """What it is by its bytes (`formats/kinds.py`)."""
        return kind_of_data(self.head, self.size, self.ending)

    def close(self) -> None:
        """Let the file go."""
        if isinstance(self.data, mmap):
            self.data.close()


class Contract(ABC):
    """What every scanner can do; one that is slow looks only `on_request`."""

    on_request: ClassVar[bool] = False

    @abstractmethod
    def look(self, file: Looked) -> Iterator[Remark]:
        """What there is to say of one file; BrokenInput where it is not what it should be."""
