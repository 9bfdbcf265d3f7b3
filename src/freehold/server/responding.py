"""Responses that are kept: made, asked for again, cancelled and deleted."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response as Reply

from freehold.core.errors import FreeholdError
from freehold.engines.hosting.wire import Broken, Refusal
from freehold.server.asked import Asked, Served
from freehold.server.dialects.base import Work
from freehold.server.forms.openai_items import turns_of
from freehold.server.forms.openai_responses import Response, standing
from freehold.server.keeping import Keeper
from freehold.server.problems import Refused, understood
from freehold.server.replying import json_reply
from freehold.server.service import Service
from freehold.server.talking import Failed, Talk, answered, table_from
from freehold.server.visit import Visit

FORM = Response()
UNDER_WAY = ("queued", "in_progress")


def create(failed: Failed) -> Work:
    """`POST /v1/responses`."""

    async def work(service: Service, request: Request, visit: Visit) -> Reply:
        body = await table_from(service, request)
        keeper = Keeper(service.folder)
        try:
            heard = service.heard(visit, keeper)
            asked = FORM.read(body, heard)

            def done(form: dict[str, Any]) -> None:
                if form and asked.body.store is not False:
                    _keep(service, visit, asked, form)

            if asked.body.background and not asked.stream:
                return _begin(service, visit, asked, keeper)
            talk = Talk(FORM, failed, done)
            return await answered(service, request, visit, talk, asked, keeper)
        except BaseException:
            keeper.clear()
            raise

    return work


async def retrieve(service: Service, request: Request, visit: Visit) -> Reply:
    """`GET /v1/responses/ID`."""
    found = service.responses.get(request.path_params["id"], visit.who)
    return json_reply(found.form, 200, visit.headers)


async def remove(service: Service, request: Request, visit: Visit) -> Reply:
    """`DELETE /v1/responses/ID`."""
    name = request.path_params["id"]
    service.responses.remove(name, visit.who)
    told = {"id": name, "object": "response", "deleted": True}
    return json_reply(told, 200, visit.headers)


async def cancel(service: Service, request: Request, visit: Visit) -> Reply:
    """`POST /v1/responses/ID/cancel`, for those in the background."""
    name = request.path_params["id"]
    found = service.responses.get(name, visit.who)
    task = service.background.pop(name, None)
    if task is None and found.form["status"] not in UNDER_WAY:
        raise Refused("gone", f"the response has ended: {found.form['status']}")
    if task is not None:
        task.cancel()
        await asyncio.wait([task])
    return json_reply(service.responses.get(name, visit.who).form, 200, visit.headers)


async def input_items(service: Service, request: Request, visit: Visit) -> Reply:
    """`GET /v1/responses/ID/input_items`."""
    found = service.responses.get(request.path_params["id"], visit.who)
    told = {
        "object": "list",
        "data": [{"id": f"in_{n}", **item} for n, item in enumerate(found.items)],
        "first_id": "in_0",
        "last_id": f"in_{len(found.items) - 1}",
        "has_more": False,
    }
    return json_reply(told, 200, visit.headers)


def _begin(service: Service, visit: Visit, asked: Asked, keeper: Keeper) -> Reply:
    """Answer later: the response can be asked for from now on."""
    entry = service.admit(visit, asked)
    _keep(service, visit, asked, standing(asked, "queued"))

    async def work() -> None:
        met: list[Served] = []
        try:
            results = await service.gather(visit, asked, entry, met.append)
            _keep(service, visit, asked, FORM.whole(asked, results, met[0]))
        except (Refused, FreeholdError, Refusal, Broken) as error:
            says = {"code": "server_error", "message": understood(error).says}
            _keep(service, visit, asked, {**standing(asked, "failed"), "error": says})
        except asyncio.CancelledError:
            _keep(service, visit, asked, standing(asked, "cancelled"))
            raise
        finally:
            service.background.pop(asked.id, None)
            keeper.clear()

    service.background[asked.id] = asyncio.create_task(work())
    return json_reply(standing(asked, "queued"), 200, visit.headers)


def _keep(service: Service, visit: Visit, asked: Asked, form: dict[str, Any]) -> None:
    """Keep a response with the turns that led to it, without the instructions."""
    request = asked.requests[0]
    turns = request.messages[1:] if asked.body.instructions else request.messages
    heard = service.heard(visit, Keeper(service.folder))
    own = turns_of(form["output"], heard)
    said = asked.body.input
    items = said if isinstance(said, list) else [_plain(said or "")]
    service.responses.keep(visit.who, form, (*turns, *own), items)


def _plain(text: str) -> dict[str, Any]:
    content = [{"type": "input_text", "text": text}]
    return {"type": "message", "role": "user", "content": content}
