"""`ledger`: show, verify and export what was written down."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from msgspec import Struct

from freehold.core.errors import EnvironmentProblem, UsageError
from freehold.store.ledger import Ledger, ledger_path
from freehold.store.ledger_file import NoLedger
from freehold.store.ledger_rows import (
    FIRST,
    KINDS,
    LONGEST_LINE,
    Head,
    Problem,
    Row,
    check_chain,
    parse_line,
)


class Verdict(Struct, frozen=True):
    """What `verify` found; `head` is the last row, to be noted elsewhere."""

    place: str
    rows: int
    head: Head
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether every row is as it was written."""
        return not self.problems

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "ok": self.ok,
            "place": self.place,
            "rows": self.rows,
            "head": str(self.head),
            "problems": [{"number": p.number, "says": p.says} for p in self.problems],
        }


def show(kind: str | None = None, last: int = 20, path: Path | None = None) -> list[Row]:
    """The last rows, the oldest first; none where nothing was written down yet."""
    if kind is not None and kind not in KINDS:
        raise UsageError(f"{kind!r} is not a kind of row; the kinds are {', '.join(KINDS)}")
    with _reading(path) as ledger:
        return ledger.last(last, kind) if ledger else []


def verify(file: Path | None = None, anchor: str | None = None) -> Verdict:
    """Hold the ledger, or an export of it, to its chain, and to a head noted earlier.

    A missing file that was named is an EnvironmentProblem; no ledger at all has no problems,
    unless an anchor says that there was one.
    """
    head = parse_anchor(anchor) if anchor else None
    if file is not None and not _is_database(file):
        return _verify_export(file, head)
    with _reading(file) as ledger:
        if ledger is None:
            gone = (Problem(head.number, "was noted, but there is no ledger"),) if head else ()
            return Verdict(str(file or ledger_path()), 0, Head(0, FIRST), gone)
        problems = tuple(ledger.verify(head))
        end = ledger.head()
        return Verdict(str(ledger.path), end.number, end, problems)


def export(file: IO[str], path: Path | None = None) -> Head:
    """Write every row as one line of JSON; the head of what was written."""
    head = Head(0, FIRST)
    with _reading(path) as ledger:
        for row in ledger.rows() if ledger else ():
            file.write(row.line() + "\n")
            head = Head(row.number, row.digest)
    return head


def parse_anchor(text: str) -> Head:
    """A head from `NUMBER:DIGEST`, as `verify` and `export` print it."""
    number, _, digest = text.partition(":")
    right = number.isdecimal() and len(number) < 16 and len(digest) == 64
    if not right or not set(digest) <= set("0123456789abcdef"):
        raise UsageError(
            f"{text[:80]!r} is not a head; it should be NUMBER:DIGEST",
            hint="freehold ledger verify prints the head of this ledger",
        )
    return Head(int(number), digest)


@contextmanager
def _reading(path: Path | None) -> Iterator[Ledger | None]:
    """The ledger opened for reading, or None where nothing was written down yet."""
    try:
        ledger = Ledger.open(path, reading=True)
    except NoLedger:
        yield None
        return
    with ledger:
        yield ledger


def _is_database(file: Path) -> bool:
    """Whether a file is SQLite rather than lines of an export."""
    try:
        with file.open("rb") as stream:
            return stream.read(6) == b"SQLite"
    except OSError as error:
        raise EnvironmentProblem(f"{file} cannot be read: {error.strerror}") from error


def _verify_export(file: Path, anchor: Head | None) -> Verdict:
    """Hold lines of an export to their chain; the end is only known to an anchor."""
    problems: list[Problem] = []
    seen: list[Head] = [Head(0, FIRST)]
    anchored = anchor is None or anchor in seen

    def rows() -> Iterator[Row]:
        nonlocal anchored
        for row in _parsed(file, problems):
            seen[0] = Head(row.number, row.digest)
            anchored = anchored or seen[0] == anchor
            yield row

    problems += check_chain(rows(), None)
    if not anchored and anchor:
        problems.append(Problem(anchor.number, f"as noted ({anchor.digest[:12]}) is not here"))
    return Verdict(str(file), seen[0].number, seen[0], tuple(problems))


def _parsed(file: Path, problems: list[Problem]) -> Iterator[Row]:
    """The rows of an export; lines that are none are named in `problems`."""
    with file.open("rb") as stream:
        for n in range(1, 10**9):
            line = stream.readline(LONGEST_LINE + 2)
            if not line:
                return
            try:
                yield parse_line(line.removesuffix(b"\n"))
            except ValueError as error:
                problems.append(Problem(None, f"line {n} {error}"))
                if len(problems) >= 100:
                    return
