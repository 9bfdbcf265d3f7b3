"""One connection to an engine: a question, its answer, then perhaps the next question."""

import asyncio
import re
import time
from collections.abc import Mapping
from typing import Any

import httptools

LARGEST_ANSWER = 256 * 2**20
LONGEST_EVENT = 16 * 2**20
READ_AHEAD = 256 * 1024
"""Bytes that may come before anybody takes them; then the engine has to wait."""
LONGEST_HEAD = 64 * 1024
"""Bytes that may come of an answer with nothing of its body in them."""
KEPT_FOR = 2.0
"""Seconds without a question after which a connection is not used again."""
_BROKEN_WORDS = re.compile(r"[^\x20-\x7e]")
FRAMES = (b"content-length", b"transfer-encoding")
"""Headers that tell where the body of an answer ends; else it ends with the connection."""


class Dead(ConnectionError):
    """The other side was gone before it said a word."""


class Line(asyncio.Protocol):
    """HTTP/1.1 as its client, by `httptools`; between two questions nothing may come."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._news: asyncio.Future[None] | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._body: list[bytes] = []
        self._ahead = self._empty = 0
        self._ended = self._heard = self._stray = self._framed = False
        self._whole = self._lasts = True
        self._failed: Exception | None = None
        self._since = time.monotonic()
        self._rest = bytearray()
        self.left = False
        self.patience = 0.0
        self.status = 0

    @property
    def free(self) -> bool:
        """Whether it can be asked now: the last answer has ended, and the other side is there."""
        fresh = time.monotonic() - self._since < KEPT_FOR
        return fresh and self._reusable and not self._transport.is_closing()

    @property
    def _reusable(self) -> bool:
        return self._whole and self._lasts and not (self._ended or self._stray or self._failed)

    async def ask(self, method: str, path: str, data: bytes, headers: Mapping[str, str]) -> None:
        """Send a request and read the head of the answer; closed where that cannot be."""
        self.left = self._heard = self._framed = self._whole = False
        self._body.clear()
        self.status = 0
        self._look()
        try:
            self._send(method, path, data, headers)
            while not self.status:
                await self._more("the engine closed the connection")
        except ConnectionError as error:
            self.close()
            raise error if self._heard else Dead(str(error)) from error
        except BaseException:
            self.close()
            raise

    def _send(self, method: str, path: str, data: bytes, headers: Mapping[str, str]) -> None:
        fields = [f"{name}: {value}" for name, value in headers.items()]
        lines = (f"{method} {path} HTTP/1.1", *fields, f"Content-Length: {len(data)}")
        for line in lines:
            if _BROKEN_WORDS.search(line):
                raise ConnectionError("a header of the question holds signs that end it")
        self._transport.write("\r\n".join((*lines, "", "")).encode("ascii") + data)

    async def part(self) -> bytes:
        """The next bytes of the body; none at its end."""
        while not self._body and not self._whole:
            await self._more("the connection was closed in the middle")
        found, self._body = b"".join(self._body), []
        return found

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

    async def _more(self, otherwise: str) -> None:
        """Wait until more has come, as long as the patience lasts."""
        if self._failed:
            raise self._failed
        if self._ended:
            raise ConnectionError(otherwise)
        if self._ahead > READ_AHEAD:
            self._transport.resume_reading()
        self._ahead, self._since = 0, time.monotonic()
        self._news = self._loop.create_future()
        await self._news

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
        """Close where anything came but the end of the answer, or where none may follow it."""
        over = self._body or self._stray or self._failed or self._ended
        if over or (self._whole and not self._lasts):
            self.close()

    def connection_made(self, transport: Any) -> None:
        """Keep the way out, and the loop that it belongs to."""
        self._transport, self._loop = transport, asyncio.get_running_loop()

    def data_received(self, data: bytes) -> None:
        """Hand bytes on; of an answer that nobody reads, only its end is taken."""
        self._heard = True
        self._ahead += len(data)
        self._empty += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._failed = self._failed or ConnectionError(f"the answer is no HTTP/1.1: {error}")
        if self._empty > LONGEST_HEAD and not self._whole:
            self._failed = self._failed or ConnectionError("the head of the answer has no end")
        if self.left:
            self._settle()
        elif self._ahead > READ_AHEAD:
            self._transport.pause_reading()
        self._wake()

    def on_message_begin(self) -> None:
        """An answer begins; to no question, where one has ended."""
        self._stray = self._stray or self._whole

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note whether the body tells where it ends."""
        self._framed = self._framed or name.lower() in FRAMES

    def on_headers_complete(self) -> None:
        """The head has come; one that only says that the real one will come is left out."""
        code = self._parser.get_status_code()
        self._empty = 0
        if code >= 200 and not self._stray:
            self.status = code

    def on_body(self, data: bytes) -> None:
        """Keep what has come until somebody takes it."""
        self._empty = 0
        if not self._stray:
            self._body.append(data)

    def on_message_complete(self) -> None:
        """The answer is whole."""
        self._whole = self._whole or self.status > 0
        self._lasts = self._parser.should_keep_alive()

    def eof_received(self) -> None:
        """Note that nothing more comes."""
        self._end()

    def connection_lost(self, error: Exception | None) -> None:
        """Note that nothing more comes, and why; the parser, which knows this line, is let go."""
        self._look_away()
        self._failed = self._failed or error
        self._end()
        del self._parser

    def _end(self) -> None:
        """Where nothing else tells the end of an answer, the end of the connection does."""
        if not self._ended:
            self._ended = True
            self._whole = self._whole or (self.status > 0 and not self._framed)
        self._wake()

    def _wake(self) -> None:
        if self._waited_for():
            self._news.set_result(None)  # type: ignore[union-attr]
