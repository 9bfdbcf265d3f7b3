"""Sends answers: at once, or piece by piece for as long as somebody listens."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, Self, TypeVar

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from freehold.server.problems import Refused

T = TypeVar("T")
QUIET = 15.0
"""Seconds without a piece after which a comment shows that the stream is alive."""
FIRST = 5.0
"""Seconds to wait for the first piece before the head of the answer goes out without it."""


def json_reply(form: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer at once."""
    data = form if isinstance(form, bytes) else msgspec.json.encode(form)
    return Response(data, status, headers, media_type="application/json")


class Gone(Exception):
    """The client went away or does not read."""


@asynccontextmanager
async def while_there(receive: Receive) -> AsyncIterator[Callable[[], None]]:
    """Work that is cancelled when the client goes away, or when what is given is called; Gone."""
    task, gone = asyncio.current_task(), False
    assert task is not None

    def leave(left: Any = None) -> None:
        nonlocal gone
        if not gone and not (left and left.cancelled()):
            gone = True
            task.cancel()

    leaving = asyncio.ensure_future(_left(receive))
    leaving.add_done_callback(leave)
    try:
        yield leave
    except asyncio.CancelledError:
        if gone and not task.uncancel():
            raise Gone from None
        raise
    finally:
        leaving.remove_done_callback(leave)
        leaving.cancel()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class Flow(Response):
    """An answer that comes piece by piece; it ends its source when nobody listens anymore."""

    def __init__(
        self,
        pieces: AsyncGenerator[bytes, None],
        media_type: str,
        headers: Mapping[str, str],
        *,
        slow: float,
        comment: bytes = b": waiting\n\n",
    ) -> None:
        super().__init__(None, 200, {**headers, "Cache-Control": "no-store"}, media_type)
        self._pieces, self._slow, self._comment = pieces, slow, comment
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        with suppress(Gone, OSError):
            async with aclosing(self._pieces) as pieces, while_there(receive) as leave:
                await send(
                    {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
                )
                with _Pulse(send, self._slow, self._comment, leave) as pulse:
                    async for piece in pieces:
                        await pulse.send(piece)
                await send({"type": "http.response.body", "body": b"", "more_body": False})


class _Pulse:
    """Sends pieces; between them comments, and an end to clients that do not read."""

    def __init__(self, send: Send, slow: float, comment: bytes, leave: Callable[[], None]) -> None:
        self._send, self._slow, self._comment, self._leave = send, slow, comment, leave
        self._last = time.monotonic()
        self._since: float | None = None
        self._said: asyncio.Future[None] | None = None

    def __enter__(self) -> Self:
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._said:
            self._said.cancel()

    async def send(self, piece: bytes) -> None:
        """Send a piece, once the client has taken those before."""
        self._since = time.monotonic()
        await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        self._last, self._since = time.monotonic(), None

    def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(min(QUIET, self._slow) / 3, self._beat)

    def _beat(self) -> None:
        """A comment when nothing came for a while; an end when nothing is taken."""
        now = time.monotonic()
        if self._since is not None and now - self._since > self._slow:
            self._leave()
            return
        if self._since is None and now - self._last > QUIET and self._comment:
            self._said = asyncio.ensure_future(self.send(self._comment))
        self._wait()


async def begun(
    pieces: AsyncGenerator[T, None], patience: float = FIRST
) -> AsyncGenerator[T, None]:
    """The same pieces, once the first has come or the patience has ended.

    So an error before the first piece is an error of the request, with a status of its own.
    """
    first = asyncio.ensure_future(anext(pieces, None))
    try:
        await asyncio.wait({first}, timeout=patience)
        if first.done():
            first.result()
    except BaseException:
        first.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await first
        await pieces.aclose()
        raise
    return _rest(first, pieces)


async def _rest(
    first: "asyncio.Future[T | None]", pieces: AsyncGenerator[T, None]
) -> AsyncGenerator[T, None]:
    try:
        begin = await first
        if begin is not None:
            yield begin
            async for piece in pieces:
                yield piece
    finally:
        if not first.done():
            first.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await first
        await pieces.aclose()


async def in_time(source: AsyncGenerator[T, None], seconds: float) -> AsyncGenerator[T, None]:
    """The same items; Refused when the last has not come in time, however silent the source is."""
    waiting: asyncio.Task[Any] | None = None
    late = False

    def end() -> None:
        nonlocal late
        late = True
        if waiting:
            waiting.cancel()

    timer = asyncio.get_running_loop().call_later(seconds, end)
    over = Refused("busy", "the answer took too long", code="timeout")
    try:
        async with aclosing(source) as items:
            while not late:
                waiting = asyncio.current_task()
                assert waiting is not None
                item = await anext(items)
                waiting = None
                yield item
            raise over
    except StopAsyncIteration:
        return
    except asyncio.CancelledError:
        if late and waiting and not waiting.uncancel():
            raise over from None
        raise
    finally:
        timer.cancel()


def merged(sources: "list[AsyncGenerator[T, None]]") -> AsyncGenerator[T, None]:
    """The items of several generators as they come; one alone is left as it is."""
    return sources[0] if len(sources) == 1 else _merged(sources)


async def _merged(sources: "list[AsyncGenerator[T, None]]") -> AsyncGenerator[T, None]:
    queue: asyncio.Queue[tuple[T | None, BaseException | None]] = asyncio.Queue(64)
    tasks = [asyncio.ensure_future(_fed(queue, source)) for source in sources]
    left = len(tasks)
    try:
        while left:
            item, error = await queue.get()
            if error is not None:
                raise error
            if item is None:
                left -= 1
            else:
                yield item
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _fed(queue: Any, source: AsyncGenerator[T, None]) -> None:
    try:
        async with aclosing(source) as items:
            async for item in items:
                await queue.put((item, None))
    except Exception as error:
        await queue.put((None, error))
    else:
        await queue.put((None, None))
