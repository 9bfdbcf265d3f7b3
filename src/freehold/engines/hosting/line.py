"""One connection to an engine: a question, its answer, then perhaps the next question."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import h11

LARGEST_ANSWER = 256 * 2**20
LONGEST_EVENT = 16 * 2**20
READ_AHEAD = 256 * 1024
"""Bytes that may come before anybody takes them; then the engine has to wait."""
KEPT_FOR = 2.0
"""Seconds without a question after which a connection is not used again."""


class Dead(ConnectionError):
    """The other side was gone before it said a word."""


class Line(asyncio.Protocol):
    """HTTP/1.1 as its client, by `h11`; between two questions nothing may come."""

    def __init__(self) -> None:
        self._state = h11.Connection(h11.CLIENT)
        self._news: asyncio.Future[None] | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._ahead = 0
        self._ended = self._heard = self._over = False
        self._failed: Exception | None = None
        self._since = time.monotonic()
        self.left = False
        self._rest = bytearray()
        self.patience = 0.0
        self.status = 0

    @property
    def free(self) -> bool:
        """Whether it can be asked now: the last answer has ended, and the other side is there."""
        fresh = time.monotonic() - self._since < KEPT_FOR
        done = self._state.our_state is h11.IDLE and not self._ended
        return fresh and done and not self._transport.is_closing()

    async def ask(self, method: str, path: str, data: bytes, headers: Mapping[str, str]) -> None:
        """Send a request and read the head of the answer; closed where that cannot be."""
        self.left = self._heard = self._over = False
        self._look()
        try:
            self._send(method, path, data, headers)
            self.status = await self._head()
        except (ConnectionError, h11.ProtocolError) as error:
            self.close()
            raise error if self._heard else Dead(str(error)) from error
        except BaseException:
            self.close()
            raise

    def _send(self, method: str, path: str, data: bytes, headers: Mapping[str, str]) -> None:
        fields = [*headers.items(), ("Content-Length", str(len(data)))]
        head = self._state.send(h11.Request(method=method, target=path, headers=fields)) or b""
        self._state.send(h11.Data(data=data))
        self._state.send(h11.EndOfMessage())
        self._transport.write(head + data)

    async def _head(self) -> int:
        """The status of the answer."""
        event = await self._next()
        while isinstance(event, h11.InformationalResponse):
            event = await self._next()
        if not isinstance(event, h11.Response):
            raise ConnectionError("the engine closed the connection")
        return event.status_code

    async def part(self) -> bytes:
        """The next bytes of the body; none at its end."""
        event = None if self._over else await self._next()
        if isinstance(event, h11.Data):
            return bytes(event.data)
        if isinstance(event, h11.ConnectionClosed):
            raise ConnectionError("the connection was closed in the middle")
        self._over = True
        return b""

    async def whole(self) -> bytes:
        """The whole body, up to a limit."""
        found = bytearray()
        while part := await self.part():
            found += part
            if len(found) > LARGEST_ANSWER:
                raise ConnectionError(f"the answer has over {LARGEST_ANSWER:,} bytes")
        return bytes(found)

    async def lines(self) -> list[bytes]:
        """The next lines of the body, as many as have come; none at its end."""
        while part := await self.part():
            self._rest += part
            if len(self._rest) > LONGEST_EVENT:
                raise ConnectionError(f"an event has over {LONGEST_EVENT:,} bytes")
            if b"\n" in part:
                *found, last = self._rest.split(b"\n")
                self._rest = last
                return [bytes(one) for one in found]
        last, self._rest = self._rest, bytearray()
        return [bytes(last)] if last else []

    def leave(self) -> None:
        """Read no more of an answer: what is left of it may only be its end."""
        self._rest.clear()
        self._look_away()
        self.left, self._since = True, time.monotonic()
        self._settle()

    def close(self) -> None:
        """End it."""
        self._look_away()
        self._transport.close()

    async def _next(self) -> Any:
        """The next event, waiting for it as long as the patience lasts."""
        while (event := self._state.next_event()) is h11.NEED_DATA:
            if self._failed:
                raise self._failed
            if self._ahead > READ_AHEAD:
                self._transport.resume_reading()
            self._ahead, self._since = 0, time.monotonic()
            self._news = self._loop.create_future()
            await self._news
        return event

    def _look(self) -> None:
        """Look now and then whether somebody waits for too long: cheaper than a timer each time."""
        waited = time.monotonic() - self._since if self._waited_for() else 0.0
        if waited >= self.patience:
            self._news.set_exception(TimeoutError())  # type: ignore[union-attr]
        else:
            self._watch = self._loop.call_later(self.patience - waited, self._look)

    def _look_away(self) -> None:
        if self._watch:
            self._watch.cancel()

    def _waited_for(self) -> bool:
        return self._news is not None and not self._news.done()

    def _settle(self) -> None:
        """Look whether the answer has ended, and close where anything else came."""
        theirs = self._state.their_state
        try:
            if theirs is not h11.DONE and self._state.next_event() is h11.NEED_DATA:
                return
            self._state.start_next_cycle()
        except h11.ProtocolError:
            self.close()
        if self._state.trailing_data[0]:
            self.close()

    def connection_made(self, transport: Any) -> None:
        """Keep the way out, and the loop that it belongs to."""
        self._transport, self._loop = transport, asyncio.get_running_loop()

    def data_received(self, data: bytes) -> None:
        """Hand bytes on; of an answer that nobody reads, only its end is taken."""
        self._heard = True
        self._ahead += len(data)
        self._state.receive_data(data)
        if self.left:
            self._settle()
        elif self._ahead > READ_AHEAD:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Note that nothing more comes."""
        self._end()

    def connection_lost(self, error: Exception | None) -> None:
        """Note that nothing more comes, and why."""
        self._look_away()
        self._failed = error
        self._end()

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._state.receive_data(b"")
        self._wake()

    def _wake(self) -> None:
        if self._waited_for():
            self._news.set_result(None)  # type: ignore[union-attr]
