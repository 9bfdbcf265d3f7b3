"""The file of a bundle: an ordinary tar that vouches for itself; everything else is refused."""

import io
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import BinaryIO

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.core.errors import BrokenInput
from freehold.formats.bundle import (
    BLOCK,
    OCTAL,
    Entry,
    Index,
    header,
    read_files,
    read_index,
    write_bundle,
)

FILES = [b"", b"x", b"y" * BLOCK, bytes(3 * BLOCK + 7)]


def entry(data: bytes) -> Entry:
    return Entry(sha256(data).hexdigest(), len(data))


def bundle(files: list[bytes], **fields: object) -> bytes:
    """A bundle of these files."""
    given = {"schema": 1, "tool": "0", "made": "2026-11-28", "about": msgspec.Raw(b"{}"), **fields}
    index = Index(files=tuple(entry(data) for data in files), **given)  # type: ignore[arg-type]
    out = io.BytesIO()
    write_bundle(out, index, [io.BytesIO(data) for data in files])
    return out.getvalue()


def unpack(data: bytes) -> tuple[str, dict[str, bytes]]:
    """(digest, files by their digest), as it is read."""
    found: dict[str, io.BytesIO] = {}

    @contextmanager
    def into(one: Entry) -> Iterator[BinaryIO]:
        found[one.sha256] = io.BytesIO()
        yield found[one.sha256]

    stream = io.BytesIO(data)
    index, digest = read_index(stream, len(data))
    read_files(stream, index, into)
    return digest, {name: file.getvalue() for name, file in found.items()}


WHOLE = bundle(FILES)


@given(st.lists(st.binary(max_size=2_000), max_size=5, unique=True))
def test_what_goes_in_comes_out(files: list[bytes]) -> None:
    _, found = unpack(bundle(files))
    assert found == {sha256(data).hexdigest(): data for data in files}


def test_any_tar_reads_it_and_names_are_digests() -> None:
    with tarfile.open(fileobj=io.BytesIO(WHOLE)) as tar:
        names = tar.getnames()
        assert names[0] == "index.json"
        assert names[1:] == [f"files/{sha256(data).hexdigest()}" for data in FILES]
        bodies = [file.read() for name in names[1:] if (file := tar.extractfile(name))]
    assert bodies == FILES


@pytest.mark.parametrize("size", [0, OCTAL - 1, OCTAL, 2**40])
def test_sizes_of_any_length_are_read_as_others_read_them(size: int) -> None:
    info = tarfile.TarInfo.frombuf(header("files/x", size), "ascii", "strict")
    assert (info.name, info.size, info.type) == ("files/x", size, tarfile.REGTYPE)


@settings(max_examples=200)
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_any_changed_byte_is_refused_or_shows_in_the_digest(at: int, bits: int) -> None:
    changed = bytearray(WHOLE)
    changed[at] ^= bits
    try:
        digest, found = unpack(bytes(changed))
    except BrokenInput:
        return
    assert digest != unpack(WHOLE)[0]
    assert all(sha256(data).hexdigest() == name for name, data in found.items())


@given(st.integers(0, len(WHOLE) - 1))
def test_a_bundle_that_breaks_off_is_refused_by_its_index(count: int) -> None:
    with pytest.raises(BrokenInput):
        read_index(io.BytesIO(WHOLE[:count]), count)


@given(st.binary(max_size=3_000))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(BrokenInput):
        unpack(data)


def test_more_behind_the_end_is_refused() -> None:
    with pytest.raises(BrokenInput, match="bytes; by its index"):
        unpack(WHOLE + bytes(BLOCK))


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"schema": 2}, "schema"), ({"about": msgspec.Raw(b"[" * 99_999)}, "cannot be read")],
)
def test_an_index_that_cannot_be_is_refused(fields: dict[str, object], said: str) -> None:
    with pytest.raises(BrokenInput, match=said):
        unpack(bundle(FILES, **fields))


def test_a_file_twice_is_refused() -> None:
    with pytest.raises(BrokenInput, match="twice"):
        unpack(bundle([b"x", b"x"]))


def link(kind: bytes) -> Callable[[tarfile.TarInfo], None]:
    def change(info: tarfile.TarInfo) -> None:
        info.type, info.linkname = kind, "/etc/passwd"

    return change


def renamed(name: str) -> Callable[[tarfile.TarInfo], None]:
    def change(info: tarfile.TarInfo) -> None:
        info.name = name

    return change


@pytest.mark.parametrize(
    "change",
    [link(tarfile.SYMTYPE), link(tarfile.LNKTYPE), link(tarfile.CHRTYPE), link(tarfile.FIFOTYPE),
     renamed("/etc/passwd"), renamed("../x"), renamed("files/x"), renamed("files/../../x")],
)  # fmt: skip
def test_links_paths_and_other_kinds_are_refused(
    change: Callable[[tarfile.TarInfo], None],
) -> None:
    out = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(WHOLE)) as tar,
        tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as made,
    ):
        for number, info in enumerate(tar.getmembers()):
            body = tar.extractfile(info)
            if number == 2:
                change(info)
            made.addfile(info, body)
    data = out.getvalue()[: len(WHOLE)]
    with pytest.raises(BrokenInput):
        unpack(data)


def test_a_file_that_is_not_what_the_index_says_is_not_written() -> None:
    index = Index(schema=1, tool="0", made="", files=(entry(b"one"),), about=msgspec.Raw(b"{}"))
    for wrong in (b"two", b"on", b""):
        with pytest.raises(BrokenInput, match="files/"):
            write_bundle(io.BytesIO(), index, [io.BytesIO(wrong)])
