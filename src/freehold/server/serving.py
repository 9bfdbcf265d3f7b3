"""Runs the server in this process until it is told to end: TLS, signals, slow connections."""

import asyncio
import gc
import logging
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from freehold.core.errors import EnvironmentProblem
from freehold.server.app import application
from freehold.server.config import Config
from freehold.server.service import Service

SECONDS_FOR_A_HEAD = 15.0
KEPT_OPEN = 30
LONGEST_TURN = 0.001
"""Seconds that a thread which writes something down may keep the others waiting."""
LARGEST_HEAD = 64 * 1024
log = logging.getLogger("freehold.server")


class Together:
    """A way out that sends at once what is written in one turn of the loop: a head and its body."""

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._parts: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send this with what else is written now."""
        if not self._parts:
            self._loop.call_soon(self.flush)
        self._parts.append(data)

    def close(self) -> None:
        """Send what waits, and end."""
        self.flush()
        self._transport.close()

    def flush(self) -> None:
        """Send what waits."""
        parts, self._parts = self._parts, []
        if parts:
            self._transport.write(b"".join(parts))


class Patient(HttpToolsProtocol):
    """A connection that is closed when the head of a request does not come in time, or has no end.

    The time of the first begins with the connection, that of the others with their first byte;
    connections that are only kept are closed by `timeout_keep_alive`.
    """

    _late: asyncio.TimerHandle | None = None
    _head = 0
    _unfinished = _has_body = False

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first head."""
        super().connection_made(Together(transport, self.loop))  # type: ignore[arg-type]
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Hand bytes on; what is left of a head must come soon, and be short."""
        super().data_received(data)
        if not (self._unfinished or self._is_idle()):
            return
        self._head += len(data)
        if self._head > LARGEST_HEAD:
            self.send_400_response("The head of this request is too long.")
        elif self._late is None:
            self._wait()

    def on_message_complete(self) -> None:
        """The body is whole, too."""
        super().on_message_complete()
        self._has_body = False

    def _is_idle(self) -> bool:
        """Whether all was answered: then what comes, and be it an empty line, begins a head."""
        return not self._has_body and (self.cycle is None or self.cycle.response_complete)

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._unfinished, self._head = True, 0

    def on_headers_complete(self) -> None:
        """Stop waiting: the head is whole."""
        self._unfinished, self._has_body = False, True
        self._stop()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Send what is left of an answer."""
        super().on_response_complete()
        self.transport.flush()  # type: ignore[attr-defined]

    def _wait(self) -> None:
        self._late = self.loop.call_later(SECONDS_FOR_A_HEAD, self._close)

    def _stop(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _close(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


def serve(config: Config, reread: Callable[[], Config], ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; SIGHUP reads the configuration again."""
    service = Service(config)
    running = Hosted(settings(config, service), service, reread, ready)
    sys.setswitchinterval(LONGEST_TURN)
    try:
        running.run()
    except KeyboardInterrupt:
        pass
    except SystemExit as error:
        says = f"the server cannot listen on {config.server.host} port {config.server.port}"
        raise EnvironmentProblem(says, hint="is the port taken? --port names another") from error


def settings(config: Config, service: Service) -> uvicorn.Config:
    """How HTTP is spoken: by `httptools` alone, with limits, and without telling what runs here."""
    server = config.server
    return uvicorn.Config(
        application(service),
        host=server.host,
        port=server.port,
        http=Patient,
        ws="none",
        loop="asyncio",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEPT_OPEN,
        timeout_graceful_shutdown=int(server.drain),
        limit_concurrency=config.limits.connections,
        ssl_certfile=server.certificate,
        ssl_keyfile=server.private_key,
    )


class Hosted(uvicorn.Server):
    """Says when it is ready, reloads on SIGHUP, and tells the service when it begins to drain."""

    def __init__(
        self,
        settings: uvicorn.Config,
        service: Service,
        reread: Callable[[], Config],
        ready: Callable[[str], None],
    ) -> None:
        super().__init__(settings)
        self._service, self._reread, self._ready = service, reread, ready

    async def startup(self, sockets: Any = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        if self.started and not self.should_exit:
            mine = threading.current_thread() is threading.main_thread()
            if mine and hasattr(signal, "SIGHUP"):
                loop = asyncio.get_running_loop()
                signal.signal(signal.SIGHUP, lambda *_: loop.call_soon_threadsafe(self._reload))
            found = self.servers[0].sockets[0].getsockname()
            scheme = "https" if self.config.is_ssl else "http"
            host = f"[{found[0]}]" if ":" in found[0] else found[0]
            gc.collect()
            gc.freeze()  # what is here now stays: it need not be looked at again and again
            self._ready(f"{scheme}://{host}:{found[1]}")

    async def shutdown(self, sockets: Any = None) -> None:
        """No new requests; those that run end first."""
        self._service.pool.draining = True
        await super().shutdown(sockets)

    def _reload(self) -> None:
        try:
            self._service.reload(self._reread())
            log.info("the configuration was read again")
        except Exception as error:
            log.error("the configuration stays as it was: %s", error)
