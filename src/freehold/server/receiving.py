"""Reads what clients send, within limits of bytes, time and depth."""

import asyncio
import zlib
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request

from freehold.server.problems import Refused

MIB = 2**20


async def body_of(request: Request, most: int, seconds: float) -> bytes:
    """The whole body, unpacked; Refused when it is too large or comes too slowly."""
    told = request.headers.get("content-length", "")
    if told.isdigit() and int(told) > most:
        raise _too_large(most)
    parts, size = [], 0
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    raise _too_large(most)
                parts.append(part)
    except TimeoutError:
        raise Refused("slow", f"the body did not come within {seconds:.0f} seconds") from None
    except ClientDisconnect:
        raise Refused("slow", "the client went away") from None
    packing = request.headers.get("content-encoding", "identity").lower()
    return unpacked(b"".join(parts), packing, most)


def unpacked(data: bytes, packing: str, most: int) -> bytes:
    """The bytes that were packed, up to a limit."""
    if packing in ("", "identity"):
        return data
    if packing not in ("gzip", "deflate"):
        raise Refused("invalid", f"bodies packed with {packing!r:.20} are not taken")
    machine = zlib.decompressobj(31 if packing == "gzip" else 15)
    try:
        found = machine.decompress(data, most + 1)
    except zlib.error:
        raise Refused("invalid", f"the body is not packed with {packing}") from None
    if len(found) > most or machine.unconsumed_tail:
        raise _too_large(most)
    if not machine.eof:
        raise Refused("invalid", "the packed body ends too early")
    return found


def table_of(data: bytes) -> dict[str, Any]:
    """A body as a JSON object; Refused for anything else."""
    try:
        found = msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise Refused("invalid", f"the body is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise Refused("invalid", "the body must be a JSON object")
    return found


def _too_large(most: int) -> Refused:
    return Refused("too_large", f"a body has at most {most // MIB:,} MiB", code="body_too_large")
