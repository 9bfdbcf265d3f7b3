"""Reads the directory of a ZIP archive and single members, bounded, and finds its tricks.

Readers of ZIP disagree where the two places that describe a member disagree. Here both are read,
and every difference is a problem: one that hides a pickle from a scanner is found by being one.
"""

import struct
import zlib
from collections.abc import Iterator
from itertools import pairwise
from mmap import mmap

from msgspec import Struct

from freehold.core.errors import BrokenInput

Data = bytes | mmap
MOST_MEMBERS = 20_000
LARGEST_UNPACKED = 64 * 2**20
"""Bytes of one member that are unpacked."""
LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
END64_PLACE, END64 = b"PK\x06\x07", b"PK\x06\x06"
LONGEST_GAP = 24
"""Bytes of sizes and sum that may follow a member."""
_FULL = 0xFFFFFFFF
STORED, DEFLATED = 0, 8


class Member(Struct, frozen=True):
    """One member: where its header and its bytes are, how it is packed, what is wrong with it."""

    name: str
    size: int
    packed: int
    method: int
    crc: int
    place: int
    start: int
    link: bool
    problem: str | None = None


class Zip(Struct, frozen=True):
    """All members, and what is wrong with the archive as a whole."""

    members: tuple[Member, ...]
    problem: str | None


def ends_as_zip(data: Data) -> bool:
    """Whether an archive ends where the file does, whatever the file begins with."""
    tail = data[-(22 + 65_535) :]
    at = tail.rfind(END)
    if at < 0 or at + 22 > len(tail):
        return False
    comment = int.from_bytes(tail[at + 20 : at + 22], "little")
    return at + 22 + comment == len(tail)


def read_zip(data: Data, name: str) -> Zip:
    """The directory of an archive; BrokenInput when it has none that can be read."""
    try:
        count, size, at, end = _end(data, name)
        if count > MOST_MEMBERS or not 0 <= at <= at + size <= end:
            raise BrokenInput(f"{name}: the directory of the archive lies outside of it")
        members = tuple(_members(data, at, at + size, count, name))
    except (struct.error, IndexError) as error:
        raise BrokenInput(f"{name}: the archive is cut off") from error
    return Zip(members, _whole(members, at))


def _end(data: Data, name: str) -> tuple[int, int, int, int]:
    """Count, size and place of the directory, and where it must have ended."""
    low = max(0, len(data) - 22 - 65_535)
    at = data.rfind(END, low)
    if at < 0 or at + 22 > len(data):
        raise BrokenInput(f"{name}: the archive has no directory")
    disk, first, here, count, size, place, note = struct.unpack_from("<HHHHIIH", data, at + 4)
    if at + 22 + note != len(data):
        raise BrokenInput(f"{name}: bytes follow the end of the archive")
    if place == _FULL or count == 0xFFFF or size == _FULL:
        return _end64(data, at, name)
    if disk or first or here != count:
        raise BrokenInput(f"{name}: the archive is one part of several")
    if place + size != at and not _has_end64(data, at):
        raise BrokenInput(f"{name}: bytes lie before the archive or inside its directory")
    return count, size, place, at


def _has_end64(data: Data, at: int) -> bool:
    return at >= 20 and data[at - 20 : at - 16] == END64_PLACE


def _end64(data: Data, at: int, name: str) -> tuple[int, int, int, int]:
    if not _has_end64(data, at):
        raise BrokenInput(f"{name}: the directory of the archive is broken")
    place = struct.unpack_from("<Q", data, at - 12)[0]
    if data[place : place + 4] != END64:
        raise BrokenInput(f"{name}: the directory of the archive is broken")
    count, size, start = struct.unpack_from("<QQQ", data, place + 32)
    return count, size, start, place


def _members(data: Data, at: int, end: int, count: int, name: str) -> Iterator[Member]:
    for _ in range(count):
        if data[at : at + 4] != CENTRAL or at + 46 > end:
            raise BrokenInput(f"{name}: the directory of the archive is broken")
        fields = struct.unpack_from("<BBHHHHHIIIHHHHHII", data, at + 4)
        member, at = _member(data, at, fields)
        yield member
    if at != end:
        raise BrokenInput(f"{name}: the directory of the archive holds more than it says")


