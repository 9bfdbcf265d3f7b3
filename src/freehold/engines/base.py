'''The contract of engines: programs that run models, each in its own confined process.

How to add one: write one file here; its name is the engine's name without dots. This is all:

    """Runs models with Example."""

    class Engine(Contract):
        """Example, a program that speaks HTTP."""

        name = "example"
        kind = "server"                       # or "worker": a script of ours in `workers/`
        tasks = frozenset({"text-generation"})
        formats = frozenset({"safetensors"})
        architectures = None                  # any; or a set of names
        devices = ("cpu", "cuda")
        precisions = ("bf16", "f16")
        lock = "example.txt"                  # in `locks/`: what its runtime is built from
        hint = "freehold runtime install example"

        def find(self):                       # where it is, without starting it
            return program("example-server")

        def begin(self, job, found, folder):  # how to start it, and the way to ask it
            socket = folder / "e.sock"
            words = (str(found.at), "--model", str(job.model), "--socket", str(socket))
            return Orders(command=words, read=(job.model,)), Wire(socket, "")

        async def answer(self, running, request):   # yield pieces, then the result
            ...

A package of its own names the class in the entry point group `freehold.engines`.
'''

import asyncio
import importlib.util
import json
import os
import shutil
import sys
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Literal, Self

from msgspec import Struct
from msgspec.structs import replace

from freehold.core import paths
from freehold.core.errors import EnvironmentProblem, Interrupted, UsageError
from freehold.core.machine import usable_cores
from freehold.core.registry import Registry, plain
from freehold.engines.hosting.changes import Change, other_threads
from freehold.engines.hosting.elsewhere import Elsewhere
from freehold.engines.hosting.loop import each, wait
from freehold.engines.hosting.memory import Memory
from freehold.engines.hosting.native import usable
from freehold.engines.hosting.process import Orders, Process, own_folder
from freehold.engines.hosting.steps import Counted
from freehold.engines.hosting.wire import Broken, Refusal, Wire
from freehold.judge.fitting.parts import Setting

ENGINES = Registry("engine", "freehold.engines", "Engine")
PATIENCE = 600.0
"""Seconds that loading a model may take."""


DYING = 4.0
"""Seconds in which an engine whose connection broke must be seen to have ended."""


class Found(Struct, frozen=True):
    """Where an engine is: a `program`, a `package` of this Python, or a `runtime` of its own.

    `at` is what to start: the program, or the Python that has the package. An `address` is
    started by nobody here: a server that runs already is asked, and the job says which. `native`
    is whether it was compiled for exactly this processor; None where nobody can tell.
    """

    how: Literal["program", "package", "runtime", "address"]
    at: Path
    version: str | None = None
    native: bool | None = None
    cards: tuple[str, ...] = ()
    """The compute capabilities of the cards that a native build is for."""


class Job(Struct, frozen=True, kw_only=True):
    """What an engine is to load, and how. None leaves the choice to the engine.

    `model` is a file, or the folder of a model in its publisher's layout. `precision` is that of
    the weights while they run, `memory` the limit in bytes. `adapters` (LoRA) go on top;
    `projector` lets a model in GGUF see or hear; `draft` is a smaller model of the same words that
    proposes what the model only has to accept. `options` are words of this engine alone.
    `address` is that of a server that runs already, with its name of the model after a #; then
    `model` is only that name.
    """

    model: Path
    task: str
    setting: Setting
    device: str | None = None
    precision: str | None = None
    threads: int | None = None
    gpu_layers: int | None = None
    memory: int | None = None
    adapters: tuple[Path, ...] = ()
    projector: Path | None = None
    draft: Path | None = None
    options: dict[str, str] = {}
    address: str | None = None


