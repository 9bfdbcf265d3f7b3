"""Fetches what clients name by address, where the configuration allows it: public servers only.

Addresses are resolved once and connected to as checked, also behind redirects (`core/http.py`),
so that nobody reaches a private network through this server.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

from freehold.core.errors import FreeholdError
from freehold.core.http import Limits, Wish, get
from freehold.server.problems import Refused

MOST = 8
LARGEST = 20 * 2**20
PLACES = ("url", "image_url")
DEEPEST = 12
QUICK = Limits(silence=5.0, whole=20.0, tries=1)


def addresses(said: Any, depth: int = 0) -> Iterator[str]:
    """The addresses of media in a body."""
    if depth > DEEPEST:
        return
    if isinstance(said, dict):
        for name, value in said.items():
            if name in PLACES and isinstance(value, str) and _is_web(value):
                yield value
            else:
                yield from addresses(value, depth + 1)
    elif isinstance(said, list):
        for value in said:
            yield from addresses(value, depth + 1)


async def fetched(body: dict[str, Any]) -> dict[str, bytes]:
    """What the addresses in a body lead to; Refused for one that cannot or must not be reached."""
    found = list(dict.fromkeys(addresses(body)))
    if len(found) > MOST:
        raise Refused("invalid", f"at most {MOST} addresses in one request")
    bodies = await asyncio.gather(*(asyncio.to_thread(_one, url) for url in found))
    return dict(zip(found, bodies, strict=True))


def _one(url: str) -> bytes:
    try:
        return get(url, Wish(most=LARGEST, public=True, limits=QUICK)).body
    except FreeholdError as error:
        raise Refused("invalid", f"it cannot be fetched: {error}", param="url") from error


def _is_web(text: str) -> bool:
    return text.startswith(("http://", "https://"))
