"""Answers a request in one form: at once or piece by piece."""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from freehold.core.errors import FreeholdError
from freehold.engines.hosting.wire import Broken, Refusal
from freehold.server.asked import Asked, Form, Served
from freehold.server.dialects.base import Work
from freehold.server.fetching import fetched
from freehold.server.keeping import Keeper
from freehold.server.problems import Refused, understood
from freehold.server.receiving import MIB, body_of, table_of
from freehold.server.replying import Flow, begun, json_reply, while_there
from freehold.server.service import Service
from freehold.server.visit import Visit

log = logging.getLogger("freehold.requests")
Failed = Callable[[Refused, Visit], bytes]


class Talk(Struct, frozen=True):
    """How a route talks: its form, how a stream says that it cannot go on, who hears the end."""

    form: Form
    failed: Failed
    done: Callable[[dict[str, Any]], None] | None = None


def talk(form: Form, failed: Failed) -> Work:
    """A route that answers in a form."""

    async def work(service: Service, request: Request, visit: Visit) -> Response:
        body = await table_from(service, request)
        keeper = Keeper(service.folder)
        try:
            heard = service.heard(visit, keeper)
            if service.config.server.media_by_url:
                heard.fetched = await fetched(body)
            asked = form.read(body, heard)
            return await answered(service, request, visit, Talk(form, failed), asked, keeper)
        except BaseException:
            keeper.clear()
            raise

    return work


async def table_from(service: Service, request: Request) -> dict[str, Any]:
    """The body of a request as a JSON object."""
    limits = service.config.limits
    return table_of(await body_of(request, limits.body_mib * MIB, limits.seconds_to_send))


async def answered(
    service: Service, request: Request, visit: Visit, talk: Talk, asked: Asked, keeper: Keeper
) -> Response:
    """The answer to what was asked; its files go when it is over."""
    entry = service.admit(visit, asked)
    met: list[Served] = []
    if not asked.stream:
        try:
            async with while_there(request.receive):
                results = await service.gather(visit, asked, entry, met.append)
            return whole(talk, asked, results, met[0], visit)
        finally:
            keeper.clear()
    ready = await begun(service.parts(visit, asked, entry, met.append))
    pieces = _written(talk, asked, ready, met, visit, keeper)
    slow = service.config.limits.seconds_for_slow_readers
    kind = talk.form.media_type
    comment = b": waiting\n\n" if kind == "text/event-stream" else b""
    return Flow(pieces, kind, visit.headers, slow=slow, comment=comment)


def whole(talk: Talk, asked: Asked, results: list[Any], who: Served, visit: Visit) -> Response:
    """All results in the form at once."""
    told = talk.form.whole(asked, results, who)
    visit.headers["openai-processing-ms"] = str(round(visit.passed * 1000))
    visit.headers["x-freehold-model-digest"] = who.digest
    if isinstance(told, Response):
        told.headers.update(visit.headers)
        return told
    if talk.done:
        talk.done(told)
    return json_reply(told, 200, visit.headers)


async def _written(
    talk: Talk,
    asked: Asked,
    parts: AsyncGenerator[tuple[int, Any], None],
    met: list[Served],
    visit: Visit,
    keeper: Keeper,
) -> AsyncGenerator[bytes, None]:
    """The answer as bytes; an error in the middle as its last event."""
    writer = None
    try:
        async with aclosing(parts) as items:
            async for index, part in items:
                if writer is None:
                    writer = talk.form.writer(asked, met[0])
                    for piece in writer.open():
                        yield piece
                for piece in writer.part(index, part):
                    yield piece
        if writer is not None:
            for piece in writer.close():
                yield piece
            if talk.done:
                talk.done(getattr(writer, "kept", {}))
    except (Refused, FreeholdError, Refusal, Broken) as error:
        log.warning("%s: ended in the middle: %s", visit.id, error)
        yield talk.failed(understood(error), visit)
    except Exception:
        log.exception("%s: ended in the middle", visit.id)
        yield talk.failed(Refused("bug", f"something went wrong; noted as {visit.id}"), visit)
    finally:
        keeper.clear()
