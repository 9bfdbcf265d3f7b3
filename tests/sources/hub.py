"""A small Hub on this machine: answers as the real one does, and as a bad one might."""

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPO = "lab/small"
Act = Callable[["Handler"], None]


def entry(name: str, data: bytes, *, apart: bool) -> dict[str, Any]:
    """A file in the list, with its digest: that of git, or for one stored apart its SHA-256."""
    git = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    row: dict[str, Any] = {"rfilename": name, "size": len(data), "blobId": git}
    if apart:
        sha = hashlib.sha256(data).hexdigest()
        row["lfs"] = {"sha256": sha, "size": len(data), "pointerSize": 134}
    return row


class Hub(ThreadingHTTPServer):
    """One repository; `acts` are played once each, in turn, before a path answers as usual."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.stored_apart: set[str] = set()
        self.siblings: list[dict[str, Any]] | None = None
        self.acts: dict[str, list[Act]] = {}
        self.gated: bool | str = False
        self.members: set[str] = set()
        self.branches: list[str] = []
        self.tags: list[str] = ["license:mit"]
        self.ranges = True
        self.sent = 0
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The other side may hang up at any time."""

    def listing(self) -> dict[str, Any]:
        siblings = self.siblings
        if siblings is None:
            siblings = [
                entry(name, data, apart=name in self.stored_apart)
                for name, data in self.files.items()
            ]
        return {
            "_id": "0", "id": REPO, "modelId": REPO, "sha": COMMIT, "private": False,
            "gated": self.gated, "tags": self.tags, "siblings": siblings,
        }  # fmt: skip

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


class Handler(BaseHTTPRequestHandler):
    """The routes of the Hub that are needed here."""

    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed."""

    def do_GET(self) -> None:
        hub, path = self.server, unquote(urlsplit(self.path).path)
        hub.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
        for key, acts in hub.acts.items():
            if path.endswith(key) and acts:
                acts.pop(0)(self)
                return
        resolve = re.fullmatch(rf"/{REPO}/resolve/([^/]+)/(.+)", path)
        if path in (f"/api/models/{REPO}/revision/{name}" for name in ("main", COMMIT)):
            self.table(200, hub.listing())
        elif path == f"/api/models/{REPO}/refs" and hub.branches:
            names = [{"name": name, "ref": f"refs/heads/{name}"} for name in hub.branches]
            self.table(200, {"branches": names, "converts": [], "tags": []})
        elif path.startswith(f"/api/models/{REPO}/revision/"):
            self.error(404, "RevisionNotFound", "Invalid rev id")
        elif resolve and resolve[1] == COMMIT and resolve[2] in hub.files:
            self.resolve(resolve[2])
        elif path.startswith("/cdn/") and path.removeprefix("/cdn/") in hub.files:
            self.data(hub.files[path.removeprefix("/cdn/")])
        elif resolve:
            self.error(404, "EntryNotFound", "Entry not found")
        else:
            self.error(404, "RepoNotFound", "Repository not found")

    def resolve(self, name: str) -> None:
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if self.server.gated and not token:
            self.error(401, "GatedRepo", "Access to model lab/small is restricted.")
        elif self.server.gated and token not in self.server.members:
            self.error(403, "GatedRepo", "Access to model lab/small is restricted.")
        elif name in self.server.stored_apart:
            self.go(f"/cdn/{name}?X-Signature=secret")
        else:
            self.data(self.server.files[name])

    def data(self, data: bytes) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "")
        if not wanted or not self.server.ranges:
            self.send(200, data)
            return
        start, end = int(wanted[1]), min(int(wanted[2]) + 1, len(data))
        span = f"bytes {start}-{end - 1}/{len(data)}"
        self.send(206, data[start:end], {"Content-Range": span})

    def table(self, status: int, content: Any, **headers: str) -> None:
        told = {"Content-Type": "application/json; charset=utf-8"}
        told |= {key.replace("_", "-"): value for key, value in headers.items()}
        self.send(status, json.dumps(content).encode(), told)

    def error(self, status: int, code: str, message: str) -> None:
        self.table(status, {"error": message}, X_Error_Code=code, X_Error_Message=message)

    def go(self, to: str, status: int = 302) -> None:
        self.send(status, b"", {"Location": to})

    def send(
        self, status: int, body: bytes, headers: dict[str, str] | None = None,
        length: int | None = None,
    ) -> None:  # fmt: skip
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.server.sent += len(body)
        self.wfile.write(body)
        if length is not None:
            self.close_connection = True


@contextmanager
def running() -> Iterator[Hub]:
    """A Hub that answers until the block ends."""
    with Hub() as hub:
        thread = threading.Thread(target=hub.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            hub.shutdown()
            thread.join()
