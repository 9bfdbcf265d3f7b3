"""`/v1/files` and `/v1/batches`."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from freehold.server.dialects.base import Route
from freehold.server.problems import Refused
from freehold.server.replying import json_reply
from freehold.server.service import Service
from freehold.server.talking import table_from
from freehold.server.uploading import fields
from freehold.server.visit import Visit

PURPOSES = ("batch", "user_data", "assistants", "fine-tune", "vision", "evals")


async def keep(service: Service, request: Request, visit: Visit) -> Response:
    """`POST /v1/files`."""
    if not request.headers.get("content-type", "").startswith("multipart/"):
        raise Refused("invalid", "a file comes as a form: multipart/form-data")
    names: dict[str, str] = {}
    body = await fields(service, request, names)
    data, purpose = body.get("file"), body.get("purpose")
    if not isinstance(data, bytes):
        raise Refused("invalid", "there is no file", param="file")
    if purpose not in PURPOSES:
        raise Refused("invalid", f"a purpose is one of {', '.join(PURPOSES)}", param="purpose")
    name = names.get("file") or "file"
    found = await asyncio.to_thread(service.files.keep, visit.who, name, purpose, data)
    return json_reply(found.form(), 200, visit.headers)


async def list_files(service: Service, request: Request, visit: Visit) -> Response:
    """`GET /v1/files`."""
    return _listed([file.form() for file in service.files.all(visit.who)], visit)


async def one_file(service: Service, request: Request, visit: Visit) -> Response:
    """`GET /v1/files/ID`."""
    found = service.files.get(request.path_params["id"], visit.who)
    return json_reply(found.form(), 200, visit.headers)


async def content(service: Service, request: Request, visit: Visit) -> Response:
    """`GET /v1/files/ID/content`."""
    found = service.files.get(request.path_params["id"], visit.who)
    kind = "application/octet-stream"
    return FileResponse(service.files.path(found.id), headers=visit.headers, media_type=kind)


async def remove(service: Service, request: Request, visit: Visit) -> Response:
    """`DELETE /v1/files/ID`."""
    id = request.path_params["id"]
    service.files.remove(id, visit.who)
    return json_reply({"id": id, "object": "file", "deleted": True}, 200, visit.headers)


async def begin(service: Service, request: Request, visit: Visit) -> Response:
    """`POST /v1/batches`."""
    found = service.batches.begin(visit.key, await table_from(service, request))
    return json_reply(found.form(), 200, visit.headers)


async def list_batches(service: Service, request: Request, visit: Visit) -> Response:
    """`GET /v1/batches`."""
    return _listed([batch.form() for batch in service.batches.all(visit.who)], visit)


async def one_batch(service: Service, request: Request, visit: Visit) -> Response:
    """`GET /v1/batches/ID`."""
    found = service.batches.get(request.path_params["id"], visit.who)
    return json_reply(found.form(), 200, visit.headers)


async def cancel(service: Service, request: Request, visit: Visit) -> Response:
    """`POST /v1/batches/ID/cancel`."""
    found = await service.batches.cancel(request.path_params["id"], visit.who)
    return json_reply(found.form(), 200, visit.headers)


def _listed(found: list[dict[str, Any]], visit: Visit) -> Response:
    ends = {"first_id": found[0]["id"], "last_id": found[-1]["id"]} if found else {}
    return json_reply(
        {"object": "list", "data": found, "has_more": False, **ends}, 200, visit.headers
    )


ROUTES = (
    Route("POST", "/v1/files", keep),
    Route("GET", "/v1/files", list_files),
    Route("GET", "/v1/files/{id}", one_file),
    Route("GET", "/v1/files/{id}/content", content),
    Route("DELETE", "/v1/files/{id}", remove),
    Route("POST", "/v1/batches", begin),
    Route("GET", "/v1/batches", list_batches),
    Route("GET", "/v1/batches/{id}", one_batch),
    Route("POST", "/v1/batches/{id}/cancel", cancel),
)
