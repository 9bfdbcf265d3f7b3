"""`freehold ledger`: what it shows, exports and finds."""

import json
from pathlib import Path

import pytest

from freehold.store.ledger import Ledger, ledger_path, note
from tests.cli.running import freehold

Capsys = pytest.CaptureFixture[str]


@pytest.fixture
def written() -> None:
    """Three rows in this user's ledger."""
    note("acceptance", {"license": "llama3.2", "by": "Ada"})
    note("run", {"model": "olmo-2-1b", "decode": 17.5})
    note("run", {"model": "olmo-2-7b", "decode": 3.25, "reason": "y" * 300})


def exported(capsys: Capsys, tmp_path: Path) -> Path:
    file = tmp_path / "export.jsonl"
    assert freehold(capsys, "ledger", "export", "--output", str(file)).code == 0
    return file


def test_nothing_written_down_is_an_answer_and_makes_no_file(capsys: Capsys) -> None:
    assert "Nothing is written down" in freehold(capsys, "ledger", "show").out
    assert "Nothing is written down" in freehold(capsys, "ledger", "verify").out
    assert freehold(capsys, "ledger", "export").out == ""
    assert not ledger_path().exists()


@pytest.mark.usefixtures("written")
def test_show_prints_the_last_rows_of_a_kind(capsys: Capsys) -> None:
    out = freehold(capsys, "ledger", "show", "--kind", "run").out
    assert "model olmo-2-1b" in out
    assert "acceptance" not in out
    assert "olmo-2-1b" not in freehold(capsys, "ledger", "show", "--last", "1").out


@pytest.mark.usefixtures("written")
def test_show_as_json_is_the_whole_row(capsys: Capsys) -> None:
    (row,) = json.loads(freehold(capsys, "ledger", "show", "--last", "1", "--json").out)
    assert list(row) == ["number", "time", "kind", "facts", "digest", "previous"]
    assert row["facts"]["model"] == "olmo-2-7b"


@pytest.mark.usefixtures("written")
def test_an_export_can_be_verified_on_its_own(capsys: Capsys, tmp_path: Path) -> None:
    file = exported(capsys, tmp_path)
    done = freehold(capsys, "ledger", "verify", str(file))
    assert done.code == 0
    assert "3 rows; every row is as it was written" in " ".join(done.out.split())
    assert freehold(capsys, "ledger", "export").out == file.read_text()


@pytest.mark.usefixtures("written")
def test_a_changed_cut_or_broken_export_is_found(capsys: Capsys, tmp_path: Path) -> None:
    file = exported(capsys, tmp_path)
    lines = file.read_text().splitlines(True)
    form = json.loads(freehold(capsys, "ledger", "verify", "--json").out)
    for text in (
        lines[0].replace("Ada", "Eve") + "".join(lines[1:]),
        lines[0] + lines[2],
        lines[1] + lines[0] + lines[2],
        "".join(lines) + "{}\n",
        "".join(lines) + "\n",
        "".join(lines) + "[" * 100_000 + "\n",
        "".join(lines)[:-20],
    ):
        file.write_text(text)
        assert freehold(capsys, "ledger", "verify", str(file)).code == 3
    file.write_text("".join(lines[:2]))
    assert freehold(capsys, "ledger", "verify", str(file)).code == 0
    done = freehold(capsys, "ledger", "verify", str(file), "--anchor", form["head"])
    assert done.code == 3
    assert "row 3" in done.out


@pytest.mark.usefixtures("written")
def test_a_changed_ledger_ends_with_three_and_names_the_row(capsys: Capsys) -> None:
    with Ledger.open() as ledger:
        ledger._db.executescript(
            "DROP TRIGGER no_change; UPDATE rows SET facts = '{}' WHERE number = 2"
        )
    done = freehold(capsys, "ledger", "verify", "--json")
    form = json.loads(done.out)
    assert done.code == 3
    assert form["ok"] is False
    assert form["problems"] == [
        {"number": 2, "says": "was changed: its digest does not fit what it says"}
    ]
    assert "row 2" in freehold(capsys, "ledger", "verify").out


@pytest.mark.usefixtures("written")
def test_a_head_noted_elsewhere_must_still_be_there(capsys: Capsys) -> None:
    head = json.loads(freehold(capsys, "ledger", "verify", "--json").out)["head"]
    assert freehold(capsys, "ledger", "verify", "--anchor", head).code == 0
    ledger_path().unlink()
    assert freehold(capsys, "ledger", "verify", "--anchor", head).code == 3


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["show", "--kind", "chat"], 2, "acceptance"),
        (["show", "--last", "0"], 2, "0 is not in the range"),
        (["verify", "--anchor", "yesterday"], 2, "NUMBER:DIGEST"),
        (["verify", "no-such-file.jsonl"], 4, "cannot be read"),
        (["verify", "."], 4, "cannot be read"),
        (["export", "--output", "no/such/folder/file"], 4, "cannot be written"),
    ],
)
def test_bad_words_are_explained(capsys: Capsys, words: list[str], code: int, said: str) -> None:
    done = freehold(capsys, "ledger", *words)
    assert done.code == code
    assert said in done.err


@pytest.mark.usefixtures("written")
def test_an_export_never_overwrites(capsys: Capsys, tmp_path: Path) -> None:
    file = exported(capsys, tmp_path)
    done = freehold(capsys, "ledger", "export", "--output", str(file))
    assert done.code == 4
    assert "exists" in done.err
