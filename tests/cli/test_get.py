"""`freehold get` and `freehold store`: what is printed, exit codes, and who is asked."""

import json
from pathlib import Path

import pytest

from freehold.cli._progress import Progress, amount, line, span
from tests.cli.running import freehold
from tests.engines.stubs import tiny

Capsys = pytest.CaptureFixture[str]


@pytest.fixture
def model(tmp_path: Path) -> str:
    return str(tiny(tmp_path))


def test_a_file_comes_and_goes(capsys: Capsys, model: str) -> None:
    came = freehold(capsys, "get", model, "--name", "mine")
    assert (came.code, came.err) == (0, "")
    assert came.out.startswith("mine: 1 file, 468 kB by ")
    assert "mine" in freehold(capsys, "store", "list").out
    assert "tiny.gguf" in freehold(capsys, "store", "show", "mine").out
    assert freehold(capsys, "store", "verify").out == "mine: every byte is right\n"
    kept = freehold(capsys, "store", "remove", "mine")
    assert (kept.code, "add --yes" in kept.err) == (2, True)
    assert "would be free" in freehold(capsys, "store", "remove", "mine", "--dry-run").out
    assert freehold(capsys, "store", "remove", "mine", "--yes").code == 0
    assert freehold(capsys, "store", "list").out.startswith("The store is empty")
    assert Path(model).exists()


def test_the_forms(capsys: Capsys, model: str, tmp_path: Path) -> None:
    plan = json.loads(freehold(capsys, "get", model, "--dry-run", "--json").out)
    assert list(plan) == [
        *("name", "source", "origin", "commit", "folder", "format", "files", "size"),
        *("missing", "room", "license", "policy", "accept", "notes"),
    ]
    came = json.loads(freehold(capsys, "get", model, "--json").out)
    assert list(came) == [
        *("name", "source", "origin", "commit", "folder", "size", "fetched", "seconds"),
        *("license", "files", "notes"),
    ]
    assert set(came["files"][0]) == {"path", "size", "sha256", "how"}
    (row,) = json.loads(freehold(capsys, "store", "list", "--json").out)
    assert row["name"] == "tiny"
    shown = json.loads(freehold(capsys, "store", "show", "tiny", "--json").out)
    assert len(shown["files"][0]["chunks"]) == 1
    (checked,) = json.loads(freehold(capsys, "store", "verify", "tiny", "--json").out)
    assert checked["good"] is True
    size = json.loads(freehold(capsys, "store", "size", "--json").out)
    assert size["models"] == 1
    made = json.loads(freehold(capsys, "store", "link", "tiny", str(tmp_path / "x"), "--json").out)
    assert made == [str(tmp_path / "x" / "tiny.gguf")]


def test_damage_is_exit_code_three(capsys: Capsys, model: str, tmp_path: Path) -> None:
    came = json.loads(freehold(capsys, "get", model, "--json").out)
    with (Path(came["folder"]) / "tiny.gguf").open("r+b") as file:
        file.seek(1000)
        file.write(b"rot")
    done = freehold(capsys, "store", "verify")
    assert done.code == 3
    assert "tiny: damaged" in done.out
    assert "1 of its 1 chunks changed" in done.out


def test_offline_is_said(capsys: Capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FREEHOLD_OFFLINE", "0")
    done = freehold(capsys, "get", "hf:lab/small", "--offline")
    assert done.code == 4
    assert "FREEHOLD_OFFLINE" in done.err


def test_what_is_not_there_offers_the_next_step(capsys: Capsys) -> None:
    assert freehold(capsys, "get", "./nothing.gguf").code == 2
    assert "freehold get hf:lab/unknown" in freehold(capsys, "get", "lab/unknown").err
    assert freehold(capsys, "store", "remove", "nothing", "--yes").code == 2


@pytest.mark.parametrize(
    ("count", "says"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_999, "1.0 MB"), (467_648, "468 kB"),
     (40_000_000_000, "40.0 GB")],
)  # fmt: skip
def test_bytes_as_people_say_them(count: int, says: str) -> None:
    assert amount(count) == says


def test_the_line_says_how_far_how_fast_how_long() -> None:
    assert line(5 * 10**9, 10**10, 10**8) == "  5.0 GB of 10.0 GB   50%  100 MB/s  50 s left"
    assert line(10, 0, 0) == "  10 B"
    assert [span(s) for s in (59, 60, 3_700, 1e12)] == ["59 s", "1 min 00 s", "1 h 01 min",
                                                        "99 h 59 min"]  # fmt: skip


def test_nothing_is_drawn_where_no_terminal_is(capsys: Capsys) -> None:
    with Progress() as progress:
        progress.begin(100)
        progress.bytes("x", 50)
        progress.says("one line")
    assert capsys.readouterr().err == "one line\n"


def test_on_a_terminal_one_line_is_drawn_and_taken_away(
    capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("freehold.cli._progress.EVERY", 0)
    with Progress() as progress:
        progress.begin(100)
        progress.bytes("x", 50)
    drawn = capsys.readouterr().err
    assert "50 B of 100 B   50%" in drawn
    assert drawn.endswith("\r\x1b[K")
