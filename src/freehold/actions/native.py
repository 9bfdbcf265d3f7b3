"""`runtime install ENGINE --build`: compiles an engine for exactly this machine.

That is its processor and, where NVIDIA's compiler is, its NVIDIA cards.

The sources are pinned by their digest and compiled inside the jail: without a network, and
writing only into a folder of their own. What was built to its end gets its place in one step.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from msgspec import Struct

from freehold.actions import native_tools as tools
from freehold.actions.native_sources import Sources, bring, sources_of
from freehold.actions.runtimes import installed
from freehold.core import paths
from freehold.core.errors import EnvironmentProblem, UsageError
from freehold.core.machine import compute_capabilities, probe
from freehold.engines.base import ENGINES, Contract
from freehold.engines.hosting import native
from freehold.engines.hosting.steps import Archive, Counted, Work, worked

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
            "cards": list(made.cards) if made else None,
            "compiler": made.compiler if made else None,
            "built": made.built if made else None,
            "seconds": made.seconds if made else None,
        }


def builds() -> list[Build]:
    """The native build of every engine that can be compiled here."""
    return [state(engine) for engine in ENGINES.all() if engine.sources]


def state(engine: Contract) -> Build:
    """What is there of the native build of an engine; `old` also where it leaves cards unused."""
    wanted, folder = _wanted(engine), home(engine)
    made = native.read(folder)
    if made is None:
        now = "missing"
    elif not made.fits:
        now = "elsewhere"
    else:
        same = made.sha256 == wanted.sha256 and made.cards == _cards(tools.cuda())
        now = "built" if same else "old"
    return Build(engine=engine.name, state=now, version=wanted.version, folder=folder, made=made)


def home(engine: Contract) -> Path:
    """Where the native build of an engine is kept."""
    return paths.runtimes() / Path(str(engine.sources)).stem


def build(
    name: str, *, again: bool = False, sources: Path | None = None,
    say: Callable[[str], None] = print, count: Counted = lambda what, done, of: None,
) -> Build:  # fmt: skip
    """Compile an engine for this machine, unless that is done; `again` does it in any case.

    From a folder of `sources` nobody is asked, where this machine has CMake. EnvironmentProblem
    tells what is missing, or the last lines of a compiler that failed; nothing is left then.
    """
    engine: Contract = ENGINES.get(name)
    now = state(engine)
    if now.state == "built" and not again:
        return now
    wanted, compiler, cuda = _wanted(engine), tools.compiler(), tools.cuda()
    with _place(now.folder) as folder:
        tools.demand_room(folder, wanted.cuda.room if cuda and wanted.cuda else wanted.room)
        brought = _tools(wanted, folder, sources, say)
        say(f"{wanted.name} {wanted.version}: its sources, {wanted.size / 1e6:.0f} MB")
        archive = bring(wanted, folder, sources, count)
        say(_how(compiler, cuda))
        first = tools.words(compiler, brought)
        with worked(_work(engine, wanted, archive, first, brought, cuda), folder, count) as done:
            native.write(done.folder, _record(wanted, compiler, cuda, done.seconds))
            _put(done.folder, now.folder, aside=folder / "before")
    return state(engine)


def _how(compiler: tools.Compiler, cuda: tools.Cuda | None) -> str:
    """With what it is compiled, and that a card is left out, where it is."""
    if cuda:
        cards = ", ".join(cuda.capabilities)
        return f"compiling with {compiler.says} and {cuda.nvcc} (cards: {cards}), in the jail"
    unused = compute_capabilities() and ", for the processor alone: no nvcc (CUDACXX names one)"
    return f"compiling with {compiler.says}{unused or ''}, in the jail"


def _cards(cuda: tools.Cuda | None) -> tuple[str, ...]:
    return cuda.capabilities if cuda else ()


def _record(
    wanted: Sources, compiler: tools.Compiler, cuda: tools.Cuda | None, seconds: float
) -> native.Native:
    return native.Native(
        version=wanted.version,
        sha256=wanted.sha256,
        processor=probe().processor,
        instructions=probe().instructions,
        compiler=compiler.says,
        built=date.today().isoformat(),
        seconds=seconds,
        programs=wanted.programs,
        cards=_cards(cuda),
        libraries=(str(cuda.nvcc.parent.parent),) if cuda else (),
    )


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


def _work(
    engine: Contract, wanted: Sources, archive: Path, first: dict[str, tuple[str, ...]],
    brought: Path | None, cuda: tools.Cuda | None,
) -> Work:  # fmt: skip
    """The steps: unpack, configure, compile."""
    targets = ("--target", *wanted.programs)
    cards = (*wanted.cuda.options, *cuda.words) if cuda and wanted.cuda else ()
    wheel = f"the wheel runs everywhere: freehold runtime install {engine.name}"
    return Work(
        name=f"compiling {engine.name}",
        what="compiling",
        unpack=Archive(str(archive), wanted.inside, wanted.unpacked),
        steps=(
            (*first["configure"], *wanted.options, *cards, "-S", "source", "-B", "made"),
            (*first["compile"], "--build", "made", "--parallel", str(tools.jobs()), *targets),
        ),
        keep=(*wanted.programs, *wanted.papers),
        read=(archive, *([brought.parent] if brought else [])),
        hint=f"for the processor alone: set CUDACXX to nothing; {wheel}" if cards else wheel,
    )


def _put(made: Path, target: Path, aside: Path) -> None:
    """Give the finished build its place; the one before it is there until then."""
    if target.exists():
        target.rename(aside)
    made.rename(target)
