"""Reads the list of a tar archive, bounded: names, kinds, and where each member's bytes are."""

from collections.abc import Iterator
from mmap import mmap

from msgspec import Struct

from freehold.core.errors import BrokenInput

Data = bytes | mmap
MOST_MEMBERS = 20_000
BLOCK = 512
LONGEST_NAME = 4_096
FILES, FOLDER, LONG_NAME, LONG_LINK, PAX, PAX_ALL = b"0\0", b"5", b"L", b"K", b"x", b"g"


class Member(Struct, frozen=True):
    """One member: `kind` is file, folder, link or device."""

    name: str
    kind: str
    size: int
    start: int


def is_tar(head: bytes) -> bool:
    """Whether a file begins as an archive does: with a header whose sum is right."""
    return len(head) >= BLOCK and _sum_is_right(head[:BLOCK])


def read_tar(data: Data, name: str) -> Iterator[Member]:
    """The members, in the order of the archive; BrokenInput where it is broken or too long."""
    at, told, count = 0, "", 0
    while at + BLOCK <= len(data):
        head = data[at : at + BLOCK]
        if not any(head):
            _check_end(data, at, name)
            return
        count += 1
        if count > MOST_MEMBERS or not _sum_is_right(head):
            raise BrokenInput(f"{name}: the archive is broken, or has too many members")
        size, kind = _number(head[124:136], name), head[156:157]
        start, at = at + BLOCK, at + BLOCK + -(-size // BLOCK) * BLOCK
        if start + size > len(data):
            raise BrokenInput(f"{name}: the archive is cut off")
        if kind in (LONG_NAME, PAX):
            told = _told(data[start : start + min(size, 16 * LONGEST_NAME)], kind) or told
        elif kind not in (LONG_LINK, PAX_ALL):
            yield Member(told or _name(head), _kind(kind), size, start)
            told = ""
    raise BrokenInput(f"{name}: the archive has no end")


def _check_end(data: Data, at: int, name: str) -> None:
    """Nothing but zeros may follow the end, or a reader could be shown more than another."""
    for place in range(at, len(data), 2**20):
        if any(data[place : min(place + 2**20, len(data))]):
            raise BrokenInput(f"{name}: bytes follow the end of the archive")


def _sum_is_right(head: bytes) -> bool:
    digits = head[148:156].strip(b" \0")
    if not digits or any(sign not in b"01234567" for sign in digits):
        return False
    return int(digits, 8) == sum(head[:148]) + 8 * 32 + sum(head[156:])


def _number(field: bytes, name: str) -> int:
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0") or b"0"
    if any(sign not in b"01234567" for sign in digits):
        raise BrokenInput(f"{name}: the archive has a size that is no number")
    return int(digits, 8)


def _name(head: bytes) -> str:
    name = head[:100].partition(b"\0")[0].decode("utf-8", "replace")
    front = head[345:500].partition(b"\0")[0].decode("utf-8", "replace")
    return f"{front}/{name}" if front and head[257:262] == b"ustar" else name


def _told(content: bytes, kind: bytes) -> str:
    """The long name that a header of its own brings."""
    if kind == LONG_NAME:
        return content.partition(b"\0")[0].decode("utf-8", "replace")[:LONGEST_NAME]
    at = content.find(b" path=")
    line = content[at + 6 :].partition(b"\n")[0] if at >= 0 else b""
    return line.decode("utf-8", "replace")[:LONGEST_NAME]


def _kind(kind: bytes) -> str:
    if kind in (b"0", b"\0", b"7"):
        return "file"
    return "folder" if kind == FOLDER else "link" if kind in (b"1", b"2") else "device"
