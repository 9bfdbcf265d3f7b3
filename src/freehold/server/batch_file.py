"""`batch`: answers every line of a file, here or on a cluster, and goes on where it was stopped.

Lines have the form of OpenAI's batches: `custom_id`, `url`, `body`. Each answer is one line of the
output, written by one process alone; a line that has an answer is not asked again. So whatever
is killed in the middle, nothing is lost and nothing is answered twice in the output.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from freehold.core.errors import BrokenInput, EnvironmentProblem, UsageError
from freehold.server.batching import LONGEST_LINE, Line, answered_ids
from freehold.server.config import Config
from freehold.server.forms.batches import batch_forms
from freehold.server.service import Service

AT_ONCE = 64
"""Lines that wait in this process for each slot of a model; the rest stays in the file."""
Say = Callable[[int, int], None]


class Done(Struct, frozen=True):
    """How many lines were answered now, how many had been before, how many could not be."""

    answered: int
    before: int
    failed: int

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        return {"answered": self.answered, "before": self.before, "failed": self.failed}


def batch(config: Config, source: Path, out: Path, say: Say = lambda done, failed: None) -> Done:
    """Answer every line of `source` (JSON lines or Parquet) into `out`.

    `say` hears how many lines were answered and failed so far. Raises BrokenInput for a source
    that is none, UsageError where `out` holds something else.
    """
    before = set(_answered(out))
    lines = (line for line in lines_of(source) if line.custom_id not in before)
    if config.server.on:
        from freehold.server.far_batch import answers_of

        counts = _written(answers_of(config, source, before), out, say)
    else:
        counts = asyncio.run(_here(config, lines, out, say))
    return Done(counts[0], len(before), counts[1])


async def _here(config: Config, lines: Iterator[Line], out: Path, say: Say) -> tuple[int, int]:
    """Ask the engines of this machine, a few lines at once for each slot."""
    answered = failed = 0
    async with answering(config) as ask:
        with out.open("ab") as opened:
            async for told, fine in _each(ask, lines, _slots(config)):
                opened.write(msgspec.json.encode(told) + b"\n")
                opened.flush()
                answered, failed = answered + fine, failed + (not fine)
                say(answered, failed)
    return answered, failed


@asynccontextmanager
async def answering(config: Config) -> AsyncIterator[Callable[[Line], Any]]:
    """A way to ask for the answer of a line, with whether it is one."""
    service = Service(config)
    service.batches.forms.update(batch_forms())
    await service.open(resume=False)
    try:
        yield service.batches.answer
    finally:
        await service.close()


async def _each(
    ask: Callable[[Line], Any], lines: Iterator[Line], slots: int
) -> AsyncIterator[tuple[dict[str, Any], bool]]:
    """The answers as they come; no more lines are read than can be asked."""
    waiting: set[asyncio.Task[Any]] = set()
    try:
        while True:
            for line in islice(lines, slots - len(waiting)):
                waiting.add(asyncio.create_task(ask(line)))
            if not waiting:
                return
            ended, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                yield task.result()
    finally:
        for task in waiting:
            task.cancel()


def _slots(config: Config) -> int:
    return max(1, sum(model.parallel * model.replicas for model in config.models)) * 2


def _written(
    answers: Iterator[tuple[dict[str, Any], bool]], out: Path, say: Say
) -> tuple[int, int]:
    """Write answers that come from elsewhere, each id once."""
    answered = failed = 0
    seen: set[str] = set()
    with out.open("ab") as opened:
        for told, fine in answers:
            if told["custom_id"] in seen:
                continue
            seen.add(told["custom_id"])
            opened.write(msgspec.json.encode(told) + b"\n")
            opened.flush()
            answered, failed = answered + fine, failed + (not fine)
            say(answered, failed)
    return answered, failed


def _answered(out: Path) -> Iterator[str]:
    """The ids that have an answer; a line that was cut off is taken away."""
    if not out.exists():
        if not out.parent.is_dir():
            raise UsageError(f"there is no folder {out.parent}", hint=f"mkdir -p {out.parent}")
        return
    if out.is_dir() or not os.access(out, os.W_OK):
        raise UsageError(f"{out} is no file that can be written")
    yield from answered_ids(out)


def lines_of(source: Path) -> Iterator[Line]:
    """The lines of a file, one at a time; BrokenInput names the first that is wrong."""
    seen: set[str] = set()
    for number, data in enumerate(_raw(source), 1):
        if len(data) > LONGEST_LINE:
            raise BrokenInput(f"{source}: line {number} has over {LONGEST_LINE:,} bytes")
        try:
            line = msgspec.json.decode(data, type=Line)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise BrokenInput(f"{source}: line {number}: {error}") from error
        if line.custom_id in seen:
            raise BrokenInput(f"{source}: line {number}: the id {line.custom_id[:60]!r} is taken")
        seen.add(line.custom_id)
        yield line


def _raw(source: Path) -> Iterator[bytes]:
    """The lines as JSON; of Parquet, each row as a table of its columns."""
    try:
        if source.suffix == ".parquet":
            yield from _rows(source)
            return
        with source.open("rb") as opened:
            while data := opened.readline(LONGEST_LINE + 1):
                if data.strip():
                    yield data
    except OSError as error:
        raise BrokenInput(f"{source}: cannot be read: {error.strerror}") from error


def _rows(source: Path) -> Iterator[bytes]:
    try:
        from pyarrow import parquet
    except ImportError as error:
        says = "Parquet needs the package pyarrow, which is not installed here"
        raise EnvironmentProblem(says, hint="pip install 'freehold[scale]'") from error
    for part in parquet.ParquetFile(source).iter_batches(batch_size=256):
        for row in part.to_pylist():
            yield line_of_row(row)


def line_of_row(row: dict[str, Any]) -> bytes:
    """A row with a `body` that is a table or JSON, as a line."""
    body = row.get("body")
    if isinstance(body, str):
        row = {**row, "body": msgspec.Raw(body.encode())}
    elif isinstance(body, dict):
        row = {**row, "body": _without_gaps(body)}
    return msgspec.json.encode(row)


def _without_gaps(value: Any) -> Any:
    """Without the empty fields that columns bring in."""
    if isinstance(value, dict):
        return {k: _without_gaps(v) for k, v in value.items() if v is not None}
    return [_without_gaps(item) for item in value] if isinstance(value, list) else value
