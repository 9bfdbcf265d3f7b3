"""Getting and deleting models over HTTP, for operators of servers that allow it."""

import asyncio
import re
from collections.abc import AsyncGenerator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from freehold.core.errors import FreeholdError
from freehold.server.dialects.base import Work
from freehold.server.forms.reading import line
from freehold.server.problems import Refused, understood
from freehold.server.replying import Flow, json_reply
from freehold.server.service import Service
from freehold.server.talking import Failed, table_from
from freehold.server.visit import Visit

STEP = 0.5
NAME = re.compile(r"(?:hf:|ollama:)?[\w][\w.-]*(?:/[\w.-]+)*(?:[:@][\w.-]+)?", re.ASCII)


def pull(failed: Failed) -> Work:
    """`POST /api/pull`: what `freehold get` does, with its policies, licenses and proofs."""

    async def work(service: Service, request: Request, visit: Visit) -> Response:
        body = await table_from(service, request)
        _managed(service)
        name = _name(body)
        lines = _fetched(name, failed, visit)
        if body.get("stream") is False:
            last = b""
            async for told in lines:
                last = told
            return json_reply(last, 200, visit.headers)
        slow = service.config.limits.seconds_for_slow_readers
        return Flow(lines, "application/x-ndjson", visit.headers, slow=slow, comment=b"")

    return work


async def _fetched(name: str, failed: Failed, visit: Visit) -> AsyncGenerator[bytes, None]:
    """Lines that say how far it is."""
    from freehold.actions.get import get, watching

    total, done = [0], [0]
    watch = watching(
        begins=lambda size: total.__setitem__(0, size or 0),
        bytes=lambda path, more: done.__setitem__(0, done[0] + more),
    )
    yield line({"status": "pulling manifest"})
    task = asyncio.create_task(asyncio.to_thread(get, name, watch=watch))
    try:
        while not (await asyncio.wait({task}, timeout=STEP))[0]:
            told: dict[str, Any] = {"status": f"pulling {name}", "completed": done[0]}
            yield line({**told, "total": total[0]} if total[0] else told)
        task.result()
        yield line({"status": "success"})
    except (FreeholdError, Refused) as error:
        yield failed(understood(error), visit)
    finally:
        watch.stop.set()


async def delete(service: Service, request: Request, visit: Visit) -> Response:
    """`DELETE /api/delete`: what `freehold store remove` does."""
    from freehold.actions.store import remove

    body = await table_from(service, request)
    _managed(service)
    name = _name(body)
    model = service.pool.model(name)
    await service.pool.forget(model.called)
    await asyncio.to_thread(remove, model.model)
    return json_reply({}, 200, visit.headers)


def _name(body: dict[str, Any]) -> str:
    name = body.get("model") or body.get("name")
    if not isinstance(name, str) or not name:
        raise Refused("invalid", "which model?", param="model")
    if not NAME.fullmatch(name) or ".." in name:
        says = "a model is named as on the Hub (owner/name), or behind hf: or ollama:"
        raise Refused("invalid", says, param="model")
    return name


def _managed(service: Service) -> None:
    if not service.config.server.manage:
        says = "this server does not get or delete models"
        raise Refused("forbidden", f"{says}; its configuration says manage = true where it may")
