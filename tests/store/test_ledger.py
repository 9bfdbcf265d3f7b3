"""The ledger: what is written stays, what was changed is found, what people said is refused."""

import json
import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.core.errors import BrokenInput, EnvironmentProblem, UsageError
from freehold.store.ledger import Ledger, ledger_path, note
from freehold.store.ledger_file import NoLedger
from freehold.store.ledger_rows import FIRST, KINDS, Head, Row, check_chain, digest, parse_line

RUN = {"model": "olmo-2-1b-instruct", "engine": "llama.cpp", "peak": 1_234_567, "decode": 17.5}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger of four rows."""
    with Ledger.open(tmp_path / "ledger.sqlite3") as opened:
        opened.append("acceptance", {"license": "llama3.2", "by": "Ada"})
        opened.append("fetch", {"model": "llama-3.2-1b", "files": {"config.json": "0" * 64}})
        opened.append("run", RUN)
        opened.append("policy", {"rule": "licenses", "mode": "enforce"})
        yield opened


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A ledger that the examples of a property share."""
    with Ledger.open(tmp_path_factory.mktemp("scratch") / "ledger.sqlite3") as opened:
        yield opened


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """Four rows that follow from each other."""
    with Ledger.open(tmp_path_factory.mktemp("exported") / "ledger.sqlite3") as opened:
        return [opened.append("run", {"n": n, "share": n / 7}) for n in range(4)]


def tamper(ledger: Ledger, *commands: str) -> None:
    """Change the file behind the ledger's back, the triggers gone."""
    db = sqlite3.connect(ledger.path)
    for command in ("DROP TRIGGER no_change", "DROP TRIGGER no_removal", *commands):
        db.execute(command)
    db.commit()
    db.close()


def test_a_row_comes_back_as_it_was_written(ledger: Ledger) -> None:
    row = list(ledger.rows())[2]
    assert (row.number, row.kind, row.facts) == (3, "run", RUN)
    assert row.time.endswith("+00:00")
    assert [r.kind for r in ledger.rows("run")] == ["run"]
    assert [r.number for r in ledger.last(2)] == [3, 4]
    assert [r.number for r in ledger.rows(after=3)] == [4]


def test_every_row_names_the_one_before(ledger: Ledger) -> None:
    rows = list(ledger.rows())
    assert [r.previous for r in rows] == [FIRST, *(r.digest for r in rows[:-1])]
    assert ledger.head() == Head(4, rows[-1].digest)
    assert ledger.verify() == []


def test_the_digest_is_that_of_the_line_without_it(ledger: Ledger) -> None:
    for row in ledger.rows():
        line = row.line()
        assert line.startswith(f'{{"digest":"{row.digest}",')
        assert sha256(("{" + line[77:]).encode()).hexdigest() == row.digest


def test_the_ledger_goes_on_when_it_is_opened_again(ledger: Ledger) -> None:
    with Ledger.open(ledger.path) as again:
        assert again.append("key", {"name": "office"}).number == 5
    assert ledger.verify() == []


def test_only_the_user_may_open_the_files(ledger: Ledger) -> None:
    files = list(ledger.path.parent.glob("ledger.sqlite3*"))
    assert {stat.S_IMODE(f.stat().st_mode) for f in files} == {0o600}
    ledger.path.chmod(0o644)
    assert "others may open" in str(ledger.verify()[0])


@pytest.mark.parametrize(
    "command",
    [
        'UPDATE rows SET facts = \'{"license":"MIT"}\' WHERE number = 1',
        "UPDATE rows SET facts = facts || ' ' WHERE number = 3",
        "UPDATE rows SET facts = '[]' WHERE number = 3",
        "UPDATE rows SET facts = x'ff00' WHERE number = 3",
        "UPDATE rows SET time = '2020-01-01T00:00:00+00:00' WHERE number = 2",
        "UPDATE rows SET time = 5 WHERE number = 2",
        "UPDATE rows SET kind = 'plan' WHERE number = 3",
        "UPDATE rows SET kind = 'chat' WHERE number = 3",
        "UPDATE rows SET digest = '' WHERE number = 4",
        f"UPDATE rows SET previous = '{FIRST}' WHERE number = 3",
        "UPDATE rows SET number = 9 WHERE number = 4",
        "UPDATE rows SET number = -number",
        "DELETE FROM rows WHERE number = 1",
        "DELETE FROM rows WHERE number = 2",
        "DELETE FROM rows WHERE number = 4",
        "DELETE FROM rows",
        "DELETE FROM head",
        "UPDATE head SET number = 3",
        "DROP TABLE rows",
        "ALTER TABLE rows DROP COLUMN time",
    ],
)
def test_whatever_is_changed_is_found(ledger: Ledger, command: str) -> None:
    tamper(ledger, command)
    with Ledger.open(ledger.path, reading=True) as again:
        assert again.verify() != []


