"""Members are found by file names, foreign ones by entry points; two of a name are refused."""

from importlib.metadata import EntryPoint

import pytest

from freehold.core import registry
from freehold.core.errors import Contradiction, EnvironmentProblem, NotFound
from freehold.core.registry import Registry, plain

ENGINES = Registry("engine", "freehold.engines", "Engine")


class Foreign:
    """An engine of another package."""


def points(*found: tuple[str, str]) -> object:
    return lambda group: [EntryPoint(name, value, group) for name, value in found]


def test_files_are_members_and_their_helpers_are_not() -> None:
    names = ENGINES.names()
    assert "llamacpp" in names
    assert not {"base", "hosting", "workers"} & set(names)


def test_a_name_may_be_written_with_its_dots() -> None:
    assert plain("llama.cpp") == "llamacpp"
    assert ENGINES.get("llama.cpp").name == "llama.cpp"


def test_listing_imports_no_member() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from freehold.core.registry import Registry; "
        "Registry('engine', 'freehold.engines', 'Engine').names(); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "freehold.engines.llamacpp" not in done.stdout.split()


def test_every_name_is_that_of_its_file() -> None:
    for name in ENGINES.names():
        assert plain(ENGINES.get(name).name) == name


def test_an_unknown_name_offers_the_nearest() -> None:
    with pytest.raises(NotFound, match=r"no engine 'lama.cpp'; the nearest: llamacpp"):
        ENGINES.get("lama.cpp")


def test_a_foreign_package_adds_a_member(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        registry, "entry_points", points(("other", f"{__name__}:Foreign"), ("bad", "nowhere:X"))
    )
    assert {"bad", "llamacpp", "other"} <= set(ENGINES.names())
    assert type(ENGINES.get("other")).__name__ == "Foreign"
    with pytest.raises(EnvironmentProblem, match="'bad' of nowhere:X cannot be loaded"):
        ENGINES.get("bad")


def test_two_of_one_name_are_refused_and_both_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "entry_points", points(("llama.cpp", "other.llama:Engine")))
    with pytest.raises(Contradiction, match=r"llamacpp\.py and other\.llama:Engine"):
        ENGINES.names()
