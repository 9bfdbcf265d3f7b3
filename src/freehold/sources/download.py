"""Fetches one file into its place: goes on at the byte, proves every byte, tries again."""

import time
from collections.abc import Callable
from contextlib import closing
from threading import Event

from msgspec import Struct

from freehold.core.errors import BrokenInput, EnvironmentProblem
from freehold.core.http import ONLINE, Answer, Limits, Passing, Rest, Wish, ask
from freehold.sources.base import Supplier
from freehold.store.adopt import adopt, here
from freehold.store.layout import Spot, show
from freehold.store.locks import locked
from freehold.store.manifest import Stored
from freehold.store.offer import Offered
from freehold.store.partial import Partial

PIECE = 2**20
LARGEST = 2**50
FRUITLESS = 5
"""Tries in a row that bring no byte, before it is given up."""
WRONG = 2
"""Times that a whole file may come with wrong bytes."""
LONGEST_PAUSE = 30.0
SILENCE, WHOLE = 30.0, 6 * 3600.0
"""Seconds without a byte, and seconds of one answer, after which it is asked for anew."""


class Stopped(EnvironmentProblem):
    """Another file failed or a person ended it, so this one is left where it is."""


class Watch(Struct, kw_only=True):
    """Who looks on: told of bytes by path, of what is worth a line; and can stop it.

    `begins` is told how many bytes there will be in all.
    """

    begins: Callable[[int], object] = lambda total: None
    bytes: Callable[[str, int], object] = lambda path, count: None
    says: Callable[[str], object] = lambda line: None
    stop: Event
    sleep: Callable[[float], None] = time.sleep

    def check(self, path: str) -> None:
        """Raise Stopped where it was stopped; what came stays for the next time."""
        if self.stop.is_set():
            raise Stopped(f"{path}: stopped; it goes on there next time")


class Got(Struct, frozen=True):
    """A file in its place; `how` is download, there, reflink, hard link or copy."""

    stored: Stored
    how: str
    fetched: int = 0


def bring(supplier: Supplier, file: Offered, spot: Spot, watch: Watch) -> Got:
    """Bring one file into the store; a file that is there with the right digest is used.

    Holds the lock of the file. Raises BrokenInput for bytes that their publisher does not vouch
    for, EnvironmentProblem for networks and disks, and what `supplier.refusal` says.
    """

    told: list[bool] = []

    def waiting() -> None:
        if not told:
            watch.says(f"{file.path}: another process fetches it; waiting for that")
        told.append(True)
        watch.check(file.path)

    with locked(spot.lock, waiting):
        found = _found(file, spot) or _Fetch(supplier, file, spot, watch).run()
        show(spot)
    if found.how != "download":
        watch.bytes(file.path, found.stored.size)
    return found


def _found(file: Offered, spot: Spot) -> Got | None:
    """A file that need not be fetched."""
    if file.mark is not None and (there := here(spot.data, file)):
        return Got(there, "there")
    if file.local is None:
        return None
    if spot.data.exists() and file.local.samefile(spot.data) and (there := here(spot.data, file)):
        return Got(there, "there")
    adopted = adopt(file.local, spot.data, file)
    if adopted is None:
        raise BrokenInput(f"{file.path}: is not the file whose digest was given")
    return Got(*adopted)


