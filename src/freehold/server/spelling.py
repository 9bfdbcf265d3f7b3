"""Texts as tokens of a model, and tokens as texts."""

from msgspec import Struct

from freehold.server.asked import Asked
from freehold.server.entry import Entry
from freehold.server.problems import Refused
from freehold.server.service import Service
from freehold.server.visit import Visit

LONGEST = 2**22
"""Letters and tokens of one request."""
TEXT = "text-generation"


class Text(Struct, kw_only=True):
    """A text to split."""

    content: str
    model: str = ""
    add_special: bool = False


class Ids(Struct, kw_only=True):
    """Tokens to spell."""

    tokens: list[int]
    model: str = ""


async def split(service: Service, visit: Visit, model: str, text: str, special: bool) -> list[int]:
    """The tokens of a text; with `special` also the marks that the model wants around it."""
    if len(text) > LONGEST:
        raise Refused("too_large", f"a text has at most {LONGEST:,} letters")
    async with service.pool.lease(entry(service, visit, model), visit.who) as replica:
        running = replica.running
        return await running.engine.split(running, text, special)


async def spelled(service: Service, visit: Visit, model: str, ids: list[list[int]]) -> list[str]:
    """The texts that tokens stand for."""
    if sum(map(len, ids)) > LONGEST or not all(0 <= x < 2**31 for some in ids for x in some):
        raise Refused("invalid", "these are no tokens", param="tokens")
    return await service.spell(visit, entry(service, visit, model), ids)


def entry(service: Service, visit: Visit, model: str) -> Entry:
    """The entry of a model that writes text."""
    name = service.allowed(visit, model).called
    return service.admit(visit, Asked(model=name, task=TEXT, requests=(), id="", body=None))
