"""Starts one of our workers in the Python of its runtime: loads a model, then answers requests.

Run as a script. What to do comes as JSON in `FREEHOLD_WORKER` (`Order`); the module that it names
has a function `load(order)`, which returns a function from a request of the task to an iterator
of pieces, of `Progress`, and at last of the result; or an object whose `answer` is that function.
One that knows its tokens also has `count(request)`, `split(text, special)`, `spell(tokens)`;
one that answers many requests at once says `together`, others are asked one after the other.
Files that it makes go into the folder it is started in. Answers are sent as events over a Unix
socket.
"""

import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from http.server import BaseHTTPRequestHandler
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from types import ModuleType
from typing import Any

Answer = Callable[[Any], Generator[Any, None, None]]
TOKENS = ("count", "split", "spell")


def _without_siblings() -> None:
    """Let this package be imported without what is installed beside it, and without its start."""
    package = ModuleType("freehold")
    package.__path__ = [str(Path(__file__).resolve().parents[2])]
    sys.modules["freehold"] = package


def _module(name: str) -> Any:
    """A worker's module: one of ours by its name, or the file of another package's engine."""
    if not name.endswith(".py"):
        return import_module(f"freehold.engines.workers.{name}")
    spec = spec_from_file_location("worker", name)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> int:
    """Load the model, open the socket, serve until killed."""
    _without_siblings()
    from freehold.core.errors import FreeholdError
    from freehold.engines.workers.order import Order
    from freehold.tasks.base import unpacked

    order = unpacked(os.environ.pop("FREEHOLD_WORKER").encode(), Order)
    try:
        model = _module(order.module).load(order)
    except FreeholdError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return 1
    Server(order, model).serve_forever()
    return 0


class Server(ThreadingMixIn, UnixStreamServer):
    """Answers on a socket; unless the model takes them together, others wait for their turn."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, order: Any, model: Any) -> None:
        from freehold.tasks.base import TASKS

        self.key, self.model = order.key, model
        self.turn: AbstractContextManager[Any] = (
            nullcontext() if getattr(model, "together", False) else threading.Lock()
        )
        self.answer: Answer = getattr(model, "answer", model)
        self.task = TASKS.get(order.task)
        super().__init__(order.socket, Handler)


class Handler(BaseHTTPRequestHandler):
    """One request: `/health`, `/ask` with the request of the task as JSON, or `/tokens`."""

    server: Server

    def address_string(self) -> str:
        """Nothing: a Unix socket has no address."""
        return ""

    def log_message(self, *_: Any) -> None:
        """Write no line for each request."""

    def do_GET(self) -> None:
        """Say that the model is loaded."""
        self._head(200)

    def do_POST(self) -> None:
        """Answer one request."""
        import hmac

        told = self.headers.get("Authorization", "")
        if not hmac.compare_digest(told, f"Bearer {self.server.key}"):
            self._head(401)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._head(200)
        nobody_listens = suppress(BrokenPipeError, ConnectionResetError)
        with self.server.turn, nobody_listens:
            self._told(self._tokens if self.path == "/tokens" else self._answer, body)

    def _told(self, do: Callable[[bytes], None], body: bytes) -> None:
        """Do it, and say in any case how it ended."""
        try:
            do(body)
        except (BrokenPipeError, ConnectionResetError):
            raise
        except BaseException as error:
            self._tell("error", json.dumps(_error(error)).encode())
        self.wfile.write(b"data: [DONE]\n\n")

    def _answer(self, body: bytes) -> None:
        from freehold.tasks.base import packed, unpacked

        request = unpacked(body, self.server.task.request)
        with closing(self.server.answer(request)) as parts:
            for part in parts:
                self._tell(self._named(part), packed(part))

    def _tokens(self, body: bytes) -> None:
        """Count, split or spell, where the model can: `{"split": ["a text", true]}`."""
        from freehold.core.errors import UsageError
        from freehold.tasks.base import unfolded

        ((name, words),) = json.loads(body).items()
        do = getattr(self.server.model, name, None) if name in TOKENS else None
        if do is None:
            raise UsageError("this model does not tell its tokens")
        if name == "count":
            words = [unfolded(words[0], self.server.task.request)]
        self._tell("found", json.dumps(do(*words)).encode())

    def _named(self, part: Any) -> str:
        from freehold.tasks.base import Progress

        if isinstance(part, Progress):
            return "progress"
        return "result" if isinstance(part, self.server.task.result) else "piece"

    def _tell(self, name: str, data: bytes) -> None:
        self.wfile.write(b'data: {"%s": %s}\n\n' % (name.encode(), data))
        self.wfile.flush()

    def _head(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()


def _error(error: BaseException) -> dict[str, Any]:
    """An error as it travels: its kind and what it says; of an unexpected one, also where."""
    from msgspec import ValidationError

    from freehold.core.errors import FreeholdError

    if isinstance(error, ValidationError):
        return {"kind": "UsageError", "message": f"the request is not as it should be: {error}"}
    if isinstance(error, FreeholdError):
        return {"kind": type(error).__name__, "message": str(error), "hint": error.hint}
    traceback.print_exception(error)
    if isinstance(error, MemoryError):
        return {"kind": "EnvironmentProblem", "message": "the memory is not enough for this"}
    return {"kind": "EnvironmentProblem", "message": f"{type(error).__name__}: {error}"[:500]}


if __name__ == "__main__":
    sys.exit(main())