class _Fetch:
    """One file on its way, over as many answers as it takes."""

    def __init__(self, supplier: Supplier, file: Offered, spot: Spot, watch: Watch) -> None:
        self.supplier, self.file, self.spot, self.watch = supplier, file, spot, watch
        self.fetched = self.fruitless = self.wrong = 0
        self.shown = 0

    def run(self) -> Got:
        """All of it."""
        with Partial(self.spot.data, self.file) as partial:
            self._tell(partial)
            while True:
                self._all(partial)
                try:
                    return Got(partial.finish(), "download", self.fetched)
                except BrokenInput as error:
                    self._again(partial, error)

    def _again(self, partial: Partial, error: BrokenInput) -> None:
        """Begin anew after wrong bytes; those of an earlier try are not held against the server."""
        self.wrong += not partial.resumed
        if self.wrong >= WRONG:
            partial.discard()
            raise error
        self.watch.says(f"{self.file.path}: came with wrong bytes; fetched once more")
        partial.restart()
        self._tell(partial)

    def _all(self, partial: Partial) -> None:
        """Ask until every byte is there."""
        while self.file.size is None or partial.count < self.file.size:
            self.watch.check(self.file.path)
            before = self.fetched
            try:
                if self._some(partial):
                    return
            except Passing as error:
                self.fruitless = 0 if self.fetched > before else self.fruitless + 1
                if self.fruitless >= FRUITLESS:
                    raise EnvironmentProblem(f"{self.file.path}: {error}", hint=ONLINE) from error
                self.watch.sleep(min(2.0**self.fruitless / 2, LONGEST_PAUSE))

    def _some(self, partial: Partial) -> bool:
        """One answer; whether the file ends with it."""
        answer = self._ask(partial)
        if answer.rest is None:
            raise Passing("gives no answer")
        with closing(answer.rest):
            expected = self._expected(answer, partial)
            self._take(answer.rest, partial)
        if expected is not None and partial.count < expected:
            raise Passing("breaks the connection off")
        return True

    def _ask(self, partial: Partial) -> Answer:
        address = self.supplier.address(self.file)
        at = partial.count
        part = (at, (self.file.size or LARGEST) - at) if at else None
        limits = Limits(silence=SILENCE, whole=WHOLE)
        wish = Wish(LARGEST, part, address.token, limits, flow=True, headers=address.headers)
        answer = ask(address.url, wish, self.watch.sleep)
        if answer.status in (200, 206):
            return answer
        if answer.status == 416:
            partial.restart()
            self._tell(partial)
            raise Passing("has no such part of the file any more")
        if answer.status in (401, 403, 404, 410) and answer.url != address.url:
            raise Passing("led to an address that is over")
        raise self.supplier.refusal(answer)

    def _expected(self, answer: Answer, partial: Partial) -> int | None:
        """The size that this answer leads to; begins anew where the file is not the same."""
        mark = answer.headers.get("etag", "") if self.file.mark is None else partial.mark
        if answer.status == 200:
            partial.restart(mark)
        elif self.file.mark is None and mark != partial.mark:
            partial.restart(mark)
            raise Passing("has another version of the file by now")
        self._tell(partial)
        size, total = self.file.size, answer.total
        if size is not None and total is not None and total != size:
            raise BrokenInput(f"{self.file.path}: comes with {total:,} bytes; {size:,} were listed")
        return size if size is not None else total

    def _take(self, rest: Rest, partial: Partial) -> None:
        """Write what comes, up to the size that was listed."""
        most = self.file.size if self.file.size is not None else LARGEST
        while data := rest.some(PIECE):
            self.watch.check(self.file.path)
            if partial.count + len(data) > most:
                raise BrokenInput(f"{self.file.path}: comes with more than {most:,} bytes")
            partial.add(data)
            self.fetched += len(data)
            self._tell(partial)

    def _tell(self, partial: Partial) -> None:
        """Tell the difference to what was told."""
        self.watch.bytes(self.file.path, partial.count - self.shown)
        self.shown = partial.count


def read_part(supplier: Supplier, file: Offered, start: int, count: int,
              sleep: Callable[[float], None] = time.sleep) -> bytes:  # fmt: skip
    """Some bytes of a file where it is now; fewer only at its end."""
    if file.local is not None:
        with file.local.open("rb") as stream:
            stream.seek(start)
            return stream.read(count)
    if count == 0:
        return b""
    address = supplier.address(file)
    wish = Wish(count, (start, count), address.token, headers=address.headers)
    answer = ask(address.url, wish, sleep)
    if answer.status not in (200, 206):
        raise supplier.refusal(answer)
    if answer.status == 200 and start:
        raise BrokenInput(f"{file.path}: its server gives no parts of files")
    return answer.body
