"""`runtime install ENGINE --build`: compiles an engine for exactly this processor.

The sources are pinned by their digest and compiled inside the jail: without a network, and
writing only into a folder of their own. What was built to its end gets its place in one step.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from msgspec import Struct

from freehold.actions import native_tools as tools
from freehold.actions.native_sources import Counted, Sources, bring, sources_of
from freehold.actions.runtimes import installed
from freehold.core import paths
from freehold.core.errors import EnvironmentProblem, UsageError
from freehold.core.machine import probe
from freehold.engines.base import ENGINES, Contract
from freehold.engines.hosting import native
from freehold.engines.hosting.process import Orders, Process

WORKER = Path(native.__file__).parent.parent / "workers" / "compile.py"
DONE, PROGRESS, OUT = "done.json", "progress", "bin"
PATIENCE = 4 * 3600.0
HALF = ".building-"
"""How the folder of a build begins that is not finished."""


class Build(Struct, frozen=True, kw_only=True):
    """The native build of an engine: `state` is `built`, `old`, `elsewhere` (built for another
    processor) or `missing`."""

    engine: str
    state: str
    version: str
    folder: Path
    made: native.Native | None = None

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        made = self.made
        return {
            "state": self.state,
            "version": self.version,
            "folder": str(self.folder),
            "processor": made.processor if made else None,
            "compiler": made.compiler if made else None,
            "built": made.built if made else None,
            "seconds": made.seconds if made else None,
        }


def builds() -> list[Build]:
    """The native build of every engine that can be compiled here."""
    return [state(engine) for engine in ENGINES.all() if engine.sources]


def state(engine: Contract) -> Build:
    """What is there of the native build of an engine."""
    wanted, folder = _wanted(engine), home(engine)
    made = native.read(folder)
    if made is None:
        now = "missing"
    elif not made.fits:
        now = "elsewhere"
    else:
        now = "built" if made.sha256 == wanted.sha256 else "old"
    return Build(engine=engine.name, state=now, version=wanted.version, folder=folder, made=made)


def home(engine: Contract) -> Path:
    """Where the native build of an engine is kept."""
    return paths.runtimes() / Path(str(engine.sources)).stem


def build(
    name: str, *, again: bool = False, sources: Path | None = None,
    say: Callable[[str], None] = print, count: Counted = lambda what, done, of: None,
) -> Build:  # fmt: skip
    """Compile an engine for this processor, unless that is done; `again` does it in any case.

    From a folder of `sources` nobody is asked, where this machine has CMake. EnvironmentProblem
    tells what is missing, or the last lines of a compiler that failed; nothing is left then.
    """
    engine: Contract = ENGINES.get(name)
    now = state(engine)
    if now.state == "built" and not again:
        return now
    wanted, compiler = _wanted(engine), tools.compiler()
    with _place(now.folder) as folder:
        tools.demand_room(folder, wanted.room)
        brought = _tools(wanted, folder, sources, say)
        say(f"{wanted.name} {wanted.version}: its sources, {wanted.size / 1e6:.0f} MB")
        archive = bring(wanted, folder, sources, count)
        say(f"compiling with {compiler.says}, in the jail")
        first = tools.words(compiler, brought)
        done, programs = _compiled(engine, wanted, archive, first, folder, count)
        made = native.Native(
            version=wanted.version,
            sha256=wanted.sha256,
            processor=probe().processor,
            instructions=probe().instructions,
            compiler=compiler.says,
            built=date.today().isoformat(),
            seconds=done["seconds"],
            programs=wanted.programs,
        )
        native.write(programs, made)
        _put(programs, now.folder)
    return state(engine)


def _wanted(engine: Contract) -> Sources:
    if not engine.sources:
        raise UsageError(f"{engine.name} is not compiled here", hint=engine.hint)
    return sources_of(engine.sources)


@contextmanager
def _place(folder: Path) -> Iterator[Path]:
    """A folder to build in, beside where the result will be; it is removed in any case."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        for half in folder.parent.glob(f"{HALF}{folder.name}-*"):
            shutil.rmtree(half, ignore_errors=True)  # of a build that was killed
        here = Path(tempfile.mkdtemp(prefix=f"{HALF}{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise EnvironmentProblem(f"{folder} cannot be built: {error.strerror}") from error
    try:
        yield here
    except OSError as error:
        raise EnvironmentProblem(f"{folder} cannot be built: {error.strerror}") from error
    finally:
        shutil.rmtree(here, ignore_errors=True)


def _tools(
    wanted: Sources, folder: Path, given: Path | None, say: Callable[[str], None]
) -> Path | None:
    """CMake and Ninja in an environment for this build alone, where this machine has none."""
    needs = tools.missing(wanted.tools)
    if not needs:
        return None
    say("bringing " + ", ".join(f"{name} {version}" for name, version in needs.items()))
    at = folder / "tools"
    listed = tuple(f"{name}=={version}" for name, version in needs.items())
    installed(at, listed, given, say)
    return at / "bin"


def _compiled(
    engine: Contract, wanted: Sources, archive: Path, first: dict[str, tuple[str, ...]],
    folder: Path, count: Counted,
) -> tuple[dict[str, Any], Path]:  # fmt: skip
    """Compile in the jail; what the worker told, and the folder with the programs."""
    own = Path(tempfile.mkdtemp(prefix="work-", dir=folder))
    job = {
        "archive": str(archive),
        "inside": wanted.inside,
        "unpacked": wanted.unpacked,
        "programs": wanted.programs,
        "configure": (*first["configure"], *wanted.options),
        "compile": first["compile"],
        "jobs": tools.jobs(),
    }
    words = (*first["configure"], *first["compile"])
    orders = Orders(
        command=(sys.executable, "-I", "-B", str(WORKER)),
        environment={"FREEHOLD_WORKER": json.dumps(job)},
        read=(archive, folder / "tools", *_homes(words)),
    )
    done, kept = own / DONE, folder / OUT
    with Process(f"the compiler of {engine.name}", orders, own) as process:
        process.await_ready(lambda: _told(own, count), PATIENCE)
        told = json.loads(done.read_text(encoding="utf-8"))
        if "error" in told:
            raise EnvironmentProblem(
                f"{engine.name} could not be compiled: {told['error']}",
                hint="nothing was kept; the wheel runs everywhere: "
                f"freehold runtime install {engine.name}",
            )
        (own / OUT).rename(kept)
    return told, kept


def _told(folder: Path, count: Counted) -> bool:
    """Whether it is done; tells how far it is."""
    try:
        done, of = map(int, (folder / PROGRESS).read_text().split())
        count("compiling", done, of)
    except (OSError, ValueError):
        pass  # not that far yet
    return (folder / DONE).exists()


def _homes(words: tuple[str, ...]) -> tuple[Path, ...]:
    """Where the programs among these words are installed, to be read in the jail."""
    ends = (word.rpartition("=")[2] for word in words)
    real = {Path(end).resolve() for end in ends if end.startswith("/")}
    return tuple(sorted({path.parent.parent for path in real if len(path.parents) > 2}))


def _put(made: Path, target: Path) -> None:
    """Give the finished build its place; the one before it is there until then."""
    aside = made.with_name("before")
    if target.exists():
        target.rename(aside)
    made.rename(target)
