"""The command as a process: it says where it is, reads its configuration again, ends well."""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from freehold.server.fetching import addresses
from tests.cli.running import freehold
from tests.engines.stubs import stub
from tests.server.conftest import ask
from tests.waiting import LONG, until

CHAT = "/v1/chat/completions"
RUN = "from freehold.cli.main import main; main()"


@contextmanager
def started(*words: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The command, and the port at which it serves."""
    command = (sys.executable, "-c", RUN, "serve", "--json", "--port", "0", "--log", "off", *words)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        text = ""
        while not text.rstrip().endswith("}") and (line := process.stdout.readline()):
            text += line
        try:
            yield process, urlsplit(json.loads(text)["url"]).port or 0
        finally:
            process.kill()


def post(port: int, body: Any) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONG)
    connection.request("POST", CHAT, json.dumps(body))
    answer = connection.getresponse()
    try:
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.slow
def test_it_reads_its_configuration_again_and_lets_requests_end(
    model: Path, tmp_path: Path
) -> None:
    stub(tmp_path, pause=0.02)
    file = tmp_path / "freehold.toml"
    file.write_text('[[models]]\nmodel = "tiny.gguf"\n')
    with started("--config", str(file)) as (process, port):
        assert post(port, ask("x"))[0] == 200
        file.write_text('[[models]]\nmodel = "tiny.gguf"\nname = "new"\n')
        os.kill(process.pid, signal.SIGHUP)
        until(lambda: post(port, {**ask("x"), "model": "new"})[0] == 200)
        assert post(port, ask("x"))[0] == 404
        file.write_text("[[models")
        os.kill(process.pid, signal.SIGHUP)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONG)
        body = {**ask("x"), "model": "new", "stream": True}
        connection.request("POST", CHAT, json.dumps(body))
        answer = connection.getresponse()
        answer.readline()
        process.send_signal(signal.SIGTERM)
        assert b"[DONE]" in answer.read()
        connection.close()
        assert process.wait(LONG) in (0, -signal.SIGTERM)


def test_a_port_that_is_taken_is_said(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with started(str(model)) as (_, port):
        done = freehold(capsys, "serve", str(model), "--port", str(port))
    assert done.code == 4
    assert f"port {port}" in done.err


def test_a_configuration_names_the_field_that_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "freehold.toml"
    for text, says in (
        ("[server]\nprot = 1", "prot"),
        ("[[models]]\nmodel = 'a'\nparallel = 'x'", "parallel"),
        ("[[models]]\nmodel = 'a'\n[[models]]\nmodel = 'b'\naliases = ['a']", "two models"),
        ("[server]\ncertificate = 'x'", "private key"),
        ("[guards]\nbefore = ['nowhere:nothing']", "nowhere:nothing"),
        ("not toml", "Expected"),
    ):
        file.write_text(text)
        done = freehold(capsys, "serve", "--config", str(file), "--port", "0")
        assert done.code in (2, 3), text
        assert says in done.err


def test_only_addresses_of_media_are_fetched() -> None:
    turn = {"content": [{"type": "image_url", "image_url": {"url": "https://a.org/x.png"}},
                        {"type": "text", "text": "https://b.org"}], "url": "data:,x"}  # fmt: skip
    assert list(addresses({"messages": [turn]})) == ["https://a.org/x.png"]
