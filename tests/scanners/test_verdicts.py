"""No bad file is called safe, every honest one is, and nothing is ever executed."""

from pathlib import Path

import pytest

from freehold.actions.scan import scan
from freehold.scanners.base import CODE, SAFE
from tests.scanners.assembling import CANARY
from tests.scanners.bad import BAD, PICKLES
from tests.scanners.good import GOOD


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", BAD)
def test_no_bad_file_is_called_safe(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(BAD[name])
    (found,) = scan(tmp_path / name).files
    assert found.verdict != SAFE, found
    assert not (tmp_path / CANARY).exists()


@pytest.mark.parametrize("name", GOOD)
def test_every_honest_file_is_called_safe(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(GOOD[name])
    (found,) = scan(tmp_path / name).files
    assert found.verdict == SAFE, found


def test_there_are_enough_kinds_of_each() -> None:
    assert len(BAD) >= 100
    assert len(GOOD) >= 40


def test_a_pickle_that_calls_is_named_with_its_call() -> None:
    calling = [name for name in PICKLES if name.startswith("protocol-")]
    for name in calling[:6]:
        Path(name).write_bytes(PICKLES[name])
        (found,) = scan(name).files
        if found.verdict == CODE:
            assert "posix.system('touch canary-was-here')" in found.because
