"""The contract: the template that its page shows is short, complete and works as it stands."""

import textwrap
from pathlib import Path

import pytest

from freehold.core.errors import EnvironmentProblem
from freehold.engines import base
from freehold.engines.base import ENGINES, Contract, Found, built_with, start
from freehold.engines.hosting.process import own_folder
from tests.engines.stubs import job


def template() -> str:
    """The lines of the template in the docstring of the contract."""
    assert base.__doc__
    body = base.__doc__.partition("This is all:\n\n")[2].partition("\n\nA package of its own")[0]
    return textwrap.dedent(body)


def test_the_template_has_at_most_thirty_lines() -> None:
    assert len(template().splitlines()) <= 30


def test_the_template_is_a_whole_engine(tmp_path: Path) -> None:
    names = dict(vars(base))
    exec(template(), names)
    engine = names["Engine"]()
    assert isinstance(engine, Contract)
    found = Found("program", tmp_path / "example-server")
    orders, wire = engine.begin(job(tmp_path / "model"), found, tmp_path)
    assert orders is not None
    assert orders.command[0] == str(found.at)
    assert orders.read == (tmp_path / "model",)
    assert wire.at == tmp_path / "e.sock"
    with pytest.raises(EnvironmentProblem, match="example is not installed here") as error:
        start(engine, job(tmp_path / "model"))
    assert error.value.hint == "freehold runtime install example"


def test_every_engine_declares_what_it_can_do() -> None:
    for engine in ENGINES.all():
        assert engine.tasks
        assert engine.formats
        assert engine.devices
        assert engine.precisions
        assert engine.kind in ("server", "worker", "address")
        assert engine.hint.startswith("freehold runtime install") == bool(engine.lock)
        assert engine.__doc__


@pytest.mark.parametrize("text", ["", "{", "[]", '{"packages": 3}', "{}"])
def test_a_runtime_with_a_broken_record_was_not_built(tmp_path: Path, text: str) -> None:
    (tmp_path / "freehold.json").write_text(text)
    assert built_with(tmp_path) is None


def test_the_folder_of_an_engine_is_its_own_and_short_enough_for_a_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 90)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    folder = own_folder()
    try:
        assert len(str(folder / "e.sock")) < 104
        assert folder.stat().st_mode & 0o077 == 0
    finally:
        folder.rmdir()