def test_a_changed_row_with_a_new_digest_is_found_by_the_row_after_it(ledger: Ledger) -> None:
    second = list(ledger.rows())[1]
    mark = digest(2, second.time, "fetch", '{"model":"other"}', second.previous)
    tamper(
        ledger,
        f"UPDATE rows SET facts = '{{\"model\":\"other\"}}', digest = '{mark}' WHERE number = 2",
    )
    assert [str(p) for p in ledger.verify()] == ["row 3: does not follow from the row before it"]


def test_rows_that_change_places_are_found(ledger: Ledger) -> None:
    tamper(
        ledger,
        "UPDATE rows SET number = 99 WHERE number = 2",
        "UPDATE rows SET number = 2 WHERE number = 3",
        "UPDATE rows SET number = 3 WHERE number = 99",
    )
    assert {p.number for p in ledger.verify()} >= {2, 3}


def test_a_row_put_between_is_found(ledger: Ledger) -> None:
    tamper(
        ledger,
        "UPDATE rows SET number = 5 WHERE number = 4",
        "INSERT INTO rows SELECT 4, time, kind, facts, digest, previous FROM rows WHERE number = 3",
    )
    assert ledger.verify() != []


def test_a_new_end_is_found_by_the_head_noted_elsewhere(ledger: Ledger) -> None:
    noted = ledger.head()
    third = list(ledger.rows())[2]
    tamper(
        ledger,
        "DELETE FROM rows WHERE number = 4",
        f"UPDATE head SET number = 3, digest = '{third.digest}'",
    )
    assert ledger.verify() == []
    assert ledger.verify(noted) != []
    ledger.append("key", {"name": "another"})
    assert ledger.verify(noted) != []
    assert ledger.verify(Head(3, third.digest)) == []


def test_nothing_is_added_to_a_ledger_whose_end_was_changed(ledger: Ledger) -> None:
    tamper(ledger, "DELETE FROM rows WHERE number = 4")
    with pytest.raises(BrokenInput, match="not its last row"):
        ledger.append("key", {"name": "office"})


def test_a_plain_change_or_removal_is_refused_by_the_file_itself(ledger: Ledger) -> None:
    db = sqlite3.connect(ledger.path)
    for command in ("DELETE FROM rows", "UPDATE rows SET kind = 'run'"):
        with pytest.raises(sqlite3.IntegrityError, match="only appended"):
            db.execute(command)
    db.close()


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_changed_byte_of_an_export_is_found(exported: list[Row], data: st.DataObject) -> None:
    lines = [row.line().encode() for row in exported]
    n = data.draw(st.integers(0, len(lines) - 1))
    place = data.draw(st.integers(0, len(lines[n]) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != lines[n][place]))
    lines[n] = lines[n][:place] + bytes([byte]) + lines[n][place + 1 :]
    try:
        rows = [parse_line(line) for line in lines]
    except ValueError:
        return
    assert list(check_chain(rows, None)) != []


@given(st.permutations(range(4)), st.sets(st.integers(0, 3)))
@settings(max_examples=60, deadline=None)
def test_any_other_order_or_choice_of_rows_is_found(
    exported: list[Row], order: list[int], left: set[int]
) -> None:
    rows = [exported[n] for n in order if n not in left]
    head = Head(4, exported[-1].digest)
    assert (list(check_chain(rows, head)) == []) == (rows == exported)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.text(min_size=1, max_size=8), VALUES, max_size=4))
@settings(max_examples=80, deadline=None)
def test_facts_are_written_exactly_or_refused(scratch: Ledger, facts: dict[str, Any]) -> None:
    try:
        row = scratch.append("run", facts)
    except UsageError:
        return
    again = scratch.last(1)[0]
    assert again == row
    assert again.facts == facts
    assert parse_line(row.line().encode()) == row


@pytest.mark.parametrize(
    "facts",
    [
        {"prompt": "What is the capital of France?"},
        {"lastUserPrompt": "hello"},
        {"system-prompt": "You are"},
        {"output": [1, 2, 3], "OUTPUT_TEXT": "Paris"},
        {"request": {"messages": [{"role": "user", "content": "hi"}]}},
        {"text": {"deep": {"below": "hello"}}},
        {"reason": "x" * 501},
        {"reason": "two\nlines"},
        {"reason": "\ud800"},
        {"image": b"\x89PNG"},
        {"speed": float("nan")},
        {"speed": float("inf")},
        {"bytes": 2**63},
        {5: "a number as key"},
        {"": "no key"},
        {"files": {str(n): "0" * 64 for n in range(1000)}},
        {"a": {"b": {"c": {"d": {"e": {"f": {"g": 1}}}}}}},
        ["no", "table"],
    ],
)
def test_what_may_not_stand_in_the_ledger_is_refused(ledger: Ledger, facts: Any) -> None:
    with pytest.raises(UsageError):
        ledger.append("run", facts)
    assert ledger.head().number == 4


