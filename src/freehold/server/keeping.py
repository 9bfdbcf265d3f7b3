"""Keeps what a request brings as files, until it is answered; and responses, until they are old."""

import os
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from freehold.server.problems import Refused
from freehold.tasks.base import File
from freehold.tasks.text_generation import Message

MOST_RESPONSES = 1000
"""Responses that are kept at once; the oldest go first."""


class Keeper:
    """The files of one request, in a folder of their own that is made when it is needed."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._own: Path | None = None
        self._count = 0

    def keep(self, data: bytes, ending: str) -> Path:
        """Bytes as a file of this request alone."""
        file = self._next(ending)
        file.write_bytes(data)
        return file

    def own(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """The same messages, whose files stay as long as this keeps them."""
        return tuple(
            replace(message, files=tuple(self._owned(file) for file in message.files))
            if message.files
            else message
            for message in messages
        )

    def clear(self) -> None:
        """Take all files away."""
        if self._own is not None:
            shutil.rmtree(self._own, ignore_errors=True)
            self._own = None

    def _owned(self, file: File) -> File:
        there = self._next(file.path.suffix)
        os.link(file.path, there)
        return File(there, file.kind)

    def _next(self, ending: str) -> Path:
        if self._own is None:
            self._own = Path(tempfile.mkdtemp(dir=self._home))
        self._count += 1
        return self._own / f"{self._count}{ending}"


class Kept(Struct, frozen=True):
    """A response: whose it is, what it says, the turns that led to it and its own."""

    owner: str
    form: dict[str, Any]
    turns: tuple[Message, ...]
    items: list[Any]
    files: Keeper


class Responses:
    """The responses that can be asked for again, in memory only."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def keep(
        self, owner: str, form: dict[str, Any], turns: Sequence[Message], items: list[Any]
    ) -> None:
        """Keep a response, or what became of it, with files of its own."""
        before = self._kept.pop(str(form["id"]), None)
        if before:
            before.files.clear()
        files = Keeper(self._home)
        self._kept[str(form["id"])] = Kept(owner, form, files.own(turns), items, files)
        while len(self._kept) > MOST_RESPONSES:
            self._kept.popitem(last=False)[1].files.clear()

    def get(self, name: str, owner: str) -> Kept:
        """A response of this owner; Refused where there is none."""
        found = self._kept.get(name)
        if found is None or found.owner != owner:
            raise Refused("missing", f"there is no response {name[:80]!r}", code="not_found")
        return found

    def earlier(self, name: str, owner: str, keeper: Keeper) -> tuple[Message, ...]:
        """The turns up to a response and its own, for the next one."""
        return keeper.own(self.get(name, owner).turns)

    def remove(self, name: str, owner: str) -> None:
        """Forget a response."""
        self.get(name, owner).files.clear()
        del self._kept[name]
