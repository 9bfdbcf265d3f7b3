"""Reads the beginning of a file on a server: only what is read is fetched, and no byte twice."""

import re
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from freehold.core.errors import BrokenInput, EnvironmentProblem, FreeholdError
from freehold.core.http import (
    Answer,
    Limits,
    Rest,
    Wish,
    ask,
    printable,
    problem,
    same_server,
    shown,
)

STEP, LARGEST_STEP = 2**16, 4 * 2**20
"""Bytes of the first request, and of the largest one that goes ahead of what is read."""
STEP_OF_SAFETENSORS = 96 * 2**10
"""The headers of most shards fit in; what is missing of a longer one is fetched exactly."""
MOST = 48 * 2**20
"""Bytes that are fetched of one file."""
KEPT = 2**20
"""Bytes before the present place that may be read again."""
PATIENCE = Limits(whole=120.0)
_ROOM = re.compile(r"bytes \*/(\d{1,18})")


class RemoteFile:
    """A file on a server, read in order; a jump ahead over what is not there fetches nothing.

    `size` is that of the whole file, where the server tells; `requests` and `fetched` count.
    Where the server gives no parts, one answer is read as far as needed, and then hung up.
    """

    def __init__(
        self, url: str, *, name: str | None = None, size: int | None = None,
        token: str | None = None, sleep: Callable[[float], None] = time.sleep,
        refusal: Callable[[Answer], FreeholdError] = problem,
    ) -> None:  # fmt: skip
        self.url, self.token, self.sleep, self.refusal = url, token, sleep, refusal
        self.first, self.first_token = url, token
        self.name = name or name_in(url)
        self.size, self.mark = size, ""
        self.rest: Rest | None = None
        self.base, self.data, self.at = 0, b"", 0
        self.requests = self.fetched = 0
        self.grows = not self.name.lower().endswith(".safetensors")
        self.step = STEP if self.grows else STEP_OF_SAFETENSORS

    def __enter__(self) -> Self:
        try:
            self._more(1)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()

    def close(self) -> None:
        """Hang up, where an answer is still coming."""
        if self.rest is not None:
            self.rest.close()

    def tell(self) -> int:
        """The place of the next byte."""
        return self.at

    def seek(self, to: int, /) -> int:
        """Go to a place; backwards only as far as bytes are kept."""
        if to < self.base:
            raise EnvironmentProblem(f"{self.name}: cannot be read backwards")
        self.at = to
        return to

    def read(self, count: int, /) -> bytes:
        """The next bytes: fewer only at the end."""
        while self._end() < self.at + count and not self._is_over():
            self._more(self.at + count)
        start = self.at - self.base
        found = self.data[start : start + count]
        self.at += len(found)
        return found

    def _end(self) -> int:
        return self.base + len(self.data)

    def _is_over(self) -> bool:
        return self.size is not None and max(self._end(), self.at) >= self.size

    def _more(self, to: int) -> None:
        """Fetch what is missing up to a place at least; what is jumped over far is left away."""
        if self.at - self._end() > STEP and self.rest is None and self.requests:
            self.base, self.data, self.step = self.at, b"", STEP
        start = self._end()
        ahead = self.grows or not self.requests
        count = max(to - start, self.step if ahead else 0)
        if self.size is not None:
            count = min(count, self.size - start)
        if self.fetched + count > MOST:
            raise BrokenInput(f"{self.name}: more than {MOST:,} bytes of it are not fetched")
        self.step = min(self.step * 2, LARGEST_STEP)
        self._add(self._rest(self.rest, count) if self.rest else self._part(start, count))

    def _add(self, data: bytes) -> None:
        if not data:
            raise BrokenInput(f"{self.name}: ends after {self._end():,} bytes")
        self.fetched += len(data)
        kept = max(0, min(self.at - KEPT - self.base, len(self.data)))
        self.base, self.data = self.base + kept, self.data[kept:] + data

    def _rest(self, rest: Rest, count: int) -> bytes:
        """More of a whole answer."""
        data = rest.read(count)
        if len(data) < count:
            self.size = self._end() + len(data)
        return data

    def _part(self, start: int, count: int) -> bytes:
        """The bytes from a place on, from where the first answer came from."""
        answer = self._ask(start, count)
        if answer.status in (401, 403) and self.url != self.first:  # a signed address that is over
            self.url, self.token = self.first, self.first_token
            answer = self._ask(start, count)
        room = _room(answer)
        if answer.status == 416 and start < room < start + count:
            answer = self._ask(start, room - start)
        if answer.status == 416:
            why = (
                "is empty" if room == 0 else f"has nothing from byte {start:,} on, says its server"
            )
            raise BrokenInput(f"{self.name}: {why} (416)")
        if answer.status not in (200, 206):
            raise self.refusal(answer)
        if answer.status == 200 and start:
            raise BrokenInput(f"{self.name}: the server gives no parts of files any more")
        self._learn(answer)
        if answer.status == 206 and self.size is None and len(answer.body) < count:
            self.size = start + len(answer.body)
        return answer.body

    def _ask(self, start: int, count: int) -> Answer:
        wish = Wish(count, (start, count), self.token, PATIENCE, keep=not start)
        self.requests += 1
        return ask(self.url, wish, self.sleep)

    def _learn(self, answer: Answer) -> None:
        """Take size and address from the first answer, and hold the later ones against it."""
        mark = answer.headers.get("etag", "")
        changed = self.mark and mark and mark != self.mark and not mark.startswith("W/")
        if changed or (self.size is not None and answer.total not in (None, self.size)):
            if answer.rest:
                answer.rest.close()
            raise BrokenInput(f"{self.name}: is another file than a moment ago, or than was listed")
        self.rest, self.mark = answer.rest, mark
        self.size = self.size if answer.total is None else answer.total
        if not same_server(answer.url, self.url):
            self.token = None
        self.url = answer.url


def _room(answer: Answer) -> int:
    """The size of the file that a refusal of a part names, or -1."""
    found = _ROOM.fullmatch(answer.headers.get("content-range", ""))
    return int(found[1]) if found else -1


def name_in(url: str) -> str:
    """The last part of an address, as the name of a file."""
    return printable(unquote(urlsplit(url).path.rpartition("/")[2]))[:200] or shown(url)
