"""Writers that are killed at any moment, and many writers at once: no row lost, no fork."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from freehold.store.ledger import Ledger
from freehold.store.ledger_file import _has_tables

WRITE_UNTIL_KILLED = """
import sys
from pathlib import Path
from freehold.store.ledger import Ledger
place, again = Path(sys.argv[1]), sys.argv[2] == "again"
number = 0
while True:
    with Ledger.open(place) as ledger:
        for n in range(1 if again else 10**9):
            row = ledger.append("run", {"n": number, "reason": "x" * (number % 400)})
            sys.stdout.write(f"{row.number} {row.digest}\\n")
            sys.stdout.flush()
            number += 1
"""

WRITE_SOME = """
import sys
from pathlib import Path
from freehold.store.ledger import Ledger, note
place, rows = Path(sys.argv[1]), int(sys.argv[2])
for n in range(rows // 2):
    note("run", {"n": n}, path=place)
with Ledger.open(place) as ledger:
    for n in range(rows - rows // 2):
        ledger.append("plan", {"n": n})
"""


def start(code: str, *words: str) -> subprocess.Popen[bytes]:
    """A process of its own that runs `code`."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def killed_writer(path: Path, delay: float, how: str) -> list[str]:
    """The rows that a writer said were safe before it was killed, `delay` after its first."""
    process = start(WRITE_UNTIL_KILLED, str(path), how)
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(delay)
    os.kill(process.pid, signal.SIGKILL)
    said, errors = process.communicate()
    assert errors == b""
    return [line.decode() for line in (first + said).splitlines(True) if line.endswith(b"\n")]


def survives(path: Path, kills: int, seed: int) -> int:
    """Kill that many writers of one ledger; the rows it holds, each one still there."""
    chance = random.Random(seed)
    safe: dict[int, str] = {}
    for n in range(kills):
        how = "again" if n % 2 else "on"
        for line in killed_writer(path, chance.uniform(0.0, 0.03), how):
            number, digest = line.split()
            safe[int(number)] = digest
        with Ledger.open(path, reading=True) as ledger:
            assert ledger.verify() == []
            held = {row.number: row.digest for row in ledger.rows(after=min(safe) - 1)}
        assert safe.items() <= held.items()
        safe = {max(safe): safe[max(safe)]}
    return max(held)


def test_a_killed_writer_loses_no_row_that_was_written(tmp_path: Path) -> None:
    assert survives(tmp_path / "ledger.sqlite3", kills=4, seed=1) >= 4


@pytest.mark.slow
def test_two_hundred_killed_writers_lose_no_row(tmp_path: Path) -> None:
    rows = survives(tmp_path / "ledger.sqlite3", kills=200, seed=2)
    print(f"{rows} rows after 200 kills")
    assert rows >= 200


def survives_its_making(folder: Path, kills: int, seed: int) -> int:
    """Kill writers while they make the file; how many got as far as their first row."""
    chance, made = random.Random(seed), 0
    for n in range(kills):
        path = folder / f"{n}.sqlite3"
        process = start(WRITE_UNTIL_KILLED, str(path), "on")
        while not path.exists():
            assert process.poll() is None
            time.sleep(0.0005)
        time.sleep(chance.uniform(0.0, 0.03))
        os.kill(process.pid, signal.SIGKILL)
        said = process.communicate()[0].splitlines(True)
        rows = sum(line.endswith(b"\n") for line in said)
        with Ledger.open(path) as ledger:
            assert ledger.append("key", {"name": "after"}).number > rows
            assert ledger.verify() == []
        made += rows > 0
    return made


def test_a_ledger_whose_making_was_killed_is_made_anew(tmp_path: Path) -> None:
    assert survives_its_making(tmp_path, kills=3, seed=3) <= 3


@pytest.mark.slow
def test_two_hundred_killed_makings_leave_a_ledger(tmp_path: Path) -> None:
    made = survives_its_making(tmp_path, kills=200, seed=4)
    print(f"{made} of 200 killed while they were made had a row")
    assert 0 < made < 200


def many_writers(path: Path, writers: int, rows: int) -> None:
    """Let that many processes append at once and hold the result against the chain."""
    running = [start(WRITE_SOME, str(path), str(rows)) for _ in range(writers)]
    assert [(p.communicate()[1], p.returncode) for p in running] == [(b"", 0)] * writers
    with Ledger.open(path, reading=True) as ledger:
        assert ledger.verify() == []
        assert ledger.head().number == writers * rows


class MadeMeanwhile:
    """A connection whose file another one makes a ledger of after its `count`th statement."""

    def __init__(self, path: Path, count: int) -> None:
        self.path = path
        self.left = count
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")

    @property
    def in_transaction(self) -> bool:
        return self.db.in_transaction

    def execute(self, statement: str) -> sqlite3.Cursor:
        done = self.db.execute(statement)
        self.left -= 1
        if self.left == 0:
            Ledger.open(self.path).close()
        return done


@pytest.mark.parametrize("count", range(1, 6))
def test_a_ledger_made_while_it_is_opened_is_none_yet_or_whole(tmp_path: Path, count: int) -> None:
    path = tmp_path / "ledger.sqlite3"
    made = MadeMeanwhile(path, count)
    with closing(made.db):
        opened = cast(sqlite3.Connection, made)
        assert _has_tables(opened, path) in (False, True)
        assert _has_tables(opened, path)


def test_eight_processes_never_fork_the_chain(tmp_path: Path) -> None:
    many_writers(tmp_path / "ledger.sqlite3", writers=8, rows=10)


@pytest.mark.slow
def test_eight_processes_with_fifty_rows_each_never_fork_the_chain(tmp_path: Path) -> None:
    for n in range(5):
        many_writers(tmp_path / f"{n}.sqlite3", writers=8, rows=50)
