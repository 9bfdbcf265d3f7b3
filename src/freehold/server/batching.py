"""Batches: the lines of a file are asked one after the other, beside what people ask.

A batch goes on where it was when the server was stopped: each answer is a line of its output, and
what has a line is not asked again.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from freehold.core.errors import FreeholdError
from freehold.engines.hosting.wire import Broken, Refusal
from freehold.server.asked import Form, Served
from freehold.server.filing import Filed, Files, private
from freehold.server.keeping import Keeper
from freehold.server.problems import Refused, understood

if TYPE_CHECKING:
    from freehold.server.keys import Key
    from freehold.server.service import Service

AT_ONCE = 4
"""Lines of one batch that are asked at once."""
MOST_TRIES = 5
"""How often a line is asked of a server that is busy or whose engine fails."""
MOST_LINES = 50_000
LONGEST_LINE = 2**22
OPEN = ("validating", "in_progress", "finalizing", "cancelling")
log = logging.getLogger("freehold.batches")


class Batch(Struct, frozen=True, kw_only=True):
    """One batch and how far it is."""

    id: str
    owner: str
    endpoint: str
    input_file_id: str
    created: int
    status: str = "validating"
    metadata: dict[str, Any] | None = None
    total: int = 0
    completed: int = 0
    failed: int = 0
    ended: int | None = None
    output: str | None = None
    errors: str | None = None
    problem: str | None = None

    def form(self) -> dict[str, Any]:
        """The form of OpenAI."""
        wrong = [{"code": "invalid", "message": self.problem, "line": None, "param": None}]
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": self.endpoint,
            "input_file_id": self.input_file_id,
            "completion_window": "24h",
            "status": self.status,
            "output_file_id": self.output,
            "error_file_id": self.errors,
            "created_at": self.created,
            "in_progress_at": self.created,
            "expires_at": self.created + 86400,
            "completed_at": self.ended if self.status == "completed" else None,
            "failed_at": self.ended if self.status == "failed" else None,
            "cancelled_at": self.ended if self.status == "cancelled" else None,
            "request_counts": {
                "total": self.total, "completed": self.completed, "failed": self.failed,
            },
            "metadata": self.metadata,
            "errors": {"object": "list", "data": wrong} if self.problem else None,
        }  # fmt: skip


class Line(Struct, kw_only=True):
    """One line of the input."""

    custom_id: str
    url: str
    body: dict[str, Any]
    method: str = "POST"


class Batches:
    """The batches of a folder, and those that run."""

    def __init__(self, service: "Service", folder: Path, files: Files) -> None:
        self._service, self._folder, self._files = service, folder, files
        self._running: dict[str, asyncio.Task[None]] = {}
        self.forms: dict[str, Form] = {}

    def begin(self, owner: "Key | None", said: dict[str, Any]) -> Batch:
        """A new batch, which runs from now on."""
        who = owner.id if owner else "-"
        endpoint, source = said.get("endpoint"), said.get("input_file_id")
        if endpoint not in self.forms:
            names = ", ".join(self.forms)
            raise Refused("invalid", f"batches are for {names}", param="endpoint")
        file = self._files.get(str(source), who)
        metadata = said.get("metadata")
        batch = Batch(
            id=f"batch_{secrets.token_hex(12)}",
            owner=who,
            endpoint=endpoint,
            input_file_id=file.id,
            created=int(time.time()),
            metadata=metadata if isinstance(metadata, dict) else None,
        )
        self._note(batch)
        self._start(batch, owner)
        return batch

    def resume(self) -> None:
        """Go on with what was not ended when the server was."""
        for note in self._folder.glob("batch_*.json"):
            try:
                batch = msgspec.json.decode(note.read_bytes(), type=Batch)
            except (OSError, msgspec.MsgspecError):
                continue
            if batch.status in OPEN:
                held = self._service.doorman.held.get(batch.owner)
                self._start(batch, held.key if held else None)

    def get(self, id: str, owner: str) -> Batch:
        """A batch of this owner; Refused where there is none."""
        found = [batch for batch in self.all(owner) if batch.id == id]
        if not found:
            raise Refused("missing", f"there is no batch {id[:60]!r}", code="not_found")
        return found[0]

    def all(self, owner: str) -> list[Batch]:
        """The batches of this owner, the newest first."""
        every = []
        for note in self._folder.glob("batch_*.json"):
            try:
                every.append(msgspec.json.decode(note.read_bytes(), type=Batch))
            except (OSError, msgspec.MsgspecError):
                continue
        return sorted((b for b in every if b.owner == owner), key=lambda b: -b.created)

    async def cancel(self, id: str, owner: str) -> Batch:
        """End a batch; what was answered stays."""
        batch = self.get(id, owner)
        task = self._running.get(id)
        if task is None:
            raise Refused("gone", f"the batch has ended: {batch.status}")
        task.cancel()
        await asyncio.wait([task])
        cancelled = replace(self.get(id, owner), status="cancelled", ended=int(time.time()))
        self._note(cancelled)
        return cancelled

    async def close(self) -> None:
        """Stop all; they go on with the next server."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def _start(self, batch: Batch, owner: "Key | None") -> None:
        task = asyncio.create_task(self._run(batch, owner))
        self._running[batch.id] = task
        task.add_done_callback(lambda _: self._running.pop(batch.id, None))

    async def _run(self, batch: Batch, owner: "Key | None") -> None:
        try:
            lines = await asyncio.to_thread(self._read, batch)
            await self._answered(batch, owner, lines)
        except Refused as error:
            ended = {"status": "failed", "problem": error.says, "ended": int(time.time())}
            self._note(replace(batch, **ended))
        except Exception:
            log.exception("the batch %s failed", batch.id)
            self._note(replace(batch, status="failed", problem="something went wrong here"))

    async def _answered(self, batch: Batch, owner: "Key | None", lines: list[Line]) -> None:
        """Ask what has no answer yet, a few at once; note how far it is from time to time."""
        good, bad = (self._folder / f"{batch.id}.{name}" for name in ("good", "bad"))
        done = {id for file in (good, bad) for id in answered_ids(file)}
        waiting = iter([line for line in lines if line.custom_id not in done])
        counts = {good: sum(1 for _ in answered_ids(good)), bad: sum(1 for _ in answered_ids(bad))}

        async def work() -> None:
            for line in waiting:
                told, fine = await self.answer(line, owner)
                place = good if fine else bad
                with place.open("ab") as out:
                    out.write(msgspec.json.encode(told) + b"\n")
                counts[place] += 1
                self._note(self._so_far(batch, len(lines), counts[good], counts[bad]))

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(work())
        ended = self._so_far(batch, len(lines), counts[good], counts[bad])
        self._note(self._ended(ended, good, bad))

    def _ended(self, batch: Batch, good: Path, bad: Path) -> Batch:
        """The batch with its answers as files of its owner."""
        found: dict[str, Any] = {"status": "completed", "ended": int(time.time())}
        for name, place in (("output", good), ("errors", bad)):
            if place.exists():
                filename = f"{batch.id}_{name}.jsonl"
                file: Filed = self._files.keep(
                    batch.owner, filename, "batch_output", place.read_bytes()
                )
                found[name] = file.id
                place.unlink()
        return replace(batch, **found)

    async def answer(self, line: Line, owner: "Key | None" = None) -> tuple[dict[str, Any], bool]:
        """The answer to one line, and whether it is one; a server that is busy is asked again.

        One that shuts down stays busy until its batches are stopped, so nothing is lost then.
        """
        tries = 0
        while True:
            try:
                return await self._line(owner, line), True
            except (Refused, FreeholdError, Refusal, Broken) as error:
                wrong = understood(error)
                draining = self._service.pool.draining
                tries += 0 if draining else 1
                if wrong.wait is None or tries > MOST_TRIES:
                    says = {"code": wrong.code or wrong.kind, "message": wrong.says}
                    head = {"id": f"batch_req_{secrets.token_hex(8)}", "custom_id": line.custom_id}
                    return {**head, "response": None, "error": says}, False
                await asyncio.sleep(wrong.wait)

    async def _line(self, owner: "Key | None", line: Line) -> dict[str, Any]:
        """The answer to one line."""
        service = self._service
        visit = service.unseen(owner, f"BATCH {line.url}")
        keeper = Keeper(service.folder)
        try:
            form = self._form(line.url)
            asked = form.read({**line.body, "stream": None}, service.heard(visit, keeper))
            entry, met = service.admit(visit, asked), list[Served]()
            results = await service.gather(visit, asked, entry, met.append)
            body = form.whole(asked, results, met[0])
        finally:
            keeper.clear()
        told = {"status_code": 200, "request_id": visit.id, "body": body}
        id = f"batch_req_{secrets.token_hex(8)}"
        return {"id": id, "custom_id": line.custom_id, "response": told, "error": None}

    def _form(self, url: str) -> Form:
        """The form of a route; Refused where batches are not for it."""
        if url not in self.forms:
            raise Refused("invalid", f"batches are for {', '.join(self.forms)}", param="url")
        return self.forms[url]

    def _read(self, batch: Batch) -> list[Line]:
        """The lines of the input; Refused names the first that is wrong."""
        found: list[Line] = []
        seen: set[str] = set()
        with self._files.path(batch.input_file_id).open("rb") as opened:
            for number, data in enumerate(opened, 1):
                if len(data) > LONGEST_LINE or number > MOST_LINES:
                    raise Refused("invalid", f"line {number} is too long, or one too many")
                if not data.strip():
                    continue
                try:
                    line = msgspec.json.decode(data, type=Line)
                except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
                    raise Refused("invalid", f"line {number}: {error}") from None
                if line.custom_id in seen or line.url != batch.endpoint:
                    raise Refused("invalid", f"line {number}: its id is taken, or its url another")
                seen.add(line.custom_id)
                found.append(line)
        return found

    def _so_far(self, batch: Batch, total: int, completed: int, failed: int) -> Batch:
        counts = {"total": total, "completed": completed, "failed": failed}
        return replace(batch, status="in_progress", **counts)

    def _note(self, batch: Batch) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        private(self._folder / f"{batch.id}.json", msgspec.json.encode(batch))


def answered_ids(file: Path) -> Iterator[str]:
    """The ids of the lines that have an answer; a line that was cut off counts for nothing."""
    if not file.exists():
        return
    kept = []
    for data in file.read_bytes().splitlines(keepends=True):
        try:
            found = msgspec.json.decode(data)
        except msgspec.MsgspecError:
            continue
        kept.append(data)
        yield str(found.get("custom_id"))
    if b"".join(kept) != file.read_bytes():
        file.write_bytes(b"".join(kept))
