"""What engines share that run a worker of ours (`workers/`) inside a runtime of theirs.

How to add one: a file in `engines/` with a class that says which package it `needs` and which
module of `workers/` does each task, and that module with a function `load` (`workers/start.py`).
"""

import json
import secrets
import shutil
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

from freehold.core.errors import BrokenInput, Contradiction, EnvironmentProblem, UsageError
from freehold.core.machine import usable_cores
from freehold.engines.base import Contract, Found, Job, Running, package
from freehold.engines.hosting.process import Orders
from freehold.engines.hosting.wire import Broken, Refusal, Wire
from freehold.engines.workers.order import Order
from freehold.tasks.base import TASKS, File, Progress, packed, unfolded, with_files

KNOWN = (UsageError, Contradiction, BrokenInput, EnvironmentProblem)
KINDS = {kind.__name__: kind for kind in KNOWN}
START = Path(__file__).parent.parent / "workers" / "start.py"


class WorkerEngine(Contract):
    """An engine that is a worker of ours: `modules` names the one for each task."""

    kind = "worker"
    needs: ClassVar[str]
    modules: ClassVar[dict[str, str]]
    environment: ClassVar[dict[str, str]] = {}

    def find(self) -> Found | None:
        """This Python when it has the package, else the runtime of this engine."""
        return package(self.needs, self.runtime())

    def begin(self, job: Job, found: Found, folder: Path) -> tuple[Orders, Wire]:
        """Start the worker on a socket in its own folder, behind a random key."""
        socket, key = folder / "e.sock", secrets.token_urlsafe(24)
        order = self.order(job, str(socket), key)
        read = [job.model, *linked(job.model), *job.adapters, found.at.parent.parent]
        read.append(found.at.resolve().parent.parent)
        if order.module.endswith(".py"):
            read.append(Path(order.module))
        orders = Orders(
            command=(str(found.at), "-I", "-B", str(START)),
            environment={**self.environment, "FREEHOLD_WORKER": packed(order).decode()},
            read=tuple(read),
            memory=job.memory,
        )
        return orders, Wire(socket, key)

    def order(self, job: Job, socket: str, key: str) -> Order:
        """What the worker is told."""
        return Order(
            module=self.modules[job.task],
            task=job.task,
            model=str(job.model),
            socket=socket,
            key=key,
            device=job.device or "cpu",
            precision=job.precision,
            threads=job.threads or usable_cores(),
            context=job.setting.context,
            parallel=job.setting.parallel,
            adapters=tuple(map(str, job.adapters)),
            options=job.options,
        )

    async def answer(self, running: Running, request: Any) -> AsyncGenerator[Any, None]:
        """Pieces and progress as they come, then the result."""
        task, folder = TASKS.get(running.job.task), running.process.folder
        forms = {"piece": task.piece, "progress": Progress, "result": task.result}
        with tempfile.TemporaryDirectory(prefix="in-", dir=folder) as place:
            body = json.loads(packed(brought(request, Path(place))))
            try:
                async with aclosing(running.wire.stream("/ask", body)) as events:
                    async for event in events:
                        ((name, told),) = event.items()
                        yield taken(unfolded(told, forms[name]), folder)
            except Refusal as error:
                raise raised(error) from error

    async def count(self, running: Running, request: Any) -> int:
        """The tokens of a prompt, with those that the chat template adds."""
        folder = running.process.folder
        with tempfile.TemporaryDirectory(prefix="in-", dir=folder) as place:
            body = json.loads(packed(brought(request, Path(place))))
            return int(await _tokens(running, "count", body))

    async def split(self, running: Running, text: str, special: bool) -> list[int]:
        """The tokens of a text; with `special` also the marks that the model wants around it."""
        return [int(token) for token in await _tokens(running, "split", text, special)]

    async def spell(self, running: Running, tokens: Sequence[int]) -> str:
        """The text that tokens of the model stand for."""
        return str(await _tokens(running, "spell", list(tokens)))


async def _tokens(running: Running, do: str, *words: Any) -> Any:
    """What the worker says of tokens; UsageError where its model does not tell them."""
    try:
        async with aclosing(running.wire.stream("/tokens", {do: words})) as events:
            return [event["found"] async for event in events][-1]
    except Refusal as error:
        raise raised(error) from error


def linked(model: Path) -> set[Path]:
    """Where the files of a model really lie: a store keeps links to them."""
    links = (file for file in model.rglob("*") if file.is_symlink())
    return {model.resolve(), *(link.resolve().parent for link in links)}


def brought(request: Any, place: Path) -> Any:
    """The request with its files copied to a place that the engine may read."""
    names = (f"{number}" for number in count(1))

    def bring(file: File) -> File:
        there = place / (next(names) + "".join(file.path.suffixes[-2:]).lower())
        try:
            shutil.copyfile(file.path, there)
        except OSError as error:
            raise BrokenInput(f"{file.path}: cannot be read: {error.strerror}") from error
        return File(there, file.kind)

    return with_files(request, bring)


def taken(result: Any, folder: Path) -> Any:
    """The result with the files that lie in the folder of the engine; Broken for any other."""

    def take(file: File) -> File:
        there = folder / file.path.name
        if there.is_symlink() or not there.is_file():
            raise Broken(f"{there.name}: the file that was told of is not there")
        return File(there, file.kind)

    return with_files(result, take)


def raised(error: Refusal) -> Exception:
    """The error of ours that a worker told of."""
    kind = KINDS.get(str(error.says.get("kind")))
    return kind(str(error), hint=error.says.get("hint")) if kind else error
