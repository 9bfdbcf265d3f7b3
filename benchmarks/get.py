"""How fast `freehold get` and `hf download` bring the same files from one server on this machine.

    PEER=/path/to/venv/bin/hf python benchmarks/get.py [--size MIB] [--files N] [--rounds N]

The server is a small Hub in a process of its own that sends from files on the same disk. Each
round fetches into an empty cache with one tool, then with the other, in turn; start of the
process included, as a person sees it. Freehold reads texts and headers first, proves every byte
against the SHA-256 of the list and keeps digests of 16 MiB chunks; `hf download` compares sizes.
"""

import argparse
import hashlib
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import unquote, urlsplit

REPO, COMMIT = "lab/large", "0123456789abcdef0123456789abcdef01234567"
MIB = 2**20


def make(folder: Path, size: int, files: int) -> None:
    """Safetensors files of random bytes, of so many MiB in all, and a card."""
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Large\n")
    each = size * MIB // files
    block = os.urandom(MIB)
    for number in range(1, files + 1):
        name = f"model-{number:05}-of-{files:05}.safetensors" if files > 1 else "model.safetensors"
        row = {"dtype": "U8", "shape": [each], "data_offsets": [0, each]}
        head = json.dumps({f"x{number}": row}).encode()
        with (folder / name).open("wb") as out:
            out.write(len(head).to_bytes(8, "little") + head)
            for at in range(0, each, MIB):
                out.write(at.to_bytes(8, "little") + block[8 : min(MIB, each - at)])


def digest(path: Path, git: bool) -> str:
    made = hashlib.sha1(b"blob %d\0" % path.stat().st_size) if git else hashlib.sha256()
    with path.open("rb") as stream:
        while data := stream.read(MIB):
            made.update(data)
    return made.hexdigest()


class Handler(BaseHTTPRequestHandler):
    """The list, and files with ranges, as the Hub answers."""

    protocol_version = "HTTP/1.1"
    folder: Path
    rows: dict[str, dict[str, Any]]

    def log_message(self, format: str, *args: Any) -> None: ...

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if path.startswith(f"/api/models/{REPO}"):
            listed = self.tree() if "/tree/" in path else self.listing()
            body = json.dumps(listed).encode()
            self.head(200, len(body), {"Content-Type": "application/json"})
            self.wfile.write(body if self.command == "GET" else b"")
            return
        name = path.rpartition("/")[2]
        if name not in self.rows:
            self.head(404, 0, {"X-Error-Code": "EntryNotFound"})
            return
        self.file(name)

    def listing(self) -> dict[str, Any]:
        return {"_id": "0", "id": REPO, "modelId": REPO, "sha": COMMIT, "private": False,
                "gated": False, "tags": [], "siblings": list(self.rows.values())}  # fmt: skip

    def tree(self) -> list[dict[str, Any]]:
        rows = []
        for name, row in self.rows.items():
            entry = {"type": "file", "path": name, "size": row["size"], "oid": row["blobId"]}
            if "lfs" in row:
                entry["lfs"] = {**row["lfs"], "oid": row["lfs"]["sha256"]}
            rows.append(entry)
        return rows

    def file(self, name: str) -> None:
        row, size = self.rows[name], self.rows[name]["size"]
        start, end = 0, size
        said = self.headers.get("Range", "")
        if said.startswith("bytes="):
            first, _, last = said[6:].partition("-")
            start, end = int(first), min(int(last) + 1, size) if last else size
        mark = row["lfs"]["sha256"] if "lfs" in row else row["blobId"]
        told = {"ETag": f'"{mark}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        if said:
            told["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        self.head(206 if said else 200, end - start, told)
        if self.command == "GET":
            self.wfile.flush()
            with (self.folder / name).open("rb") as stream:
                while start < end:
                    at = self.connection.fileno()
                    sent = os.sendfile(at, stream.fileno(), start, min(end - start, 2**24))
                    start += sent

    def head(self, status: int, length: int, told: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in told.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()


def serve(folder: Path) -> None:
    """Answer until the process is ended; the port is the first line."""
    Handler.folder, Handler.rows = folder, {}
    for path in sorted(folder.iterdir()):
        large = path.suffix == ".safetensors"
        row: dict[str, Any] = {"rfilename": path.name, "size": path.stat().st_size}
        row["blobId"] = "0" * 40 if large else digest(path, git=True)
        if large:
            row["lfs"] = {"sha256": digest(path, git=False), "size": row["size"], "pointerSize": 9}
        Handler.rows[path.name] = row
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_port, flush=True)
    server.serve_forever()


def timed(words: list[str], env: dict[str, str]) -> tuple[float, float]:
    """(seconds, seconds of the processor) of a command that must end well."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, used


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=2048, help="MiB in all")
    parser.add_argument("--files", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", type=Path)
    parser.add_argument("--under", type=Path, help="the folder in which all of it happens")
    said = parser.parse_args()
    if said.serve:
        serve(said.serve)
        return
    with tempfile.TemporaryDirectory(dir=said.under) as folder:
        measure(Path(folder), said.size, said.files, said.rounds)


def measure(folder: Path, size: int, files: int, rounds: int) -> None:
    source, cache = folder / "source", folder / "cache"
    source.mkdir()
    make(source, size, files)
    command = [sys.executable, __file__, "--serve", str(source)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        env = {**os.environ, "HF_ENDPOINT": f"http://127.0.0.1:{port}", "HF_HUB_CACHE": str(cache),
               "FREEHOLD_HOME": str(folder / "home"), "HF_HUB_DISABLE_XET": "1",
               "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}  # fmt: skip
        code = "from freehold.cli.main import main; main()"
        tools = {"freehold get": [sys.executable, "-c", code, "get", f"hf:{REPO}"]}
        if os.environ.get("PEER"):
            tools["hf download"] = [os.environ["PEER"], "download", REPO]
        try:
            compare(tools, env, [cache, folder / "home"], size, rounds)
        finally:
            server.terminate()


def compare(
    tools: dict[str, list[str]], env: dict[str, str], clean: list[Path], size: int, rounds: int
) -> None:
    rows: dict[str, list[tuple[float, float]]] = {name: [] for name in tools}
    for number in range(rounds):
        order = list(tools.items())
        for name, words in order if number % 2 == 0 else reversed(order):
            for path in clean:
                shutil.rmtree(path, ignore_errors=True)
            rows[name].append(timed(words, env))
    print(f"{platform.python_version()}, {os.cpu_count()} cores, {size} MiB, {rounds} rounds")
    for name, found in rows.items():
        best, middle = min(found), median(seconds for seconds, _ in found)
        each = ", ".join(f"{seconds:.2f}" for seconds, _ in found)
        rates = f"{size / best[0]:5.0f} MiB/s best, {size / middle:5.0f} median"
        print(f"{name:14} {rates} of {each} s; processor {best[1]:.2f} s")


if __name__ == "__main__":
    main()
