"""Answers a request in one form: at once or piece by piece."""

import logging
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from freehold.core.errors import FreeholdError
from freehold.engines.hosting.wire import Broken, Refusal
from freehold.server.asked import Asked, Form, Heard, Served
from freehold.server.dialects.base import Work, understood
from freehold.server.problems import Refused
from freehold.server.receiving import MIB, body_of, table_of
from freehold.server.replying import Flow, begun, json_reply, while_there
from freehold.server.service import Service
from freehold.server.visit import Visit
from freehold.tasks.base import TASKS

log = logging.getLogger("freehold.requests")
Failed = Callable[[Refused, Visit], bytes]


def talk(form: Form, failed: Failed) -> Work:
    """A route that answers in a form; `failed` is how a stream says that it cannot go on."""

    async def work(service: Service, request: Request, visit: Visit) -> Response:
        limits = service.config.limits
        data = await body_of(request, limits.body_mib * MIB, limits.seconds_to_send)
        keeper = Keeper(service.folder)
        try:
            heard = heard_by(service, request, keeper)
            asked = form.read(table_of(data), heard)
            return await answered(service, request, visit, form, asked, keeper, failed)
        except BaseException:
            keeper.clear()
            raise

    return work


def heard_by(service: Service, request: Request, keeper: "Keeper") -> Heard:
    """What a form may use."""
    return Heard(
        now=int(time.time()),
        most_choices=service.config.limits.choices,
        keep=keeper.keep,
        path=request.url.path,
        words=dict(request.path_params),
    )


async def answered(
    service: Service,
    request: Request,
    visit: Visit,
    form: Form,
    asked: Asked,
    keeper: "Keeper",
    failed: Failed,
) -> Response:
    """The answer to what was asked."""
    entry = service.admit(visit, asked)
    met: list[Served] = []
    parts = service.parts(visit, asked, entry, met.append)
    if not asked.stream:
        try:
            results = await while_there(request.receive, gathered(parts, asked))
        finally:
            keeper.clear()
        return whole(form, asked, results, met[0], visit)
    ready = await begun(parts)
    pieces = _written(form, asked, ready, met, visit, keeper, failed)
    slow = service.config.limits.seconds_for_slow_readers
    comment = b": waiting\n\n" if form.media_type == "text/event-stream" else b""
    return Flow(pieces, form.media_type, visit.headers, slow=slow, comment=comment)


def whole(form: Form, asked: Asked, results: list[Any], who: Served, visit: Visit) -> Response:
    """All results in the form at once."""
    told = form.whole(asked, results, who)
    visit.headers["openai-processing-ms"] = str(round(visit.passed * 1000))
    visit.headers["x-freehold-model-digest"] = who.digest
    if isinstance(told, Response):
        told.headers.update(visit.headers)
        return told
    return json_reply(told, 200, visit.headers)


async def gathered(parts: AsyncGenerator[tuple[int, Any], None], asked: Asked) -> list[Any]:
    """The results, in the order of the requests."""
    wanted = TASKS.get(asked.task).result
    found: dict[int, Any] = {}
    async with aclosing(parts) as items:
        async for index, part in items:
            if isinstance(part, wanted):
                found[index] = part
    if len(found) != len(asked.requests):
        raise Refused("broken", "the engine gave no result", code="engine")
    return [found[index] for index in range(len(found))]


async def _written(
    form: Form,
    asked: Asked,
    parts: AsyncGenerator[tuple[int, Any], None],
    met: list[Served],
    visit: Visit,
    keeper: "Keeper",
    failed: Failed,
) -> AsyncGenerator[bytes, None]:
    """The answer as bytes; an error in the middle as its last event."""
    writer = None
    try:
        async with aclosing(parts) as items:
            async for index, part in items:
                if writer is None:
                    writer = form.writer(asked, met[0])
                    for piece in writer.open():
                        yield piece
                for piece in writer.part(index, part):
                    yield piece
        if writer is not None:
            for piece in writer.close():
                yield piece
    except (Refused, FreeholdError, Refusal, Broken) as error:
        log.warning("%s: ended in the middle: %s", visit.id, error)
        yield failed(understood(error), visit)
    except Exception:
        log.exception("%s: ended in the middle", visit.id)
        yield failed(Refused("broken", f"something went wrong; noted as {visit.id}"), visit)
    finally:
        keeper.clear()


class Keeper:
    """Keeps what a request brings as files, until it is answered."""

    def __init__(self, folder: Path) -> None:
        self._home = folder
        self._own: Path | None = None
        self._count = 0

    def keep(self, data: bytes, ending: str) -> Path:
        """Bytes as a file of this request alone."""
        if self._own is None:
            self._own = Path(tempfile.mkdtemp(dir=self._home))
        self._count += 1
        file = self._own / f"{self._count}{ending}"
        file.write_bytes(data)
        return file

    def clear(self) -> None:
        """Take all files away."""
        if self._own is not None:
            shutil.rmtree(self._own, ignore_errors=True)
            self._own = None
