"""Opens files and turns bytes into text, with a limit on both."""

import codecs
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from freehold.core.errors import BrokenInput

Source = str | bytes | Path
"""What a reader of text takes: the text, its bytes, or where it is."""

LONGEST = 100_000
"""Characters that are kept of one value, such as the text shown before a gated download."""

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""The bytes that name an encoding; those of 32 bits begin like those of 16, so they lead."""

_CONTROLS = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(127, 160)])


def shown(path: Path) -> str:
    """The path as it can be printed on one line, also where its name is not valid text."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in plain(str(path)))


def plain(text: str) -> str:
    """The text without control characters and halves of characters, cut where it is too long."""
    cleaned = text[:LONGEST].translate(_CONTROLS)
    return cleaned.encode("utf-8", "replace").decode("utf-8")


@contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """The open file and its size; only a regular file is opened, so nothing waits forever."""
    try:
        number = os.open(path, os.O_RDONLY | _flag("O_NONBLOCK") | _flag("O_BINARY"))
    except (OSError, ValueError) as error:
        raise BrokenInput(f"{shown(path)}: cannot be opened: {_why(error)}") from error
    try:
        status = os.fstat(number)
        if not stat.S_ISREG(status.st_mode):
            raise BrokenInput(f"{shown(path)}: is not a regular file")
        with os.fdopen(number, "rb", closefd=False) as file:
            yield file, status.st_size
    except OSError as error:
        raise BrokenInput(f"{shown(path)}: cannot be read: {_why(error)}") from error
    finally:
        os.close(number)


def read_bytes(path: Path, most: int) -> bytes:
    """All bytes of a file that is not larger than `most`."""
    with opened(path) as (file, size):
        check_size(size, most, shown(path))
        data = file.read(most + 1)
    check_size(len(data), most, shown(path))
    return data


def read_start(path: Path, most: int) -> bytes:
    """The first bytes of a file of any size, at most `most` of them."""
    with opened(path) as (file, _):
        return file.read(most)


def check_size(size: int, most: int, name: str) -> None:
    """Refuse what is larger than `most` bytes."""
    if size > most:
        raise BrokenInput(f"{name}: has {size:,} bytes; more than {most:,} are not read")


def name_of(source: Source, name: str) -> str:
    """What messages call the source: its path where it has one."""
    return shown(source) if isinstance(source, Path) else name


def text_of(source: Source, most: int, name: str) -> str:
    """The text of the source, which may have at most `most` bytes."""
    if isinstance(source, str):
        check_size(len(source), most, name)
        return source
    if isinstance(source, Path):
        return decode(read_bytes(source, most), shown(source))
    check_size(len(source), most, name)
    return decode(source, name)


def decode(data: bytes, name: str) -> str:
    """The text of the bytes: UTF-8, UTF-16 or UTF-32 by their marks, else Windows' Latin letters.

    A character that is cut at the very end is left out; NUL bytes mean that it is no text.
    """
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return _strict(data[len(mark) :], encoding, name)
    wide = _unmarked(data)
    if wide:
        return _strict(data, wide, name)
    if b"\0" in data:
        raise BrokenInput(f"{name}: holds binary data, not text")
    try:
        return _whole(data, "utf-8")
    except UnicodeDecodeError:
        return _latin(data)


def _strict(data: bytes, encoding: str, name: str) -> str:
    try:
        text = _whole(data, encoding)
    except UnicodeDecodeError as error:
        raise BrokenInput(
            f"{name}: is not {encoding.upper()}, as it says: {error.reason}"
        ) from error
    if "\0" in text:
        raise BrokenInput(f"{name}: holds binary data, not text")
    return text


def _whole(data: bytes, encoding: str) -> str:
    """The decoded bytes without a character that is cut at the end."""
    return codecs.getincrementaldecoder(encoding)("strict").decode(data, final=False)


def _unmarked(data: bytes) -> str | None:
    """UTF-16 without a mark, seen by the NUL in every second byte of Latin text."""
    head = data[:1000]
    low, high = head[0::2], head[1::2]
    if len(head) < 4 or b"\0" not in head:
        return None
    if low.count(0) == 0 and high.count(0) > 0.7 * len(high):
        return "utf-16-le"
    return "utf-16-be" if high.count(0) == 0 and low.count(0) > 0.7 * len(low) else None


def _latin(data: bytes) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _flag(name: str) -> int:
    """A flag of this system, or nothing where the system has none of that name."""
    return int(getattr(os, name, 0))


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
