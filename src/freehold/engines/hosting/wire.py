"""Asks an engine over HTTP: through a Unix socket, or at an address; answers as JSON."""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import h11

LARGEST_ANSWER = 256 * 2**20
LONGEST_EVENT = 16 * 2**20
PATIENCE = 600.0
"""Seconds of silence after which an engine counts as hung."""
CHUNK = 64 * 1024
NEXT_TRY = 0.005
"""Seconds between two tries to connect where too many wait already."""


class Refusal(Exception):
    """The engine answered with an error: its status, and what it says as a table."""

    def __init__(self, status: int, says: dict[str, Any]) -> None:
        super().__init__(str(says.get("message") or f"status {status}"))
        self.status, self.says = status, says


class Broken(Exception):
    """The connection broke off, or what came is not what an engine should say."""


class Wire:
    """The way to one engine: `at` is the path of a socket, or (host, port); `key` opens it.

    Each question has a connection of its own; giving up an answer closes it, so that the engine
    sees that nobody listens anymore. `headers` take the place of the usual one with the key,
    `prefix` stands before each path, `tls` is how to know that the other side is the right one.
    """

    def __init__(
        self,
        at: Path | tuple[str, int],
        key: str,
        patience: float = PATIENCE,
        *,
        headers: Mapping[str, str] | None = None,
        prefix: str = "",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.at, self.patience, self.prefix, self.tls = at, patience, prefix, tls
        own = {"Authorization": f"Bearer {key}"} if headers is None else dict(headers)
        self._headers = {"Host": _host(at), **own, "Content-Type": "application/json"}

    async def alive(self, path: str = "/health") -> bool:
        """Whether the engine answers here that all is well."""
        try:
            async with self._asked("GET", path, None, patience=2.0) as answer:
                return answer.status == 200
        except (Refusal, Broken):
            return False

    async def get(self, path: str) -> Any:
        """The answer to a question without a body."""
        async with self._asked("GET", path, None) as answer:
            return _parsed(await answer.whole())

    async def post(self, path: str, body: Any) -> Any:
        """The answer to a body."""
        async with self._asked("POST", path, body) as answer:
            return _parsed(await answer.whole())

    async def rows(self, path: str, body: Any) -> AsyncGenerator[dict[str, Any], None]:
        """The tables of an answer that has one on each line."""
        async with self._asked("POST", path, body) as answer:
            async for line in answer.lines():
                if line.strip():
                    yield _event(b"data", line)

    async def stream(
        self, path: str, body: Any, *, marked: bool = True
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The events of an answer that comes piece by piece; Broken when it ends too early.

        Some servers do not mark the end (`marked`); then the last event must tell it.
        """
        async with self._asked("POST", path, body) as answer:
            async for line in answer.lines():
                name, _, data = line.partition(b": ")
                if name == b"data" and data.strip() == b"[DONE]":
                    return
                if name in (b"data", b"error"):
                    yield _event(name, data)
        if marked:
            raise Broken("the answer ended in the middle")

    @asynccontextmanager
    async def _asked(
        self, method: str, path: str, body: Any, patience: float | None = None
    ) -> AsyncIterator["_Answer"]:
        """The open answer to one request; Refusal when it is an error."""
        patience = patience or self.patience
        try:
            async with asyncio.timeout(patience):
                reader, writer = await self._connected()
        except OSError as error:
            raise Broken(str(error) or type(error).__name__) from error
        answer = _Answer(reader, writer, patience)
        try:
            await answer.ask(method, self.prefix + path, body, self._headers)
            if answer.status >= 300:  # nobody is followed to another place
                raise Refusal(answer.status, _error(await answer.whole()))
            yield answer
        except TimeoutError as error:
            raise Broken(f"no answer for {patience:.0f} seconds") from error
        except (OSError, h11.ProtocolError) as error:
            raise Broken(str(error) or type(error).__name__) from error
        finally:
            writer.close()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.at, Path):
            return await asyncio.open_unix_connection(sock=await _met(self.at))
        name = self.at[0] if self.tls else None
        return await asyncio.open_connection(*self.at, ssl=self.tls, server_hostname=name)


def _host(at: Path | tuple[str, int]) -> str:
    """The name under which a server is asked."""
    if isinstance(at, Path):
        return "localhost"
    host = f"[{at[0]}]" if ":" in at[0] else at[0]
    return host if at[1] in (80, 443) else f"{host}:{at[1]}"


async def _met(at: Path) -> socket.socket:
    """A connected Unix socket; where too many wait at the other end, this one waits to be next.

    Linux refuses such a connection with EAGAIN, which asyncio takes for one that is on its way.
    """
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    found.setblocking(False)
    try:
        while True:
            try:
                found.connect(str(at))
            except BlockingIOError:
                await asyncio.sleep(NEXT_TRY)
            else:
                return found
    except BaseException:
        found.close()
        raise


class _Answer:
    """One request on a connection of its own, and what comes back."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, patience: float
    ) -> None:
        self._reader, self._writer, self._patience = reader, writer, patience
        self._state = h11.Connection(h11.CLIENT)
        self.status = 0

    async def ask(self, method: str, path: str, body: Any, headers: dict[str, str]) -> None:
        """Send the request and read the head of the answer."""
        data = b"" if body is None else json.dumps(body).encode()
        fields = {**headers, "Content-Length": str(len(data))}
        head = h11.Request(method=method, target=path, headers=list(fields.items()))
        sent = [self._state.send(head), self._state.send(h11.Data(data))]
        self._writer.write(b"".join(part for part in sent if part))
        self._state.send(h11.EndOfMessage())
        async with asyncio.timeout(self._patience):
            await self._writer.drain()
        event = await self._next()
        while isinstance(event, h11.InformationalResponse):
            event = await self._next()
        if not isinstance(event, h11.Response):
            raise Broken("the engine closed the connection")
        self.status = event.status_code

    async def whole(self) -> bytes:
        """The whole body, up to a limit."""
        parts, size = [], 0
        async for part in self._parts():
            parts.append(part)
            size += len(part)
            if size > LARGEST_ANSWER:
                raise Broken(f"the answer has over {LARGEST_ANSWER:,} bytes")
        return b"".join(parts)

    async def lines(self) -> AsyncIterator[bytes]:
        """The body line by line."""
        rest = b""
        async for part in self._parts():
            *whole, rest = (rest + part).split(b"\n")
            if len(rest) > LONGEST_EVENT:
                raise Broken(f"an event has over {LONGEST_EVENT:,} bytes")
            for line in whole:
                yield line
        if rest:
            yield rest

    async def _parts(self) -> AsyncIterator[bytes]:
        while isinstance(event := await self._next(), h11.Data):
            yield bytes(event.data)
        if isinstance(event, h11.ConnectionClosed):
            raise Broken("the connection was closed in the middle")

    async def _next(self) -> Any:
        while (event := self._state.next_event()) is h11.NEED_DATA:
            async with asyncio.timeout(self._patience):
                self._state.receive_data(await self._reader.read(CHUNK))
        return event


def _event(name: bytes, data: bytes) -> dict[str, Any]:
    event = _parsed(data)
    if not isinstance(event, dict):
        raise Broken("an event is not a table")
    wrong = event if name == b"error" else event.get("error")
    if wrong:
        raise Refusal(500, wrong if isinstance(wrong, dict) else {"message": str(wrong)})
    return event


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Broken("the answer is not JSON") from error


def _error(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)["error"]
        return found if isinstance(found, dict) else {"message": str(found)}
    except (ValueError, KeyError, TypeError, RecursionError):
        return {"message": data[:300].decode("utf-8", "replace")}