class Contract(ABC):
    """What every engine says of itself and can do."""

    name: ClassVar[str]
    kind: ClassVar[Literal["server", "worker", "address"]]
    tasks: ClassVar[frozenset[str]]
    formats: ClassVar[frozenset[str]]
    architectures: ClassVar[frozenset[str] | None] = None
    devices: ClassVar[tuple[str, ...]]
    precisions: ClassVar[tuple[str, ...]]
    lock: ClassVar[str | None] = None
    options: ClassVar[Mapping[str, frozenset[str]]] = {}
    """Words of its own that a job may have, by task; others are refused by `asked_for`."""
    sources: ClassVar[str | None] = None
    """In `locks/`: what `runtime install --build` compiles for exactly this processor."""
    drafts: ClassVar[bool] = False
    """Whether a smaller model can draft for the one that it runs."""
    exact: ClassVar[bool] = True
    """Whether it computes with the weights as they are stored, unless it is told otherwise."""
    hint: ClassVar[str]

    def runtime(self) -> Path:
        """Where its runtime would be; engines with the same lock list share one."""
        return paths.runtimes() / Path(self.lock or plain(self.name)).stem

    def compiled(self, name: str) -> Found | None:
        """A program of the native build that fits this processor, where one was made."""
        there = usable(paths.runtimes() / Path(self.sources).stem, name) if self.sources else None
        if there is None:
            return None
        at, made = there
        version = f"{made.version}+{'cuda' if made.cards else 'native'}"
        return Found("program", at, version, native=True, cards=made.cards)

    @abstractmethod
    def find(self) -> Found | None:
        """Where it is on this machine, or None; nothing is started."""

    @abstractmethod
    def begin(self, job: Job, found: Found, folder: Path) -> tuple[Orders | None, Wire]:
        """How to start it for a job, and the way to ask it; `folder` is its own to write in.

        No orders where a server runs already: at an address.
        """

    @abstractmethod
    def answer(self, running: "Running", request: Any) -> AsyncGenerator[Any, None]:
        """The pieces of an answer as they come, and the result as the last one."""

    def asked_for(self, task: str, options: Mapping[str, str]) -> dict[str, str]:
        """These options; UsageError for one that this engine does not know."""
        known = self.options.get(task, frozenset())
        unknown = sorted(set(options) - known)
        if unknown:
            hint = "there are " + (", ".join(sorted(known)) or "none")
            raise UsageError(f"{self.name} has no option {unknown[0]!r} for {task}", hint=hint)
        return dict(options)

    def places(self) -> tuple[Found, ...]:
        """Every one of it on this machine; the first is the one that `find` tells."""
        found = self.find()
        return (found,) if found else ()

    def other_precisions(self, job: Job) -> tuple[str, ...]:
        """The narrower precisions in which it can run the model of a job on this machine."""
        return ()

    def in_precision(self, job: Job, precision: str, folder: Path, count: Counted) -> Job:
        """The job in one of these; a file that must be made for it is made in `folder`."""
        return replace(job, precision=precision)

    def changes(self, job: Job, found: Found) -> tuple[Change, ...]:
        """Settings that may be faster for a job here than those that it has."""
        return other_threads(job.threads or usable_cores(), usable_cores())

    async def count(self, running: "Running", request: Any) -> int:
        """The tokens of what a request brings; UsageError where the engine cannot tell."""
        raise UsageError(f"{self.name} does not count tokens before it answers")

    async def split(self, running: "Running", text: str, special: bool) -> list[int]:
        """The tokens of a text, with `special` also the model's marks; UsageError if unknown."""
        raise UsageError(f"{self.name} does not tell the tokens of a text")

    async def spell(self, running: "Running", tokens: Sequence[int]) -> str:
        """The text that tokens of the model stand for; UsageError where it cannot tell."""
        raise UsageError(f"{self.name} takes texts, not token ids")

    def notes(self, job: Job, found: Found) -> tuple[str, ...]:
        """What must be said about how this job will run, such as without a card that is there."""
        return ()

    def loaded(self, running: "Running") -> tuple[str, ...]:
        """What must be said of what was loaded; EnvironmentProblem where it is not as asked."""
        return ()

    def version(self, running: "Running") -> str | None:
        """The version of what runs."""
        return running.found.version


