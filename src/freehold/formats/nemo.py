"""Reads a .nemo archive: its list of files and its configuration, without unpacking anything."""

import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, cast

from msgspec import Struct

from freehold.core.errors import BrokenInput
from freehold.formats.cursor import Cursor, expect, looking
from freehold.formats.structured import MOST_YAML, as_table, as_text, found_under, read_yaml
from freehold.formats.text import plain

MOST_MEMBERS = 10_000
MOST_UNPACKED = 256 * 2**20
"""Bytes that are unpacked of a compressed archive before it is given up."""
MOST_TAKEN = 64 * 2**20
"""Bytes that are looked at in all: names, sizes and the configuration."""
LARGEST_READ = 64 * 1024
"""Bytes that the archive's own tables may ask for at once."""
CONFIG = "model_config.yaml"
BASES = frozenset((
    "pretrained_model_name", "pretrained_model", "pretrained_llm", "pretrained_asr",
    "restore_from_path", "restore_path", "init_from_pretrained_model", "init_from_nemo_model",
))  # fmt: skip


class Nemo(Struct, frozen=True):
    """What an archive of NeMo holds; `bases` are the models that its configuration names."""

    members: tuple[str, ...]
    target: str | None
    nemo_version: str | None
    license: str | None
    bases: tuple[str, ...]


class _Bounded:
    """The file as the archive's reader sees it: no large reads, and no more than `most` bytes."""

    def __init__(self, file: IO[bytes], cursor: Cursor, most: int) -> None:
        self.file, self.cursor, self.most, self.taken = file, cursor, most, 0

    def read(self, size: int | None = -1) -> bytes:
        """At most as much as an honest archive asks for."""
        if size is None or not 0 <= size <= LARGEST_READ:
            raise self.cursor.broken("asks for an impossible number of bytes")
        self.taken += size
        if self.taken > MOST_TAKEN:
            raise self.cursor.broken(f"has tables of more than {MOST_TAKEN:,} bytes")
        self._check(self.file.tell() + size)
        return self.file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Only forward from the start, and not too far."""
        if whence or offset < 0:
            raise self.cursor.broken("points before its beginning")
        self._check(offset)
        return self.file.seek(offset)

    def tell(self) -> int:
        """Where it is."""
        return self.file.tell()

    def _check(self, to: int) -> None:
        if to > self.most + LARGEST_READ:
            raise self.cursor.broken(f"holds more than {self.most:,} bytes, which are not read")


def read_nemo(source: bytes | Path, name: str = "model.nemo") -> Nemo:
    """What an archive of NeMo holds; links and paths that lead outside are refused."""
    with looking(source, name) as cursor:
        expect(cursor, b"", "NeMo")
        packed = cursor.take(min(2, cursor.left), "its beginning") == b"\x1f\x8b"
        cursor.go(0, "its beginning")
        try:
            return _read(cursor, packed)
        except RecursionError as error:
            raise cursor.broken("is nested too deeply") from error
        except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
            raise cursor.broken(f"is not an archive: {plain(str(error))[:200]}") from error


def _read(cursor: Cursor, packed: bool) -> Nemo:
    import gzip
    import zlib

    file = cast(IO[bytes], cursor.file)
    inner = cast(IO[bytes], gzip.GzipFile(fileobj=file)) if packed else file
    bounded = _Bounded(inner, cursor, MOST_UNPACKED if packed else cursor.size)
    members: list[str] = []
    config: dict[str, object] = {}
    try:
        with tarfile.TarFile(fileobj=cast(IO[bytes], bounded)) as archive:
            for member in _members(archive, cursor):
                members.append(plain(member.name))
                if PurePosixPath(member.name).name == CONFIG and not config:
                    config = _config(archive, member, f"{cursor.name}: {CONFIG}")
    except (zlib.error, gzip.BadGzipFile) as error:
        raise cursor.broken(f"is not an archive: {error}") from error
    return Nemo(
        members=tuple(members),
        target=as_text(config.get("target")),
        nemo_version=as_text(config.get("nemo_version")),
        license=as_text(config.get("license")),
        bases=tuple(dict.fromkeys(filter(None, map(as_text, found_under(config, BASES))))),
    )


def _members(archive: tarfile.TarFile, cursor: Cursor) -> Iterator[tarfile.TarInfo]:
    """The files and folders of the archive; the archive's reader keeps none of them."""
    for count in range(MOST_MEMBERS + 1):
        member = archive.next()
        vars(archive)["members"] = []
        if member is None:
            break
        if count == MOST_MEMBERS:
            raise cursor.broken(f"holds more than {MOST_MEMBERS:,} files")
        path, shown = PurePosixPath(member.name), plain(member.name)[:200]
        if not (member.isreg() or member.isdir()):
            raise cursor.broken(f"{shown!r} is a link or a device")
        if (
            path.is_absolute()
            or ".." in path.parts
            or "\\" in member.name
            or ":" in member.name[:2]
        ):
            raise cursor.broken(f"{shown!r} points outside the archive")
        if not 0 <= member.size <= max(cursor.size, MOST_UNPACKED):
            raise cursor.broken(f"{shown!r} has an impossible size")
        yield member
    _check_end(archive, cursor)


def _check_end(archive: tarfile.TarFile, cursor: Cursor) -> None:
    """An archive ends with blocks of zeros; anything else was cut off or is broken inside."""
    file = cast(IO[bytes], archive.fileobj)
    file.seek(archive.offset)
    end = file.read(tarfile.BLOCKSIZE)
    if len(end) < tarfile.BLOCKSIZE or any(end):
        raise cursor.broken("is cut off, or broken after the files seen so far")


def _config(archive: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> dict[str, object]:
    if member.size > MOST_YAML:
        raise BrokenInput(
            f"{name}: has {member.size:,} bytes; more than {MOST_YAML:,} are not read"
        )
    file = archive.extractfile(member)
    pieces: list[bytes] = []
    while file is not None and (piece := file.read(LARGEST_READ // 2)):
        pieces.append(piece)
    return as_table(read_yaml(b"".join(pieces), name))
