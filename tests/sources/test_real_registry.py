"""The OCI source against the registry that Debian packages as docker-registry, where it is here."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from freehold.core.errors import NotFound
from freehold.core.http import Wish, get
from freehold.sources.oci import supplier
from tests.sources.registry import OCI, digest_of
from tests.sources.test_oci import DOC, FILEPATH, RAW, WEIGHTS
from tests.waiting import LONG, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("docker-registry"), reason="no docker-registry is here"),
]
CONFIG = """version: 0.1
storage: {{filesystem: {{rootdirectory: {root}}}}}
http: {{addr: "127.0.0.1:{port}"}}
log: {{level: error}}
"""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[str]:
    """A registry that runs until the test ends."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    file = tmp_path / "config.yml"
    file.write_text(CONFIG.format(root=tmp_path / "registry", port=port))
    with subprocess.Popen(
        ["docker-registry", "serve", str(file)], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            _wait(port)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait(port: int) -> None:
    def listens() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            return False
        return True

    until(listens, "the registry")


def send(host: str, method: str, path: str, body: bytes = b"", kind: str = "") -> str:
    """One request that changes something; where the answer leads."""
    with closing(HTTPConnection(host, timeout=LONG)) as connection:
        headers = {"Content-Type": kind or "application/octet-stream"}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status in (201, 202), answer.status
        return answer.headers.get("Location") or ""


def push(host: str, data: bytes) -> dict[str, object]:
    """A blob in the registry; its descriptor without a kind."""
    to = urlsplit(send(host, "POST", "/v2/lab/small/blobs/uploads/"))
    send(host, "PUT", f"{to.path}?{to.query}&digest={digest_of(data)}", data)
    return {"digest": digest_of(data), "size": len(data)}


def test_a_model_pack_is_offered_and_fetched_by_digest(host: str) -> None:
    import json

    config = {"mediaType": "application/vnd.cncf.model.config.v1+json", **push(host, b"{}")}
    layers = [
        {"mediaType": RAW, **push(host, WEIGHTS), "annotations": {FILEPATH: "model.gguf"}},
        {"mediaType": DOC, **push(host, b"Terms"), "annotations": {FILEPATH: "LICENSE"}},
    ]
    table = {"schemaVersion": 2, "mediaType": OCI, "config": config, "layers": layers}
    data = json.dumps(table).encode()
    send(host, "PUT", "/v2/lab/small/manifests/1b", data, OCI)
    for reference in (":1b", f"@{digest_of(data)}"):
        artifact = supplier(f"oci:{host}/lab/small{reference}")
        offer = artifact.offer()
        assert offer.commit == digest_of(data)
        bodies = [
            get(artifact.address(file).url, Wish(1_000, (0, 1_000))).body for file in offer.files
        ]
        assert bodies == [WEIGHTS, b"Terms"]
    with pytest.raises(NotFound):
        supplier(f"oci:{host}/lab/small:none").offer()