class Running:
    """An engine that has loaded a model. Use it as a context manager; then nothing stays behind."""

    def __init__(self, engine: Contract, job: Job, found: Found, patience: float) -> None:
        """Start the engine and wait until it is ready."""
        self.engine, self.job, self.found = engine, job, found
        self.notes = engine.notes(job, found)
        folder = own_folder()
        try:
            orders, self.wire = engine.begin(job, found, folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self.here = orders is not None
        self.process = Process(engine.name, orders, folder) if orders else Elsewhere(folder)
        try:
            self.load_seconds = self.process.await_ready(self._ready, patience)
            self.notes = (*self.notes, *engine.loaded(self))
            self.version = engine.version(self)
        except BaseException:
            self.process.stop()
            raise

    def ask(self, request: Any) -> Iterator[Any]:
        """The pieces of the answer, then the result; an error that says what happened."""
        return each(self.stream(request))

    async def stream(self, request: Any) -> AsyncGenerator[Any, None]:
        """The same for asynchronous code; closing it ends the work."""
        try:
            async with aclosing(self.engine.answer(self, request)) as parts:
                async for part in parts:
                    yield part
        except Refusal as error:
            raise EnvironmentProblem(f"{self.engine.name} refuses: {error}") from error
        except Broken as error:
            raise await asyncio.to_thread(self._broken, error) from error

    def memory(self) -> Memory:
        """What the engine takes now and took at most, in bytes; nothing where it is not `here`."""
        return self.process.memory()

    def release(self) -> None:
        """Close the connections that wait for the next question, in the loop that asks."""
        self.wire.close()

    def stop(self) -> None:
        """End it."""
        self.process.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, at: TracebackType | None
    ) -> None:
        self.stop()

    def _ready(self) -> bool:
        return wait(self.wire.alive())

    def _broken(self, error: Broken) -> EnvironmentProblem:
        """Why the connection broke: the engine has ended, or it has not and hangs."""
        try:
            self.process.await_end(seconds=DYING)
        except TimeoutError:
            return EnvironmentProblem(f"{self.engine.name} does not answer: {error}")
        problem = self.process.failure("in the middle of an answer")
        return Interrupted(str(problem), hint=problem.hint)


def start(
    engine: Contract, job: Job, patience: float = PATIENCE, found: Found | None = None
) -> Running:
    """Start an engine for a job, the one at `found` where that is said.

    EnvironmentProblem with what to do when it is not there.
    """
    found = found or engine.find()
    if found is None:
        raise EnvironmentProblem(f"{engine.name} is not installed here", hint=engine.hint)
    return Running(engine, job, found, patience)


def program(name: str, variable: str | None = None) -> Found | None:
    """A program by the path in an environment variable, else one on the PATH."""
    told = os.environ.get(variable) if variable else None
    at = told or shutil.which(name)
    if told and not os.access(told, os.X_OK):
        raise EnvironmentProblem(f"{variable} names {told}, which is no program that may be run")
    return Found("program", Path(at).absolute()) if at else None


def package(name: str, runtime: Path) -> Found | None:
    """The Python that has a package: this one, else that of a runtime whose folder is given.

    What only a user's own folder of packages has does not count: an engine cannot see it.
    """
    spec = importlib.util.find_spec(name)
    places = (Path(sys.prefix), Path(sys.base_prefix))
    if spec and spec.origin and any(Path(spec.origin).is_relative_to(place) for place in places):
        return Found("package", Path(sys.executable), _version(name), native=False)
    built = built_with(runtime)
    if built is None:
        return None
    version = built.get(name) or built.get(name.replace("_", "-"))
    return Found("runtime", runtime / "bin" / "python", version, native=False)


def of_python(found: Found) -> tuple[Path, ...]:
    """The folders that a Python is in, also where it is a link: what its process must read."""
    return (found.at.parent.parent, found.at.resolve().parent.parent)


def built_with(runtime: Path) -> dict[str, str] | None:
    """The packages of a runtime and their versions; None when it was not built to its end."""
    try:
        found = json.loads((runtime / "freehold.json").read_text())
        return {str(name): str(version) for name, version in found["packages"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


@cache
def _version(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None
