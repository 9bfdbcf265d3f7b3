"""A small OCI registry on this machine: answers as the real ones do, and as a bad one might."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

OCI = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
Layer = tuple[str, bytes, dict[str, str] | None]


def digest_of(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"


class Registry(ThreadingHTTPServer):
    """Repositories with manifests by tag and digest, and blobs; `secret` asks for a token."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.manifests: dict[tuple[str, str], tuple[str, bytes]] = {}
        self.blobs: dict[str, bytes] = {}
        self.secret: str | None = None
        self.password: str | None = None
        self.realm: str | None = None
        self.elsewhere: str | None = None
        self.says_digest: str | None = None
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The other side may hang up at any time."""

    def put(self, repo: str, tag: str, table: Any, kind: str = OCI) -> str:
        """Keep a manifest under its tag and its digest."""
        data = table if isinstance(table, bytes) else json.dumps(table).encode()
        self.manifests[repo, tag] = self.manifests[repo, digest_of(data)] = (kind, data)
        return digest_of(data)

    def blob(self, kind: str, data: bytes, notes: dict[str, str] | None = None) -> dict[str, Any]:
        """Keep a blob; its descriptor."""
        self.blobs[digest_of(data)] = data
        found: dict[str, Any] = {"mediaType": kind, "digest": digest_of(data), "size": len(data)}
        return {**found, "annotations": notes} if notes else found

    def artifact(self, repo: str, tag: str, layers: list[Layer], kind: str = OCI) -> str:
        """Keep an artifact of these layers; its digest."""
        table = {
            "schemaVersion": 2,
            "mediaType": kind,
            "config": self.blob("application/vnd.cncf.model.config.v1+json", b"{}"),
            "layers": [self.blob(*layer) for layer in layers],
        }
        return self.put(repo, tag, table, kind)


class Handler(BaseHTTPRequestHandler):
    """The routes of the distribution protocol that are needed to read."""

    server: Registry
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed."""

    def do_GET(self) -> None:
        server, parts = self.server, urlsplit(self.path)
        path = unquote(parts.path)
        server.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
        if path == "/token":
            self.token(parse_qs(parts.query))
            return
        if server.secret and self.headers.get("Authorization") != f"Bearer {server.secret}":
            realm = server.realm or f"{server.url}/token"
            told = f'Bearer realm="{realm}",service="here",scope="repository:x:pull,push"'
            self.table(401, {"errors": [{"message": "who are you?"}]}, {"WWW-Authenticate": told})
            return
        manifest = re.fullmatch(r"/v2/(.+)/manifests/([^/]+)", path)
        blob = re.fullmatch(r"/v2/(.+)/blobs/(sha256:[0-9a-f]{64})", path)
        if manifest and (manifest[1], manifest[2]) in server.manifests:
            kind, data = server.manifests[manifest[1], manifest[2]]
            said = server.says_digest or digest_of(data)
            self.send(200, data, {"Content-Type": kind, "Docker-Content-Digest": said})
        elif blob and server.elsewhere and blob[2] in server.blobs:
            self.send(307, b"", {"Location": f"{server.elsewhere}{self.path}?signature=1"})
        elif blob and blob[2] in server.blobs:
            self.data(server.blobs[blob[2]])
        elif path.endswith("/tags/list"):
            self.table(200, {"tags": []})
        else:
            self.table(404, {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "not here"}]})

    def token(self, asked: dict[str, list[str]]) -> None:
        wanted = self.server.password
        if wanted and self.headers.get("Authorization") != wanted:
            self.table(401, {"errors": [{"message": "wrong password"}]})
        else:
            self.table(200, {"token": self.server.secret, "expires_in": 300})

    def data(self, data: bytes) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if not wanted:
            self.send(200, data)
            return
        start, end = int(wanted[1]), min(int(wanted[2] or len(data) - 1) + 1, len(data))
        span = f"bytes {start}-{end - 1}/{len(data)}"
        self.send(206, data[start:end], {"Content-Range": span})

    def table(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
        told = {"Content-Type": "application/json", **(headers or {})}
        self.send(status, json.dumps(content).encode(), told)

    def send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def running() -> Iterator[Registry]:
    """A registry that answers until the block ends."""
    with Registry() as registry:
        thread = threading.Thread(target=registry.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield registry
        finally:
            registry.shutdown()
            thread.join()
