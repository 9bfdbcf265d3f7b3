"""Asks an engine over HTTP: through a Unix socket, or at an address; answers as JSON."""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from freehold.engines.hosting.line import Dead, Line

PATIENCE = 600.0
"""Seconds of silence after which an engine counts as hung."""
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
    sees that nobody listens anymore. After a whole answer up to `keeps` of them wait a moment for
    the next question, which then comes from the same event loop. `headers` take the place of the
    usual one with the key, `prefix` stands before each path, `tls` is how to know that the other
    side is the right one.
    """

    keeps = 0

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
        self._kept: list[Line] = []

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
            while lines := await answer.lines():
                for line in lines:
                    if line.strip():
                        yield _event(b"data", line)

    async def stream(
        self, path: str, body: Any, *, marked: bool = True
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The events of an answer that comes piece by piece; Broken when it ends too early.

        Some servers do not mark the end (`marked`); then the last event must tell it.
        """
        async with self._asked("POST", path, body) as answer:
            while lines := await answer.lines():
                for line in lines:
                    name, _, data = line.partition(b": ")
                    if name == b"data" and data.strip() == b"[DONE]":
                        return
                    if name in (b"data", b"error"):
                        yield _event(name, data)
        if marked:
            raise Broken("the answer ended in the middle")

    def close(self) -> None:
        """Keep no connection any more; what is asked goes on."""
        self.keeps = 0
        while self._kept:
            self._kept.pop().close()

    @asynccontextmanager
    async def _asked(
        self, method: str, path: str, body: Any, patience: float | None = None
    ) -> AsyncIterator[Line]:
        """The open answer to one request; Refusal when it is an error."""
        patience, line = patience or self.patience, None
        data = b"" if body is None else json.dumps(body).encode()
        try:
            line = await self._begun(method, self.prefix + path, data, patience)
            if line.status >= 300:  # nobody is followed to another place
                raise Refusal(line.status, _error(await line.whole()))
            yield line
            self._keep(line)
        except TimeoutError as error:
            raise Broken(f"no answer for {patience:.0f} seconds") from error
        except OSError as error:
            raise Broken(str(error) or type(error).__name__) from error
        finally:
            if line is not None and not line.left:
                line.close()

    async def _begun(self, method: str, path: str, data: bytes, patience: float) -> Line:
        """A connection on which an answer has begun; those that were kept may be dead by now."""
        while self._kept:
            line = self._kept.pop()
            if not line.free:
                line.close()
                continue
            line.patience = patience
            with suppress(Dead):
                await line.ask(method, path, data, self._headers)
                return line
        async with asyncio.timeout(patience):
            line = await self._connected()
        line.patience = patience
        await line.ask(method, path, data, self._headers)
        return line

    def _keep(self, line: Line) -> None:
        """Keep a connection for the next question, where there is a place for it."""
        while self._kept and not self._kept[0].free:
            self._kept.pop(0).close()
        if len(self._kept) < self.keeps:
            line.leave()
            self._kept.append(line)

    async def _connected(self) -> Line:
        loop = asyncio.get_running_loop()
        if isinstance(self.at, Path):
            _, line = await loop.create_unix_connection(Line, sock=await _met(self.at))
            return line
        name = self.at[0] if self.tls else None
        _, line = await loop.create_connection(Line, *self.at, ssl=self.tls, server_hostname=name)
        return line


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


def _event(name: bytes, data: bytes) -> dict[str, Any]:
    event = _parsed(data)
    if not isinstance(event, dict):
        raise Broken("an event is not a table")
    wrong = event if name == b"error" else event.get("error")
    if wrong:
        raise Refusal(500, wrong if isinstance(wrong, dict) else {"message": str(wrong)})
    return event


def _parsed(data: bytes) -> Any:
    """What JSON says; also where it has signs or numbers that are none in the standard."""
    try:
        return msgspec.json.decode(data)
    except (ValueError, RecursionError):
        pass
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