def _member(data: Data, at: int, fields: tuple[int, ...]) -> tuple[Member, int]:
    system, flags, method, crc, packed, size = fields[1], fields[3], fields[4], *fields[7:10]
    names, extras, notes, attributes, place = *fields[10:13], fields[-2], fields[-1]
    raw = data[at + 46 : at + 46 + names]
    extra = data[at + 46 + names : at + 46 + names + extras]
    size, packed, place = _wide(extra, size, packed, place)
    start, problem = _local(data, place, raw, method)
    if start + packed > len(data):
        problem = problem or "ends after the end of the archive"
    problem = problem or ("is encrypted" if flags & 0x41 else None)
    problem = problem or (None if method in (STORED, DEFLATED) else "is packed in an unusual way")
    if method == STORED and size != packed:
        problem = problem or "has two sizes"
    link = system in (3, 19) and (attributes >> 28) == 0xA
    text = raw.decode("utf-8", "replace")
    member = Member(text, size, packed, method, crc, place, start, link, problem)
    return member, at + 46 + names + extras + notes


def _wide(extra: bytes, size: int, packed: int, place: int) -> tuple[int, int, int]:
    """The numbers of 64 bits, where those of 32 are too short for them."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            found = list(struct.unpack_from(f"<{min(length, 24) // 8}Q", extra, at + 4))
            size = found.pop(0) if size == _FULL and found else size
            packed = found.pop(0) if packed == _FULL and found else packed
            place = found.pop(0) if place == _FULL and found else place
        at += 4 + length
    return size, packed, place


def _local(data: Data, place: int, raw: bytes, method: int) -> tuple[int, str | None]:
    """Where the bytes of a member begin, and how its own header differs from the directory."""
    if data[place : place + 4] != LOCAL or place + 30 > len(data):
        return len(data), "is not where the directory says"
    there, names, extras = struct.unpack_from("<H16xHH", data, place + 8)
    own = data[place + 30 : place + 30 + names]
    start = place + 30 + names + extras
    if own != raw:
        return start, f"is called {own.decode('utf-8', 'replace')[:80]!r} in its own header"
    return start, None if there == method else "is packed in two ways"


def _whole(members: tuple[Member, ...], directory: int) -> str | None:
    """What is wrong with the members together: names twice, bytes shared or in front."""
    names = [member.name.casefold() for member in members]
    if len(set(names)) < len(names):
        return "has two members of one name"
    spans = sorted((m.place, m.start + m.packed) for m in members)
    spans = [(0, 0), *spans, (directory, directory)]
    gaps = [after[0] - before[1] for before, after in pairwise(spans)]
    if min(gaps) < 0:
        return "has members that share their bytes"
    return "has bytes between its members" if max(gaps) > LONGEST_GAP else None


def unpacked(data: Data, member: Member, most: int = LARGEST_UNPACKED) -> bytes:
    """The first bytes of a member, at most `most` of them; BrokenInput where it is broken."""
    if member.method == STORED:
        return data[member.start : member.start + min(member.packed, most)]
    if member.method != DEFLATED:
        raise BrokenInput(f"{member.name}: is packed in an unusual way")
    return inflated(data, member.start, member.start + member.packed, most, -15)


def inflated(data: Data, start: int, end: int, most: int, bits: int) -> bytes:
    """Bytes that were packed with zlib; at most `most` of them."""
    unpack, parts, held, at = zlib.decompressobj(bits), [], 0, start
    try:
        for at in range(start, end, 2**18):
            piece = unpack.decompress(data[at : min(at + 2**18, end)], most - held)
            parts.append(piece)
            held += len(piece)
            if unpack.eof or held >= most:
                break
        if held < most and (not unpack.eof or unpack.unused_data or at + 2**18 < end):
            raise BrokenInput("is cut off, or bytes follow its end")
    except zlib.error as error:
        raise BrokenInput(f"cannot be unpacked: {error}") from error
    return b"".join(parts)


def has_right_sum(data: Data, member: Member, content: bytes) -> bool:
    """Whether what was unpacked is all of a member, and what its checksum says."""
    return len(content) == member.size and zlib.crc32(content) == member.crc
