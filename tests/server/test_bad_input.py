"""Whatever comes, the answer is an error of the client or an answer: never a 500, never a hang."""

import copy
import json
import random
import re
import socket
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freehold.core.errors import FreeholdError
from freehold.server.asked import Form, Heard
from freehold.server.forms.anthropic_messages import Messages
from freehold.server.forms.llamacpp_text import Native
from freehold.server.forms.ollama_text import OllamaText
from freehold.server.forms.ollama_vectors import Vectors
from freehold.server.forms.openai_audio import Speech
from freehold.server.forms.openai_chat import Chat
from freehold.server.forms.openai_completions import Completion
from freehold.server.forms.openai_embeddings import Embedding
from freehold.server.forms.openai_images import Image
from freehold.server.forms.openai_moderations import Moderation
from freehold.server.forms.openai_responses import Response
from freehold.server.forms.reranking import Ranking
from freehold.server.problems import Refused
from freehold.server.service import ascii_list
from tests.server.bodies import BODIES
from tests.server.conftest import TASKS
from tests.server.running import Here, config, serving
from tests.waiting import LONG, until

FORMS: dict[str, Form] = {
    "/v1/chat/completions": Chat(),
    "/v1/completions": Completion(),
    "/v1/responses": Response(),
    "/v1/embeddings": Embedding(),
    "/v1/moderations": Moderation(),
    "/v1/images/generations": Image(),
    "/v1/images/edits": Image(edits=True),
    "/v1/audio/speech": Speech(),
    "/v1/rerank": Ranking(),
    "/v1/messages": Messages(),
    "/api/chat": OllamaText(chats=True),
    "/api/generate": OllamaText(chats=False),
    "/api/embed": Vectors(),
    "/completion": Native(),
    "/infill": Native(fills=True),
}
JUNK: list[Any] = [
    None, True, 0, -1, 2**31, 2**70, -(2**70), 1e308, 0.5, "", "x", "\x00", "a" * 5000,
    [], {}, [None], [[]], [{}], {"": None}, {"type": 1}, {"type": []}, "data:,x", "http://[",
    "data:image/png;base64,!", ["x", 1], {"type": "function"}, {"role": "user"}, "9" * 400,
]  # fmt: skip
KEYS = ["type", "role", "x", "content", "name", "\r\nx: y", "\x00", "é", "€", "", "a" * 2000]


