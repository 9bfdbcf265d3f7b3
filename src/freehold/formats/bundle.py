"""A bundle: one uncompressed tar file with an index first and then files that are named by digest.

`index.json` lists every file by SHA-256 and size, in order; `files/SHA256` are the files. So the
digest of the index vouches for every byte behind it, `tar tf` shows the same as we read, and
`sha256sum` of an unpacked file is its name. Reading is our own and bounded: nothing but regular
files with exactly these names and sizes is read, so there are no links, paths or other kinds.
Headers are those of POSIX.1-1988 (ustar), sizes of 8 GiB and more in the binary form of GNU tar.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from hashlib import sha256
from typing import BinaryIO, Protocol

import msgspec
from msgspec import Struct

from freehold.core.errors import BrokenInput

BLOCK, READ = 512, 2**20
LARGEST_INDEX, LARGEST_FILE, MOST_FILES = 64 * 2**20, 2**45, 100_000
SCHEMA = 1
INDEX = "index.json"
OCTAL = 8**11
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Entry(Struct, frozen=True):
    """One file of a bundle: SHA-256 in hexadecimal, and bytes."""

    sha256: str
    size: int


class Index(Struct, frozen=True, kw_only=True):
    """What is in a bundle, in order; `about` is what its maker says the files are, as JSON."""

    schema: int
    tool: str
    made: str
    files: tuple[Entry, ...]
    about: msgspec.Raw


class Sink(Protocol):
    """Takes the bytes of one file."""

    def write(self, data: bytes, /) -> object:
        """Take the next bytes."""


def write_bundle(out: BinaryIO, index: Index, opened: Iterable[BinaryIO]) -> str:
    """Write a bundle of these files, in the order of the index; the digest of the index.

    BrokenInput where a file is not what the index says of it.
    """
    table = msgspec.json.encode(index)
    _write(out, INDEX, [table], len(table))
    for entry, file in zip(index.files, opened, strict=True):
        _write(out, f"files/{entry.sha256}", _proven(entry, _pieces(file, entry.size)), entry.size)
    out.write(bytes(2 * BLOCK))
    return sha256(table).hexdigest()


def read_index(file: BinaryIO, size: int) -> tuple[Index, str]:
    """The index of a bundle of so many bytes, and its digest; BrokenInput for anything else.

    The sizes must add up to that of the whole bundle, so one that breaks off is found at once.
    """
    length = _header(file, INDEX, None, LARGEST_INDEX)
    table = _exactly(file, length)
    _padding(file, length)
    try:
        index = msgspec.json.decode(table, type=Index)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BrokenInput(f"its index cannot be read: {error}") from error
    _check(index, length, size)
    return index, sha256(table).hexdigest()


def read_files(
    file: BinaryIO, index: Index, into: Callable[[Entry], AbstractContextManager[Sink]]
) -> None:
    """Copy every file, after the index was read, and hold it to its digest while it goes by.

    A file that is not what it should be is BrokenInput; what was written of it is left to the
    caller, who shows nothing before all of it was proven.
    """
    for entry in index.files:
        _header(file, f"files/{entry.sha256}", entry.size, LARGEST_FILE)
        with into(entry) as sink:
            for piece in _proven(entry, _pieces(file, entry.size)):
                sink.write(piece)
        _padding(file, entry.size)
    if file.read(2 * BLOCK + 1) != bytes(2 * BLOCK):
        raise BrokenInput("it does not end where its index says")


def _check(index: Index, length: int, size: int) -> None:
    if index.schema != SCHEMA:
        raise BrokenInput(f"it has schema {index.schema}; this version reads {SCHEMA}")
    if len(index.files) > MOST_FILES or len(set(index.files)) != len(index.files):
        raise BrokenInput(f"it lists more than {MOST_FILES:,} files, or one of them twice")
    for entry in index.files:
        if not _DIGEST.fullmatch(entry.sha256) or not 0 <= entry.size <= LARGEST_FILE:
            raise BrokenInput("it lists a file that cannot be")
    whole = sum(BLOCK + _padded(n) for n in (length, *(e.size for e in index.files))) + 2 * BLOCK
    if whole != size:
        raise BrokenInput(f"it has {size:,} bytes; by its index it should have {whole:,}")


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _write(out: BinaryIO, name: str, pieces: Iterable[bytes], size: int) -> None:
    out.write(header(name, size))
    for piece in pieces:
        out.write(piece)
    out.write(bytes(_padded(size) - size))


def header(name: str, size: int) -> bytes:
    """The header of a regular file that anybody may read, without a time or an owner."""
    octal = b"%011o\0" % size if size < OCTAL else b"\x80" + size.to_bytes(11, "big")
    parts = (
        name.encode("ascii").ljust(100, b"\0"), b"0000644\0", b"0000000\0", b"0000000\0", octal,
        b"00000000000\0", b" " * 8, b"0", bytes(100), b"ustar\x0000", bytes(247),
    )  # fmt: skip
    block = b"".join(parts)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def _header(file: BinaryIO, name: str, size: int | None, most: int) -> int:
    """Read a header, which must be exactly that of this file; its size."""
    block = _exactly(file, BLOCK)
    said = _size(block[124:136])
    if not 0 <= said <= most or (size is not None and said != size) or block != header(name, said):
        raise BrokenInput(f"it is no bundle, or was changed: {name[:20]} should stand here")
    return said


def _size(field: bytes) -> int:
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field[:11]
    return int(digits, 8) if re.fullmatch(rb"[0-7]{11}", digits) else -1


def _exactly(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise BrokenInput("it breaks off")
    return data


def _padding(file: BinaryIO, size: int) -> None:
    if _exactly(file, _padded(size) - size).strip(b"\0"):
        raise BrokenInput("something stands between its files")


def _pieces(file: BinaryIO, size: int) -> Iterator[bytes]:
    left = size
    while left > 0 and (piece := file.read(min(READ, left))):
        left -= len(piece)
        yield piece


def _proven(entry: Entry, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces of a file, and an error after the last where they are not that file."""
    digest, count = sha256(), 0
    for piece in pieces:
        digest.update(piece)
        count += len(piece)
        yield piece
    if count != entry.size:
        raise BrokenInput(f"files/{entry.sha256[:12]}... has {count:,} bytes, not {entry.size:,}")
    if digest.hexdigest() != entry.sha256:
        raise BrokenInput(f"files/{entry.sha256[:12]}... has other bytes than its digest says")
