"""Files of any encoding become text; what is no file, too large or binary is refused by name."""

import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.core.errors import BrokenInput
from freehold.formats.text import decode, plain, read_bytes, read_start

WORDS = "Ünder these terms: “free”, 许可."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_marks_name_the_encoding(encoding: str) -> None:
    assert decode(WORDS.encode(encoding), "LICENSE") == WORDS


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_seen(encoding: str) -> None:
    assert decode("Permission is granted".encode(encoding), "LICENSE") == "Permission is granted"


def test_old_western_files_are_read_with_their_quotation_marks() -> None:
    assert decode(b"\x93as is\x94 \xa9 caf\xe9", "LICENSE") == "“as is” © café"
    assert decode(b"\x81 caf\xe9", "LICENSE") == "\x81 café"


def test_a_character_cut_at_the_end_is_left_out() -> None:
    assert decode("terms 许".encode()[:-1], "LICENSE") == "terms "


@pytest.mark.parametrize("data", [b"a\0b\0\0c", b"\xff\xfe\x00\xd8a\x00", b"\xef\xbb\xbf\xffab"])
def test_binary_garbage_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(BrokenInput, match=r"^LICENSE: "):
        decode(data, "LICENSE")


def test_a_large_license_file_is_refused_without_reading_it(tmp_path: Path) -> None:
    file = tmp_path / "LICENSE"
    with file.open("wb") as out:
        out.truncate(100_000_000)
    with pytest.raises(BrokenInput, match=r"LICENSE: has 100,000,000 bytes; more than 1,000,000"):
        read_bytes(file, 1_000_000)
    assert read_start(file, 10) == b"\0" * 10


def test_loops_folders_pipes_and_missing_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("loop", "folder", "pipe", "missing", "nul\0name"):
        with pytest.raises(BrokenInput, match=name.partition("\0")[0]):
            read_bytes(tmp_path / name, 10)


def test_links_to_files_are_followed_as_the_hubs_cache_needs_it(tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes(b"text")
    (tmp_path / "LICENSE").symlink_to(tmp_path / "blob")
    assert read_bytes(tmp_path / "LICENSE", 4) == b"text"


def test_what_is_shown_has_no_control_characters() -> None:
    assert plain("a\x1b[31mb\x00\ud800\n\u009b") == "a[31mb?\n"


@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_refused(data: bytes) -> None:
    with contextlib.suppress(BrokenInput):
        assert "\0" not in decode(data, "x")
