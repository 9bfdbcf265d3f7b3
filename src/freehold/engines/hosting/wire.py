"""Asks an engine over HTTP, through a Unix socket or on the loopback address; answers as JSON."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LARGEST_ANSWER = 256 * 2**20
LONGEST_EVENT = 16 * 2**20
PATIENCE = 600.0
"""Seconds of silence after which an engine counts as hung."""


class Refusal(Exception):
    """The engine answered with an error: its status, and what it says as a table."""

    def __init__(self, status: int, says: dict[str, Any]) -> None:
        super().__init__(str(says.get("message") or f"status {status}"))
        self.status, self.says = status, says


class Broken(Exception):
    """The connection broke off, or what came is not what an engine should say."""


class _Local(http.client.HTTPConnection):
    """A connection through a Unix socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Open the socket of this path."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Wire:
    """The way to one engine: `at` is the path of a socket, or (host, port); `key` opens it."""

    def __init__(self, at: Path | tuple[str, int], key: str, patience: float = PATIENCE) -> None:
        self.at, self.patience = at, patience
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def alive(self, path: str = "/health") -> bool:
        """Whether the engine answers here that all is well."""
        try:
            with self._asked("GET", path, None, patience=2.0) as answer:
                return answer.status == 200
        except (Refusal, Broken):
            return False

    def get(self, path: str) -> Any:
        """The answer to a question without a body."""
        with self._asked("GET", path, None) as answer:
            return _parsed(answer.read(LARGEST_ANSWER))

    def post(self, path: str, body: Any) -> Any:
        """The answer to a body."""
        with self._asked("POST", path, body) as answer:
            return _parsed(answer.read(LARGEST_ANSWER))

    def stream(self, path: str, body: Any) -> Iterator[dict[str, Any]]:
        """The events of an answer that comes piece by piece; Broken when it ends too early."""
        with self._asked("POST", path, body) as answer:
            while line := answer.readline(LONGEST_EVENT):
                name, _, data = line.partition(b": ")
                if name == b"data" and data.strip() == b"[DONE]":
                    return
                if name in (b"data", b"error"):
                    yield _event(name, data)
        raise Broken("the answer ended in the middle")

    @contextmanager
    def _asked(
        self, method: str, path: str, body: Any, patience: float | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        """The open answer to one request; Refusal when it is an error."""
        line = self._connection(patience or self.patience)
        try:
            line.request(method, path, None if body is None else json.dumps(body), self._headers)
            answer = line.getresponse()
            if answer.status >= 400:
                raise Refusal(answer.status, _error(answer.read(LARGEST_ANSWER)))
            yield answer
        except TimeoutError as error:
            raise Broken(f"no answer for {patience or self.patience:.0f} seconds") from error
        except (OSError, http.client.HTTPException) as error:
            raise Broken(str(error) or type(error).__name__) from error
        finally:
            line.close()

    def _connection(self, patience: float) -> http.client.HTTPConnection:
        if isinstance(self.at, Path):
            return _Local(self.at, patience)
        return http.client.HTTPConnection(*self.at, timeout=patience)


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
