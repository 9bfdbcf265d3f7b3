"""`freehold license`: one line per file for scripts, and names as people write them."""

import json
from pathlib import Path

import pytest

from tests.cli.running import freehold

Capsys = pytest.CaptureFixture[str]
ROOT = Path(__file__).parent.parent.parent


def lines(capsys: Capsys, *words: str) -> list[dict[str, object]]:
    """The JSON lines that a command prints."""
    return [json.loads(line) for line in freehold(capsys, *words, "--jsonl").out.splitlines()]


def test_the_line_of_one_file(capsys: Capsys) -> None:
    (row,) = lines(capsys, "license", "identify", str(ROOT / "LICENSE"))
    assert row["relation"] == "exact"
    assert row["id"] == "Apache-2.0"
    assert row["ids"] == ["Apache-2.0"]
    assert row["permissive"] is True
    assert {"path", "nearest", "differences", "ms"} <= row.keys()


def test_files_that_cannot_be_read_are_named_and_the_others_done(
    capsys: Capsys, tmp_path: Path
) -> None:
    (tmp_path / "binary").write_bytes(b"\x00\x01" * 50)
    (tmp_path / "large").write_bytes(b"word " * 500_000)
    (tmp_path / "empty").write_bytes(b"")
    files = [str(tmp_path / n) for n in ("binary", "large", "missing", "empty")]
    done = freehold(capsys, "license", "identify", *files, str(ROOT / "LICENSE"), "--jsonl")
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 3
    assert ["error" in row for row in rows] == [True, True, True, False, False]
    assert rows[3]["relation"] == "unknown"


def test_a_pointer_is_not_the_license(capsys: Capsys, tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("Licensed under the Apache License, Version 2.0.\n")
    (row,) = lines(capsys, "license", "identify", str(tmp_path / "LICENSE"))
    assert row["relation"] == "reference"
    assert row["id"] == "Apache-2.0"
    assert row["permissive"] is False


def test_a_pointer_to_nowhere_known_has_no_id(capsys: Capsys, tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("See https://example.org/our-terms for the terms.\n")
    (row,) = lines(capsys, "license", "identify", str(tmp_path / "LICENSE"))
    assert row["relation"] == "reference"
    assert row["id"] is None


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("Apache 2.0", "Apache-2.0"),
        ("apache license v2", "Apache-2.0"),
        ("Apache-2.0 License", "Apache-2.0"),
        ("The MIT License (MIT)", "MIT"),
        ("GPLv3", "GPL-3.0-only"),
        ("GNU General Public License v3.0", "GPL-3.0-only"),
        ("New BSD", "BSD-3-Clause"),
        ("CC BY-NC-SA 4.0", "CC-BY-NC-SA-4.0"),
        ("Creative Commons Attribution Non-Commercial 4.0 International", "CC-BY-NC-4.0"),
        ("llama 3.1 community", "LicenseRef-scancode-llama-3.1-license-2024"),
        ("llama3.3", "LicenseRef-scancode-llama-3.3-license-2024"),
        ("mistral research license", "LicenseRef-freehold-mistral-mrl-0.1"),
        ("postgresql", "PostgreSQL"),
    ],
)
def test_names_are_understood_as_people_write_them(capsys: Capsys, name: str, id: str) -> None:
    (row,) = lines(capsys, "license", "name", name)
    assert row["id"] == id


@pytest.mark.parametrize("name", ["custom", "other", "GPL", "BSD", "modified-mit", "", "🤗"])
def test_a_name_that_means_none_or_several_is_unknown(capsys: Capsys, name: str) -> None:
    done = freehold(capsys, "license", "name", name)
    assert done.code == 1
    assert "unknown" in done.out