def places(body: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a body."""
    yield at
    inner = (
        body.items()
        if isinstance(body, dict)
        else enumerate(body)
        if isinstance(body, list)
        else ()
    )
    for key, value in inner:
        yield from places(value, (*at, key))


def mutated(body: dict[str, Any], drawn: random.Random) -> dict[str, Any]:
    """The body with a few places changed, left out or doubled."""
    body = copy.deepcopy(body)
    for _ in range(drawn.randint(1, 4)):
        at = drawn.choice([place for place in places(body) if place])
        inside: Any = body
        for key in at[:-1]:
            inside = inside[key]
        what = drawn.random()
        if what < 0.15:
            del inside[at[-1]]
        elif what < 0.25 and isinstance(inside, dict):
            inside[drawn.choice(KEYS)] = drawn.choice(JUNK)
        else:
            inside[at[-1]] = copy.deepcopy(drawn.choice(JUNK))
        if not body:
            break
    return body


def heard(folder: Path) -> Heard:
    def earlier(name: str) -> Any:
        raise Refused("missing", "no response")

    def keep(data: bytes, ending: str) -> Path:
        (folder / f"x{ending}").write_bytes(data)
        return folder / f"x{ending}"

    return Heard(now=1, most_choices=4, keep=keep, earlier=earlier)


@pytest.mark.parametrize("path", FORMS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_a_form_reads_or_refuses(path: str, seed: int, tmp_path: Path) -> None:
    body = mutated(BODIES[path], random.Random(seed))
    try:
        asked = FORMS[path].read(body, heard(tmp_path))
    except (Refused, FreeholdError):
        return
    assert isinstance(asked.model, str)


@pytest.mark.parametrize("path", FORMS)
def test_the_good_bodies_are_good(path: str, tmp_path: Path) -> None:
    assert FORMS[path].read(BODIES[path], heard(tmp_path)).model in ("tiny", "")


@given(st.lists(st.text(), max_size=5))
def test_any_names_are_the_value_of_a_header(names: list[str]) -> None:
    value = ascii_list(tuple(names))
    assert value == value.strip()
    assert all(" " <= sign <= "~" for sign in value)


@pytest.mark.parametrize("path", BODIES)
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_a_route_answers_or_refuses(shared: Here, path: str, seed: int) -> None:
    body = mutated(BODIES[path], random.Random(seed))
    data = json.dumps(body, ensure_ascii=True).encode()
    reply = shared.post(path, data)
    assert reply.status < 500 or reply.status in (502, 503), (reply.body, body)
    json.loads(reply.body.splitlines()[0].removeprefix(b"data: ") or b"{}")


RAW = {
    "nothing": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "deep": b'{"model":' * 100_000,
    "a deep list": b'{"model":"tiny","messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a huge number": b'{"model":"tiny","max_tokens":1' + b"0" * 5000 + b"}",
    "no UTF-8": b'{"model":"\xff\xfe"}',
    "a lone surrogate": b'{"model":"tiny","messages":[{"role":"user","content":"\\ud800"}]}',
    "not a number": b'{"model":"tiny","temperature":NaN}',
    "twice": b'{"model":"tiny","model":[]}',
}


@pytest.mark.parametrize("name", RAW)
def test_bodies_that_are_none_are_refused(shared: Here, name: str) -> None:
    for path in ("/v1/chat/completions", "/v1/messages", "/api/chat", "/v1/rerank"):
        reply = shared.post(path, RAW[name])
        assert 400 <= reply.status < 500, (path, reply)
        assert reply.json


def test_names_that_would_be_headers_of_their_own_are_not(shared: Here) -> None:
    body = {**BODIES["/completion"], "\r\nset-cookie: a=b": 1, "é€": 2}
    reply = shared.post("/completion", body)
    assert reply.status == 200
    assert "set-cookie" not in reply.headers
    assert reply.headers["x-freehold-not-honored"] == "??set-cookie: a=b, ??"


def test_a_body_that_is_too_large_is_refused_before_it_is_read(model: Path) -> None:
    with serving(config(model, limits={"body_mib": 1}, tasks=TASKS)) as here:
        path = "/v1/chat/completions"
        assert here.post(path, b" " * (2**20 + 1)).status == 413
        bomb = zlib.compress(b" " * 2**26)
        assert here.post(path, bomb, {"Content-Encoding": "deflate"}).status == 413
        assert here.post(path, b"x", {"Content-Encoding": "br"}).status == 400
        packed = zlib.compress(json.dumps(BODIES["/v1/rerank"]).encode())
        headers = {"Content-Encoding": "deflate"}
        assert here.post("/v1/rerank", packed[:-4], headers).status == 400
        assert here.post("/v1/rerank", packed, headers).status == 200


def test_a_body_that_does_not_come_is_not_waited_for(model: Path) -> None:
    head = b"POST /v1/rerank HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
    with (
        serving(config(model, limits={"seconds_to_send": 0.3})) as here,
        socket.create_connection(("127.0.0.1", here.port), timeout=LONG) as slow,
    ):
        slow.sendall(head + b"{")
        assert b" 408 " in slow.recv(4096).split(b"\r\n")[0]


def test_a_head_that_does_not_come_is_not_waited_for(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("freehold.server.serving.SECONDS_FOR_A_HEAD", 0.3)
    with serving(config(model)) as here:
        for begun in (b"", b"GET /health HTTP/1.1\r\nHost: lo"):
            with socket.create_connection(("127.0.0.1", here.port), timeout=LONG) as slow:
                slow.sendall(begun)
                assert slow.recv(4096) == b""
        monkeypatch.setattr("freehold.server.serving.SECONDS_FOR_A_HEAD", LONG)
        assert here.get("/health").status == 200


def test_a_head_without_end_is_refused_also_behind_an_open_answer(
    shared: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("freehold.server.serving.SECONDS_FOR_A_HEAD", 10 * LONG)
    stream = json.dumps({**BODIES["/v1/chat/completions"], "stream": True}).encode()
    asked = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(stream)}"
    )
    for before in (b"", asked.encode() + b"\r\n\r\n" + stream):
        with (
            socket.create_connection(("127.0.0.1", shared.port), timeout=LONG) as greedy,
            suppress(ConnectionError),
        ):
            greedy.sendall(before + b"GET /health HTTP/1.1\r\nHost: ")
            for _ in range(1000):
                greedy.sendall(b"x" * 4096)
            while greedy.recv(65536):
                pass
    assert shared.get("/health").status == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nfolded: a\r\n b\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/rerank HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345",
        b"POST /v1/rerank HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"CONNECT localhost:443 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_is_not_http_is_refused_and_ends_the_connection(shared: Here, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", shared.port), timeout=LONG) as odd:
        odd.sendall(sent)
        answer = b""
        while more := odd.recv(65536):
            answer += more
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_requests_sent_at_once_are_answered_one_after_the_other(shared: Here) -> None:
    paths = (b"/health", b"/nowhere", b"/health")
    asked = b"".join(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path for path in paths)
    with socket.create_connection(("127.0.0.1", shared.port), timeout=LONG) as eager:
        eager.sendall(asked)
        answer = b""
        while answer.count(b"HTTP/1.1 ") < len(paths) or not answer.endswith(b"}"):
            answer += eager.recv(65536)
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200", b"404", b"200"]


def test_half_closed_and_broken_connections_leave_the_server_well(shared: Here) -> None:
    whole = json.dumps(BODIES["/v1/rerank"]).encode()
    head = f"POST /v1/rerank HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(whole)}\r\n\r\n"
    for sent in (head.encode() + whole, head.encode() + whole[:9], b"\x00\xff\r\n\r\n", b"GET"):
        with socket.create_connection(("127.0.0.1", shared.port), timeout=LONG) as half:
            half.sendall(sent)
            half.shutdown(socket.SHUT_WR)
            half.recv(65536)
    assert shared.get("/health").status == 200
    until(lambda: all(not entry.busy for entry in shared.service.pool.entries))


def test_forms_with_files_are_read_or_refused(shared: Here) -> None:
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    for path in ("/v1/audio/transcriptions", "/v1/images/edits", "/v1/files"):
        for body in (b"", b"--x", b"--x\r\n\r\n--x--\r\n", b"--x\r\nContent-Disposition: form-data;"
                     b' name="model"\r\n\r\ntiny\r\n--x--\r\n', b"\xff" * 99):  # fmt: skip
            assert 400 <= shared.ask("POST", path, body, kind).status < 500
        wrong = {"Content-Type": "multipart/form-data"}
        assert 400 <= shared.ask("POST", path, b"x", wrong).status < 500


def test_a_body_that_goes_on_after_its_answer_is_no_head(shared: Here) -> None:
    asked = b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", shared.port), timeout=LONG) as early:
        early.sendall(asked)
        assert b" 404 " in early.recv(4096).split(b"\r\n")[0]
        early.sendall(b"x" * 200_000)
        early.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while not answer.endswith(b'"ok"}'):
            more = early.recv(65536)
            assert more
            answer += more
    assert b" 200 " in answer.split(b"HTTP/1.1", 1)[1].split(b"\r\n")[0]


@pytest.mark.parametrize("begun", [b"GET /health HTTP/1.1", b"\r\n"])
def test_a_connection_that_is_kept_serves_later_requests_and_slow_ones(
    model: Path, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr("freehold.server.serving.SECONDS_FOR_A_HEAD", LONG)
    head = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with (
        serving(config(model)) as here,
        socket.create_connection(("127.0.0.1", here.port), timeout=LONG) as kept,
    ):
        for pause in (0.0, 0.0, 0.5):
            time.sleep(pause)
            kept.sendall(head)
            answer = b""
            while not answer.endswith(b"}"):
                answer += kept.recv(4096)
            assert b" 200 " in answer.split(b"\r\n")[0]
            monkeypatch.setattr("freehold.server.serving.SECONDS_FOR_A_HEAD", 0.3)
        kept.sendall(begun)
        assert kept.recv(4096) == b""
