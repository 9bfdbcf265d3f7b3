"""Reads forms with files in them, within limits of bytes and time."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from freehold.server.asked import Form
from freehold.server.dialects.base import Work
from freehold.server.keeping import Keeper
from freehold.server.problems import Refused
from freehold.server.receiving import MIB
from freehold.server.service import Service
from freehold.server.talking import Failed, Talk, answered, table_from
from freehold.server.visit import Visit

MOST_FILES, MOST_FIELDS = 16, 64
NUMBERS = {"n", "steps", "seed", "temperature", "guidance", "strength", "speed"}
LISTS = {"timestamp_granularities"}


def upload(form: Form, failed: Failed) -> Work:
    """A route that takes a form with files, or the same as JSON."""

    async def work(service: Service, request: Request, visit: Visit) -> Response:
        if request.headers.get("content-type", "").startswith("multipart/"):
            body = await fields(service, request)
        else:
            body = await table_from(service, request)
        keeper = Keeper(service.folder)
        try:
            asked = form.read(body, service.heard(visit, keeper))
            return await answered(service, request, visit, Talk(form, failed), asked, keeper)
        except BaseException:
            keeper.clear()
            raise

    return work


async def fields(
    service: Service, request: Request, names: dict[str, str] | None = None
) -> dict[str, Any]:
    """The fields of a form: texts, numbers, and the bytes of files, whose `names` are noted."""
    limits = service.config.limits
    stream = _counted(request, limits.upload_mib * MIB)
    parser = MultiPartParser(request.headers, stream, max_files=MOST_FILES, max_fields=MOST_FIELDS)
    try:
        async with asyncio.timeout(limits.seconds_to_send * 4):
            form = await parser.parse()
    except TimeoutError:
        raise Refused("slow", "the form did not come in time") from None
    except ClientDisconnect:
        raise Refused("slow", "the client went away") from None
    except (MultiPartException, KeyError, UnicodeDecodeError, ValueError) as error:
        raise Refused("invalid", f"the form cannot be read: {error}") from None
    found: dict[str, Any] = {}
    try:
        for name, value in form.multi_items():
            key = name.removesuffix("[]")
            if names is not None and isinstance(value, UploadFile):
                names[key] = value.filename or ""
            told = await value.read() if isinstance(value, UploadFile) else _value(key, value)
            if name.endswith("[]") or key in LISTS:
                found.setdefault(key, []).append(told)
            else:
                found[key] = told
    finally:
        await form.close()
    return found


def _value(name: str, text: str) -> Any:
    """A field as what it is in JSON."""
    if name in NUMBERS:
        try:
            number = float(text)
            return int(number) if number.is_integer() and "." not in text else number
        except (ValueError, OverflowError):
            return text
    if name == "stream":
        return {"true": True, "false": False, "1": True, "0": False}.get(text.lower(), text)
    return text


async def _counted(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise Refused("too_large", f"a form has at most {most // MIB:,} MiB")
        yield part
