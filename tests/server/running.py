"""Runs a server on a port of this machine for a test, and asks it."""

import asyncio
import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from freehold.server.config import Config, Limits, Model, Server
from freehold.server.service import Service
from freehold.server.serving import Hosted, settings
from tests.waiting import LONG


class Reply(NamedTuple):
    """A status, headers in lower case, and the body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[Any]:
        """The data of each event of a stream that is JSON."""
        lines = [x.removeprefix(b"data: ") for x in self.body.split(b"\n") if x.startswith(b"data")]
        return [json.loads(line) for line in lines if line != b"[DONE]"]

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.body.splitlines() if line]


class Here(NamedTuple):
    """A server that runs."""

    url: str
    service: Service
    loop: asyncio.AbstractEventLoop

    @property
    def port(self) -> int:
        return int(urlsplit(self.url).port or 0)

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None,
        timeout: float = LONG,
    ) -> Reply:  # fmt: skip
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection.request(method, path, data, headers or {})
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        try:
            return Reply(answer.status, found, answer.read())
        finally:
            connection.close()

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Reply:
        return self.ask("POST", path, body, headers)

    def get(self, path: str, headers: dict[str, str] | None = None) -> Reply:
        return self.ask("GET", path, None, headers)


@contextmanager
def serving(config: Config) -> Iterator[Here]:
    """The server of a configuration, until the end of the block."""
    service = Service(config)
    told: list[str] = []
    ready = threading.Event()

    def tell(url: str) -> None:
        told.append(url)
        ready.set()

    hosted = Hosted(settings(config, service), service, lambda: config, tell)
    loop = asyncio.new_event_loop()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(hosted.serve())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(LONG)
    try:
        yield Here(told[0], service, loop)
    finally:
        hosted.should_exit = True
        thread.join(LONG)
        assert not thread.is_alive()


def config(model: Path, server: dict[str, Any] | None = None, **more: Any) -> Config:
    """A configuration for one model that answers to `tiny` and `gpt-4o`."""
    limits = Limits(**more.pop("limits", {}))
    one = Model(**{"model": str(model), "aliases": ("gpt-4o",), **more})
    return Config(server=Server(**{"port": 0, **(server or {})}), limits=limits, models=(one,))
