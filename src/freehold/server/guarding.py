"""Lets guards look at what goes in and what comes out; where a guard fails, nothing passes.

A guard is a function `module:function`, plain or asynchronous. `before(request, seen)` may return
a changed request. `during(text, seen)` sees all that was written so far, before the client sees
the last letters. `after(result, seen)` sees the whole. Each refuses by raising `Blocked`.
"""

import inspect
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from importlib import import_module
from typing import Any

from msgspec import Struct

from freehold.core.errors import UsageError
from freehold.server.config import Guards
from freehold.server.problems import Refused
from freehold.tasks.base import Progress

log = logging.getLogger("freehold.guards")
Guard = Callable[[Any, "Context"], Any]


class Blocked(Exception):
    """What a guard raises to refuse; its words are told to the client."""


class Context(Struct, frozen=True):
    """What a guard is told beside what it looks at."""

    model: str
    task: str
    key: str
    request_id: str


class Guarding:
    """The guards of a configuration."""

    def __init__(self, config: Guards) -> None:
        """Find all of them; UsageError for one that is not there."""
        self.before = [found(name) for name in config.before]
        self.during = [found(name) for name in config.during]
        self.after = [found(name) for name in config.after]
        self.lag = config.lag

    async def enter(self, request: Any, seen: Context) -> Any:
        """The request as the guards let it pass."""
        for guard in self.before:
            changed = await asked(guard, request, seen)
            request = request if changed is None else changed
        return request

    def leave(
        self, parts: AsyncGenerator[Any, None], result: type, seen: Context
    ) -> AsyncGenerator[Any, None]:
        """The pieces and the result as the guards let them pass."""
        if not self.during and not self.after:
            return parts
        return self._held(parts, result, seen)

    async def _held(
        self, parts: AsyncGenerator[Any, None], result: type, seen: Context
    ) -> AsyncGenerator[Any, None]:
        """Pieces wait until so many letters are there and all that was written is looked at.

        With guards that see only the whole, all pieces wait for it.
        """
        held: list[Any] = []
        text, looked = "", 0
        async with aclosing(parts) as items:
            async for part in items:
                if isinstance(part, Progress):
                    yield part
                    continue
                if isinstance(part, result):
                    await self._look(text, part, seen)
                    for piece in (*held, part):
                        yield piece
                    return
                held.append(part)
                text += letters(part)
                if self.during and len(text) - looked >= self.lag:
                    await self._look(text, None, seen)
                    looked = len(text)
                    for piece in held:
                        yield piece
                    held = []

    async def _look(self, text: str, result: Any, seen: Context) -> None:
        for guard in self.during:
            await asked(guard, text, seen)
        if result is not None:
            for guard in self.after:
                await asked(guard, result, seen)


async def asked(guard: Guard, what: Any, seen: Context) -> Any:
    """What a guard says; Refused where it refuses or fails."""
    try:
        said = guard(what, seen)
        return await said if inspect.isawaitable(said) else said
    except Blocked as blocked:
        raise Refused("guarded", str(blocked), code="content_filter") from blocked
    except Exception as error:
        log.exception("%s: a guard failed", seen.request_id)
        raise Refused("broken", "a guard failed, so nothing passes", code="guard") from error


def letters(part: Any) -> str:
    """What a client would read in a piece, arguments of calls included."""
    call = getattr(part, "call", None)
    return str(getattr(part, "text", "")) + (call.arguments if call else "")


def found(name: str) -> Guard:
    """The function that `module:function` names."""
    module, _, function = name.partition(":")
    try:
        guard: Guard = getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(f"there is no guard {name!r}: {error}") from error
    return guard
