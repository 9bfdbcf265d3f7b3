"""What a row of the ledger is, how it becomes bytes, and how a chain of rows is held to its word.

The line of a row is JSON without spaces and with sorted keys, so `digest` always stands first:
`{"digest":"<64 hex>","facts":...,"kind":...,"number":...,"previous":...,"time":...}`. The digest
is the SHA-256 of the same line without the digest, in UTF-8; `previous` is the digest of the
row before, so every row vouches for all rows above it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct

FIRST = "0" * 64
"""What stands as `previous` in the first row."""

LONGEST_LINE = 40_000

KINDS: Mapping[str, str] = {
    "acceptance": "A person or an automation agreed to the text of a license.",
    "fetch": "Files of a model were brought to this machine.",
    "verification": "Files were held against their digests or signatures.",
    "plan": "How a model would run on this machine was predicted.",
    "run": "A model ran; what it really took in memory and time.",
    "serve": "A server answered requests of one key; what they really took, and how many.",
    "calibration": "The speed of this machine was measured.",
    "tuning": "Engines, precisions and settings were tried for a model: the figures of each.",
    "adaptation": "A model was made from another: tuned, merged, quantized or converted.",
    "waiver": "A person set a rule of the policy aside, with a reason and an end.",
    "key": "A key was made, changed or withdrawn; never the key itself.",
    "policy": "The policy changed.",
    "objection": "A policy objected to a model: which rule, by which fact, and what it did.",
}
"""The closed list of what is written down. In code and not in `data/`: an overlay must not
change what the rows of an old ledger mean."""


class Row(Struct, frozen=True):
    """One row; `time` is ISO 8601 in UTC, `digest` and `previous` are SHA-256 in hexadecimal."""

    number: int
    time: str
    kind: str
    facts: dict[str, Any]
    digest: str
    previous: str

    def line(self) -> str:
        """The row as one line of the export."""
        return canonical(
            {
                "digest": self.digest,
                "facts": self.facts,
                "kind": self.kind,
                "number": self.number,
                "previous": self.previous,
                "time": self.time,
            }
        )


class Head(Struct, frozen=True):
    """The last row of a ledger by number and digest; number 0 when there is none."""

    number: int
    digest: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


class Problem(Struct, frozen=True):
    """One thing that is wrong with a ledger, and the number of the row where it shows."""

    number: int | None
    says: str

    def __str__(self) -> str:
        return self.says if self.number is None else f"row {self.number}: {self.says}"


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces; ValueError for what JSON cannot say."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def digest(number: int, time: str, kind: str, facts: str, previous: str) -> str:
    """The SHA-256 of a row whose facts are already canonical JSON."""
    text = (
        f'{{"facts":{facts},"kind":{canonical(kind)},"number":{number},'
        f'"previous":{canonical(previous)},"time":{canonical(time)}}}'
    )
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def check_chain(rows: Iterable[Row], head: Head | None) -> Iterator[Problem]:
    """Everything that is wrong with rows in their order; `head` is what the last one should be."""
    number, previous = 0, FIRST
    for row in rows:
        number += 1
        yield from _check(row, number, previous)
        number, previous = row.number, row.digest
    if head is not None and head != Head(number, previous if number else FIRST):
        yield Problem(
            number, f"the ledger ends here, but its head says {head.number}:{head.digest[:12]}"
        )


def _check(row: Row, number: int, previous: str) -> Iterator[Problem]:
    if row.number != number:
        yield Problem(row.number, f"row {number} should stand here; rows are missing or moved")
    if row.previous != previous:
        yield Problem(row.number, "does not follow from the row before it")
    if row.kind not in KINDS:
        yield Problem(row.number, f"{row.kind!r} is not a kind of row")
    if digest(row.number, row.time, row.kind, _facts(row), row.previous) != row.digest:
        yield Problem(row.number, "was changed: its digest does not fit what it says")


def _facts(row: Row) -> str:
    """The facts as bytes are hashed; what JSON cannot say fits no digest."""
    try:
        return canonical(row.facts)
    except ValueError:
        return ""


def parse_line(line: bytes) -> Row:
    """A row from one line of an export; ValueError says what is wrong with it."""
    if len(line) > LONGEST_LINE:
        raise ValueError(f"is longer than {LONGEST_LINE:,} bytes")
    try:
        row = msgspec.json.decode(line, type=Row)
        same = row.line().encode() == line
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise ValueError(f"is not a row: {error}") from None
    if not same:
        raise ValueError("is not in the form in which rows are written")
    return row