def test_counts_and_digests_of_prompts_may_stand(ledger: Ledger) -> None:
    ledger.append("run", {"prompt_tokens": 512, "output-digest": "a" * 64, "context": 4096})
    assert ledger.verify() == []


def test_an_unknown_kind_is_refused_with_the_kinds_there_are(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="acceptance, fetch"):
        ledger.append("chat", {})


def test_every_kind_says_what_it_is() -> None:
    assert all(says.endswith(".") for says in KINDS.values())


def test_threads_share_one_ledger(ledger: Ledger) -> None:
    def write() -> None:
        for n in range(10):
            ledger.append("run", {"n": n})

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.head().number == 44
    assert ledger.verify() == []


def test_a_full_disk_is_said_and_leaves_the_chain_whole(ledger: Ledger) -> None:
    pages = ledger._db.execute("PRAGMA page_count").fetchone()[0]
    ledger._db.execute(f"PRAGMA max_page_count = {pages}")
    files = {str(n): "0" * 64 for n in range(300)}
    with pytest.raises(EnvironmentProblem, match="disk is full"):
        ledger.append("fetch", {"files": files})
    assert ledger.head().number == 4
    assert ledger.verify() == []


def test_a_disk_that_may_only_be_read_is_said(ledger: Ledger) -> None:
    ledger._db.execute("PRAGMA query_only = ON")
    with pytest.raises(EnvironmentProblem, match="only be read"):
        ledger.append("run", {})


def test_a_held_ledger_is_said(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("freehold.store.ledger_file.PATIENCE", 0.0)
    db = sqlite3.connect(ledger.path)
    db.execute("BEGIN IMMEDIATE")
    with Ledger.open(ledger.path) as second, pytest.raises(EnvironmentProblem, match="held it"):
        second.append("run", {})
    db.close()


def spoil_folder(path: Path) -> None:
    path.mkdir()


def spoil_bytes(path: Path) -> None:
    path.write_bytes(b"no database at all" * 100)


def spoil_stranger(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE bookmarks (url TEXT)")
    db.close()


def spoil_newer(path: Path) -> None:
    Ledger.open(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 7")
    db.close()


@pytest.mark.parametrize("spoil", [spoil_folder, spoil_bytes, spoil_stranger, spoil_newer])
@pytest.mark.parametrize("reading", [True, False])
def test_what_is_no_ledger_is_refused_and_left_as_it_is(
    tmp_path: Path, spoil: Callable[[Path], None], reading: bool
) -> None:
    path = tmp_path / "ledger.sqlite3"
    spoil(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises((BrokenInput, EnvironmentProblem)):
        Ledger.open(path, reading=reading)
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_damaged_pages_are_a_problem_and_not_a_crash(ledger: Ledger, tmp_path: Path) -> None:
    for n in range(200):
        ledger.append("run", {"n": n, "reason": "x" * 200})
    ledger.close()
    raw = bytearray(ledger.path.read_bytes())
    raw[5000:20000] = b"\x55" * 15000
    ledger.path.write_bytes(raw)
    with Ledger.open(ledger.path, reading=True) as again:
        assert again.verify() != []


def test_reading_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(NoLedger):
        Ledger.open(tmp_path / "none.sqlite3", reading=True)
    (tmp_path / "new.sqlite3").touch()
    with pytest.raises(NoLedger):
        Ledger.open(tmp_path / "new.sqlite3", reading=True)
    assert [f.name for f in tmp_path.glob("*.sqlite3*")] == ["new.sqlite3"]


def test_a_note_goes_into_the_ledger_of_this_user() -> None:
    row = note("run", RUN)
    assert row is not None
    with Ledger.open(reading=True) as opened:
        assert opened.path == ledger_path()
        assert list(opened.rows()) == [row]


def test_a_note_that_is_not_required_warns_and_goes_on(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.touch()
    said: list[str] = []
    assert note("run", RUN, required=False, warn=said.append, path=place / "ledger") is None
    assert "not written down" in said[0]
    with pytest.raises(EnvironmentProblem):
        note("run", RUN, path=place / "ledger")
    with pytest.raises(UsageError):
        note("run", {"prompt": "hello"}, required=False, warn=said.append)


def test_a_copy_of_the_file_is_a_ledger_too(ledger: Ledger, tmp_path: Path) -> None:
    ledger.close()
    shutil.copy(ledger.path, tmp_path / "copy.sqlite3")
    with Ledger.open(tmp_path / "copy.sqlite3", reading=True) as copy:
        assert len(list(copy.rows())) == 4


def test_rows_are_read_page_by_page(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("freehold.store.ledger.PAGE", 3)
    assert [row.number for row in ledger.rows()] == [1, 2, 3, 4]


def test_the_line_of_a_row_is_json_with_six_keys(ledger: Ledger) -> None:
    keys = ["digest", "facts", "kind", "number", "previous", "time"]
    assert list(json.loads(next(ledger.rows()).line())) == keys
