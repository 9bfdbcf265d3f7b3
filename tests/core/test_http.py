"""One GET: bounded in bytes and time, however the other side behaves."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.core import connection
from freehold.core.errors import BrokenInput, EnvironmentProblem, NotAllowed, NotFound, UsageError
from freehold.core.http import Answer, Limits, Wish, ask, get, is_loopback, problem, unsafe
from tests.waiting import LONG

CALM = Limits(silence=LONG, whole=LONG, tries=1)
HURRY = Limits(silence=0.2, whole=0.5, tries=1)


@contextmanager
def speaking(speak: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that says one thing to whoever comes, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            try:
                while True:
                    client, _ = server.accept()
                    with client:
                        client.recv(65536)
                        speak(client)
            except OSError:
                return

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/x"
        server.shutdown(socket.SHUT_RDWR)


def saying(data: bytes) -> Callable[[socket.socket], None]:
    return lambda client: client.sendall(data)


def drip(data: bytes) -> Callable[[socket.socket], None]:
    """Says a beginning, and then one byte at a time until the other side has left."""

    def speak(client: socket.socket) -> None:
        client.sendall(data)
        while True:
            client.sendall(b"x")
            time.sleep(0.05)

    return speak


def ok(body: bytes = b"", *lines: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode() + body


@pytest.mark.parametrize(
    "speak",
    [
        lambda client: client.recv(1),
        drip(b""),
        drip(b"HTTP/1.1 200 OK\r\nX-Long: "),
        drip(ok(b"", "Content-Length: 9999")),
        drip(ok()),
    ],
    ids=["silent", "slow from the start", "slow head", "slow body", "slow body of any length"],
)
def test_slow_servers_are_left_though_they_never_end(
    speak: Callable[[socket.socket], None],
) -> None:
    with speaking(speak) as url, pytest.raises((EnvironmentProblem, BrokenInput)):
        get(url, Wish(1_000_000, limits=HURRY))


def test_a_body_without_a_length_is_bounded() -> None:
    with speaking(saying(ok(b"x" * 5_000))) as url:
        with pytest.raises(BrokenInput, match="more than 4,999 bytes"):
            get(url, Wish(4_999, limits=CALM))
        assert len(get(url, Wish(5_000, limits=CALM)).body) == 5_000


def test_pieces_are_put_together() -> None:
    pieces = ok(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "Transfer-Encoding: chunked")
    with speaking(saying(pieces)) as url:
        assert get(url, Wish(100, limits=CALM)).body == b"abcde"


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\0\1\2\3\r\n\r\n", b"HTTP/9 what\r\n\r\n", b"SSH-2.0-x\r\n",
        ok(b"zzz\r\nabc", "Transfer-Encoding: chunked"),
        ok(b"5\r\nabc", "Transfer-Encoding: chunked"),
        ok(b"abc", "Content-Length: 5"), ok(b"abc", "Content-Encoding: gzip"),
        ok(b"", *[f"X-{n}: y" for n in range(200)]), ok(b"", "X: " + "y" * 70_000),
        b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/2\r\n\r\nab",
        b"HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n",
        b"HTTP/1.1 418 Teapot\r\n\r\n",
    ],
)  # fmt: skip
def test_nonsense_is_a_clear_error(data: bytes) -> None:
    with speaking(saying(data)) as url, pytest.raises((EnvironmentProblem, BrokenInput)):
        get(url, Wish(1_000, limits=CALM))


def test_only_the_beginning_of_a_large_thing_is_read() -> None:
    with speaking(saying(ok(b"x" * 5_000, "Content-Length: 5000"))) as url:
        answer = get(url, Wish(10, part=(0, 10), limits=CALM))
    assert (answer.body, answer.total) == (b"x" * 10, 5_000)


def test_a_wait_may_be_a_date() -> None:
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=9))
    busy = f"HTTP/1.1 503 Busy\r\nRetry-After: {then}\r\nContent-Length: 0\r\n\r\n".encode()
    slept: list[float] = []
    with speaking(saying(busy)) as url:
        answer = ask(url, Wish(10, limits=Limits(tries=2)), slept.append)
    assert answer.status == 503
    assert 7 < slept[0] <= 9


@pytest.mark.parametrize("url", ["ftp://x.org/", "file:///x", "http://x.org/", "x", "https://a b/"])
def test_other_addresses_are_not_asked(url: str) -> None:
    with pytest.raises(UsageError):
        ask(url, Wish(10))


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, NotFound), (401, NotAllowed), (403, NotAllowed), (429, EnvironmentProblem),
     (500, EnvironmentProblem), (304, BrokenInput), (400, BrokenInput)],
)  # fmt: skip
def test_each_status_is_one_error_without_the_secret_of_the_address(
    status: int, kind: type[Exception]
) -> None:
    error = problem(Answer("https://x.org/y?signature=secret", status, {}, b""))
    assert isinstance(error, kind)
    assert "secret" not in str(error)


def test_the_words_of_a_server_move_no_cursor() -> None:
    answer = Answer("https://x.org/", 403, {"x-error-message": "no\x1b[2J\nmore"}, b"")
    assert answer.says == "no[2Jmore"


@pytest.mark.parametrize("body", [b"", b"[]", b'{"error": 5}', b"[" * 100_000, b"\xff"])
def test_an_error_of_any_form_says_nothing_or_something(body: bytes) -> None:
    assert Answer("https://x.org/", 403, {"content-type": "application/json"}, body).says == ""


@given(st.text())
def test_addresses_of_any_form_are_judged(url: str) -> None:
    assert unsafe(url, plain_http=False) or url.lower().startswith("https://")
    is_loopback(url)


def test_offline_asks_nobody_outside_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("something left the machine")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    for said in ("1", "true", "yes"):
        monkeypatch.setenv("FREEHOLD_OFFLINE", said)
        with pytest.raises(EnvironmentProblem, match="FREEHOLD_OFFLINE"):
            ask("https://example.org/x", Wish(10))
        with pytest.raises(EnvironmentProblem, match="FREEHOLD_OFFLINE"):
            get("https://203.0.113.7/x", Wish(10))


def test_offline_a_redirect_leads_nowhere_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FREEHOLD_OFFLINE", "1")
    leads = b"HTTP/1.1 302 Found\r\nLocation: https://example.org/\r\nContent-Length: 0\r\n\r\n"
    with speaking(saying(leads)) as url, pytest.raises(EnvironmentProblem, match="OFFLINE"):
        get(url, Wish(10, limits=CALM))


@pytest.mark.parametrize(
    ("name", "public"),
    [
        ("93.184.216.34", True), ("127.0.0.1", False), ("10.1.2.3", False), ("192.168.0.1", False),
        ("169.254.169.254", False), ("100.64.0.1", False), ("0.0.0.0", False), ("224.0.0.1", False),
        ("::1", False), ("fe80::1%eth0", False), ("fd00::1", False), ("::ffff:10.0.0.1", False),
        ("[::ffff:127.0.0.1]", False), ("2002:7f00:1::", False), ("2606:2800:220:1::1", True),
        ("localhost", False), ("LOCALHOST.", False), ("example.org", True),
    ],
)  # fmt: skip
def test_addresses_that_only_a_network_of_ones_own_knows(name: str, public: bool) -> None:
    assert connection.is_public(name) is public


def test_a_public_server_does_not_lead_to_a_private_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "is_public", lambda name: name == "127.0.0.1")
    with speaking(saying(ok(b"secret"))) as inside:
        to = inside.replace("127.0.0.1", "127.0.0.2").encode()
        leads = b"HTTP/1.1 302 Found\r\nLocation: " + to + b"\r\nContent-Length: 0\r\n\r\n"
        with speaking(saying(leads)) as url, pytest.raises(BrokenInput, match="private network"):
            get(url, Wish(10, limits=CALM))


def test_only_public_addresses_are_connected_to_where_that_is_asked() -> None:
    with speaking(saying(ok(b"here"))) as url, pytest.raises(BrokenInput, match="private"):
        get(url, Wish(10, limits=CALM, public=True))


def test_a_name_is_resolved_once_and_what_was_checked_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, asked = socket.getaddrinfo, list[str]()

    def changing(host: str, *more: Any, **named: Any) -> Any:
        asked.append(host)
        return real("127.0.0.1" if len(asked) == 1 else "127.0.0.9", *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    with speaking(saying(ok(b"one"))) as url:
        port = url.rpartition(":")[2]
        assert get(f"http://localhost:{port}", Wish(10, limits=CALM)).body == b"one"
    assert asked == ["localhost"]


def test_what_flows_is_read_piece_by_piece() -> None:
    with speaking(saying(ok(b"x" * 1000, "Content-Length: 2000"))) as url:
        answer = get(url, Wish(10, limits=CALM, flow=True))
        assert (answer.body, answer.total) == (b"", 2000)
        assert answer.rest is not None
        got = b"".join(iter(lambda: answer.rest.some(300) if answer.rest else b"", b""))
        answer.rest.close()
    assert got == b"x" * 1000


def test_headers_of_ones_own_go_to_the_first_server_only() -> None:
    heard: list[bytes] = []

    def listen(client: socket.socket) -> None:
        client.sendall(ok(b"y", "Content-Length: 1"))

    with speaking(listen) as other:
        leads = f"HTTP/1.1 302 F\r\nLocation: {other}\r\nContent-Length: 0\r\n\r\n".encode()
        with speaking(saying(leads)) as url:
            wish = Wish(10, limits=CALM, headers={"Accept": "application/x"})
            real = connection.opener

            def spy(*words: Any, **named: Any) -> Any:
                director: Any = real(*words, **named)
                before = director.open

                def opened(request: Any, *more: Any) -> Any:
                    heard.append(str(request.headers.get("Accept")).encode())
                    return before(request, *more)

                director.open = opened
                return director

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("freehold.core.http.opener", spy)
                get(url, wish)
    assert heard == [b"application/x", b"None"]
