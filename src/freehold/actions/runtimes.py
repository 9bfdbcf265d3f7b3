"""`runtime`: the environments that engines run in; built from the lock list of each engine.

A runtime is a virtual environment under the user's data folder. One that this Python already
satisfies is used as it is.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from msgspec import Struct

from freehold.core import paths
from freehold.core.errors import EnvironmentProblem, UsageError
from freehold.engines import base as contract
from freehold.engines.base import ENGINES, Contract, built_with

LOCKS = Path(contract.__file__).with_name("locks")
PATIENCE = 3600
NAMED = 4
"""Packages of a runtime that are named; the list has the others."""
CONVERTING = "converting"
SHOWN = 3
"""Lines of a failed installation that the error shows."""


class Tool(Struct, frozen=True):
    """A runtime that belongs to no engine: the one that converts models for several."""

    name: str
    lock: str
    hint: str

    def runtime(self) -> Path:
        """Where it would be."""
        return paths.runtimes() / Path(self.lock).stem


TOOLS = {
    CONVERTING: Tool(CONVERTING, "converting.txt", f"freehold runtime install {CONVERTING}"),
}


class Runtime(Struct, frozen=True, kw_only=True):
    """What an engine needs, and whether it is here.

    `state` is `here` (this Python has it), `built` (in `folder`), `old` (built from another list)
    or `missing`.
    """

    engine: str
    state: str
    needs: dict[str, str]
    folder: Path

    def words(self) -> str:
        """What it needs: the first few packages with their versions, and how many more."""
        named = [f"{name} {wanted}" for name, wanted in self.needs.items()]
        rest = len(named) - NAMED
        return ", ".join(named[:NAMED]) + (f" and {rest} more" if rest > 0 else "")

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "engine": self.engine,
            "state": self.state,
            "needs": self.needs,
            "folder": str(self.folder),
        }


def runtimes() -> list[Runtime]:
    """The runtime of every engine that has one, and those of tools."""
    return [_state(one) for one in (*ENGINES.all(), *TOOLS.values()) if one.lock]


def install(
    name: str, *, again: bool = False, wheels: Path | None = None,
    say: Callable[[str], None] = print,
) -> Runtime:  # fmt: skip
    """Build the runtime of an engine, unless it is here; `again` builds it in any case.

    From a folder of `wheels` it is built without asking anybody.
    """
    engine: Contract | Tool = TOOLS.get(name) or ENGINES.get(name)
    if not engine.lock:
        raise UsageError(f"{engine.name} needs no runtime", hint=engine.hint)
    now = _state(engine)
    if now.state in ("here", "built") and not again:
        return now
    with _building(now.folder) as folder:
        say(f"building {folder}")
        installed(folder, ("-r", str(LOCKS / engine.lock)), wheels, say, now.words(), now.needs)
        done = {"packages": now.needs, "built": date.today().isoformat(), "engine": engine.name}
        (folder / "freehold.json").write_text(json.dumps(done) + "\n")
    return _state(engine)


def installed(
    folder: Path, what: tuple[str, ...], wheels: Path | None, say: Callable[[str], None],
    named: str | None = None, needs: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Make an environment with these packages, from wheels only; asks nobody if some are given.

    `needs` are all of them by name; what PyTorch needs beside them for a card is brought, too.
    """
    _run(say, *_maker(folder))
    say(f"installing {named or ', '.join(what)}")
    alone = ("--no-index", "--find-links", str(wheels.absolute())) if wheels else ()
    words = (*_installer(folder), *alone)
    fitting = () if alone else _for_this_card(words[0], needs or {})
    _run(say, *words, "--no-deps", *fitting, *what)
    more = _beside(folder, needs) if needs else []
    if more:
        say("installing what torch needs for the cards of this system: " + ", ".join(more))
        _run(say, *words, *more)


def _state(engine: Contract | Tool) -> Runtime:
    needs, folder = needed(engine), engine.runtime()
    built = built_with(folder)
    if all(_version(name) == wanted for name, wanted in needs.items()):
        state = "here"
    elif built is not None:
        state = "built" if built == needs else "old"
    else:
        state = "missing"
    return Runtime(engine=engine.name, state=state, needs=needs, folder=folder)


def needed(engine: Contract | Tool) -> dict[str, str]:
    """The packages of an engine's lock list with their versions."""
    text = (LOCKS / engine.lock).read_text() if engine.lock else ""
    lines = [line.split("#")[0].split(" ")[0].strip() for line in text.splitlines()]
    pairs = [line.partition("==") for line in lines if line]
    return {name: wanted for name, _, wanted in pairs}


def _for_this_card(installer: str, needs: Mapping[str, str]) -> tuple[str, ...]:
    """Let uv take the build of PyTorch that fits the card of this machine, or the processor."""
    if "torch" not in needs or Path(installer).stem != "uv":
        return ()
    told = subprocess.run(
        (installer, "pip", "install", "--help"), check=False, capture_output=True, text=True
    )
    flag = "--torch-backend"
    return (flag, "auto") if flag in (told.stdout or "") else ()


def _beside(folder: Path, needs: Mapping[str, str]) -> list[str]:
    """What this build of PyTorch needs beside the list: libraries for cards; none for others."""
    found = []
    for metadata in folder.glob("lib*/python*/site-packages/torch-*.dist-info/METADATA"):
        for line in metadata.read_text(encoding="utf-8").splitlines():
            key, _, wanted = line.partition(": ")
            name = re.split(r"[^\w.-]", wanted)[0].lower().replace("_", "-")
            if key == "Requires-Dist" and name not in needs and "extra ==" not in wanted:
                found.append(wanted)
    return found


def _version(name: str) -> str | None:
    """The version that this Python has, without what it was built for (`+cpu`)."""
    try:
        return version(name).split("+")[0]
    except PackageNotFoundError:
        return None


@contextmanager
def _building(folder: Path) -> Iterator[Path]:
    """An empty place; what was half built is removed when something goes wrong."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        yield folder
    except OSError as error:
        raise EnvironmentProblem(f"{folder} cannot be built: {error.strerror}") from error
    finally:
        if built_with(folder) is None:
            shutil.rmtree(folder, ignore_errors=True)


def _maker(folder: Path) -> tuple[str, ...]:
    uv = shutil.which("uv")
    if uv:
        return (uv, "venv", "--quiet", "--python", sys.executable, str(folder))
    return (sys.executable, "-I", "-m", "venv", str(folder))


def _installer(folder: Path) -> tuple[str, ...]:
    """Wheels only, so nothing of a package runs while it is installed."""
    python, uv = str(folder / "bin" / "python"), shutil.which("uv")
    words = ("install", "--quiet", "--only-binary", ":all:")
    if uv:
        return (uv, "pip", *words, "--python", python)
    return (python, "-I", "-m", "pip", *words, "--disable-pip-version-check")


def _run(say: Callable[[str], None], *words: str) -> None:
    try:
        subprocess.run(words, check=True, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.CalledProcessError as error:
        said = "; ".join((error.stderr or error.stdout).strip().splitlines()[-SHOWN:])
        raise EnvironmentProblem(
            f"{Path(words[0]).name} failed: {said}", hint="check the network, then try again"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise EnvironmentProblem(f"{Path(words[0]).name} took over an hour") from error
