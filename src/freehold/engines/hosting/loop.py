"""Lets plain code use what is asynchronous: one loop in a thread of its own, begun on first use.

A loop of its own, so that this also works where a loop runs already, as in a notebook.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Coroutine, Iterator
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


def wait(work: Coroutine[Any, Any, T]) -> T:
    """Wait for the result of a coroutine; an interrupt of the waiting cancels it."""
    future = asyncio.run_coroutine_threadsafe(work, _loop())
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def each(items: AsyncGenerator[T, None]) -> Iterator[T]:
    """The items one by one; closing this iterator closes the generator, too."""
    ended = object()

    async def following() -> Any:
        return await anext(items, ended)

    try:
        while (item := wait(following())) is not ended:
            yield item
    finally:
        wait(items.aclose())


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="freehold-engines", daemon=True).start()
    return loop
