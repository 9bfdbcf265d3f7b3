"""Runtimes: built from the list that ships, never half, and not at all where Python has it."""

import json
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from freehold.actions import runtimes as action
from freehold.actions.runtimes import install, needed, runtimes
from freehold.core.errors import EnvironmentProblem, NotFound
from freehold.engines.base import ENGINES, built_with, package

Calls = list[tuple[str, ...]]


@pytest.fixture(autouse=True)
def _nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runtimes of this machine are left alone."""
    monkeypatch.delenv("FREEHOLD_RUNTIMES", raising=False)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """What would be run to build a runtime; nothing is."""
    heard: Calls = []

    def run(words: tuple[str, ...], **_: object) -> None:
        heard.append(words)
        Path(words[-1]).mkdir(parents=True, exist_ok=True) if "venv" in words else None

    monkeypatch.setattr(action, "_version", lambda name: None)
    monkeypatch.setattr("freehold.actions.runtimes.subprocess.run", run)
    return heard


def state() -> action.Runtime:
    """The runtime of llama.cpp as it is."""
    return next(one for one in runtimes() if one.engine == "llama.cpp")


def quiet(_: str) -> None:
    """Say nothing."""


def test_every_engine_with_a_runtime_ships_exact_versions() -> None:
    for engine in ENGINES.all():
        if engine.lock:
            assert needed(engine)
            assert all(needed(engine).values())


def test_a_runtime_is_built_once_from_wheels_only(calls: Calls, home: Path) -> None:
    assert {one.state for one in runtimes()} == {"missing"}
    built = install("llama.cpp", say=quiet)
    assert (built.state, built.folder) == ("built", home / "share" / "runtimes" / "llamacpp")
    assert {"--only-binary", "--no-deps", ":all:"} <= set(calls[1])
    assert calls[1][-1].endswith("llamacpp.txt")
    assert len(calls) == 2
    install("llama.cpp", say=quiet)
    assert len(calls) == 2
    install("llama.cpp", again=True, say=quiet)
    assert len(calls) == 4


def test_from_a_folder_of_wheels_nobody_is_asked(calls: Calls, tmp_path: Path) -> None:
    install("llama.cpp", wheels=tmp_path, say=quiet)
    at = calls[1].index("--no-index")
    assert calls[1][at : at + 3] == ("--no-index", "--find-links", str(tmp_path))


@pytest.mark.slow
def test_a_runtime_is_really_built_from_wheels_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    about = "tiny_engine-1.0.dist-info"
    with zipfile.ZipFile(wheels / "tiny_engine-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_engine.py", "ANSWER = 42\n")
        wheel.writestr(
            f"{about}/METADATA", "Metadata-Version: 2.1\nName: tiny-engine\nVersion: 1.0\n"
        )
        wheel.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        names = ("tiny_engine.py", f"{about}/METADATA", f"{about}/WHEEL", f"{about}/RECORD")
        wheel.writestr(f"{about}/RECORD", "".join(f"{name},,\n" for name in names))
    locks = tmp_path / "locks"
    locks.mkdir()
    (locks / str(ENGINES.get("llama.cpp").lock)).write_text("tiny-engine==1.0\n")
    monkeypatch.setattr(action, "LOCKS", locks)
    built = install("llama.cpp", wheels=wheels, say=quiet)
    python = str(built.folder / "bin" / "python")
    asked = [python, "-c", "import tiny_engine; print(tiny_engine.ANSWER)"]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert (built.state, done.stdout) == ("built", "42\n")


def test_a_built_runtime_is_found_by_its_engine(
    calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = install("llama.cpp", say=quiet).folder
    found = package("a_package_nobody_has", folder)
    assert found is not None
    assert (found.how, found.at) == ("runtime", folder / "bin" / "python")


def test_a_package_that_an_engine_could_not_see_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "seen_by_us_only.py").write_text("")
    assert package("seen_by_us_only", tmp_path / "none") is None
    assert package("msgspec", tmp_path / "none") is not None


def test_one_built_from_an_older_list_is_said_to_be_old(calls: Calls) -> None:
    folder = install("llama.cpp", say=quiet).folder
    (folder / "freehold.json").write_text(json.dumps({"packages": {"xllamacpp": "1"}}))
    assert state().state == "old"


def test_a_failed_installation_leaves_nothing_and_says_why(
    calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(words: tuple[str, ...], **_: object) -> None:
        raise subprocess.CalledProcessError(1, words, stderr="looking\nno such version")

    monkeypatch.setattr("freehold.actions.runtimes.subprocess.run", fail)
    with pytest.raises(EnvironmentProblem, match="no such version"):
        install("llama.cpp", say=quiet)
    one = state()
    assert one.state == "missing"
    assert not one.folder.exists()
    assert built_with(one.folder) is None


def test_what_this_python_has_is_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(action, "_version", lambda name: needed(ENGINES.get("llamacpp"))[name])
    assert install("llama.cpp", say=quiet).state == "here"


def test_an_unknown_engine_has_no_runtime() -> None:
    with pytest.raises(NotFound):
        install("lama.cpp", say=quiet)


def wheel_of_torch(folder: Path, *requires: str) -> None:
    """The metadata of a torch that was installed into a runtime."""
    there = folder / "lib" / "python3.11" / "site-packages" / "torch-2.13.0.dist-info"
    there.mkdir(parents=True)
    lines = [f"Requires-Dist: {line}" for line in requires]
    (there / "METADATA").write_text("\n".join(["Name: torch", *lines]))


def test_libraries_for_cards_come_only_with_a_torch_that_needs_them(
    calls: Calls, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setattr("freehold.actions.runtimes.shutil.which", lambda name: None)
    install("transformers", say=quiet)
    assert len(calls) == 2
    nvidia = 'nvidia-cudnn-cu13==9.1; platform_system == "Linux"'
    run = subprocess.run

    def with_torch(words: tuple[str, ...], **more: object) -> None:
        run(words, **more)  # type: ignore[call-overload]
        if "-r" in words:
            folder = home / "share" / "runtimes" / "torch"
            wheel_of_torch(folder, "filelock", nvidia, 'optree; extra == "optree"')

    monkeypatch.setattr("freehold.actions.runtimes.subprocess.run", with_torch)
    install("transformers", again=True, say=quiet)
    assert len(calls) == 5
    assert calls[-1][-1] == nvidia
    assert "--no-deps" not in calls[-1]


def test_uv_takes_the_build_that_fits_the_card(
    calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(words: tuple[str, ...], **_: object) -> subprocess.CompletedProcess[str]:
        calls.append(words)
        return subprocess.CompletedProcess(words, 0, "--torch-backend <BACKEND>", "")

    monkeypatch.setattr("freehold.actions.runtimes.subprocess.run", run)
    monkeypatch.setattr("freehold.actions.runtimes.shutil.which", lambda name: "/bin/uv")
    monkeypatch.setattr("freehold.actions.runtimes._building", _here)
    install("transformers", say=quiet)
    at = calls[-1].index("--torch-backend")
    assert calls[-1][at + 1] == "auto"
    install("llama.cpp", say=quiet)
    assert "--torch-backend" not in calls[-1]


@contextmanager
def _here(folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True)
    yield folder


def test_what_torch_was_built_for_does_not_make_another_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(action, "version", lambda name: "2.13.0+cpu")
    assert action._version("torch") == "2.13.0"


def test_a_long_list_names_the_first_and_counts_the_rest() -> None:
    one = next(one for one in runtimes() if one.engine == "transformers")
    assert one.words().startswith("torch 2.13.0, transformers 5.24.0, ")
    assert one.words().endswith(f" and {len(one.needs) - 4} more")
