"""One GET: bounded in bytes and time, however the other side behaves."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.core.errors import BrokenInput, EnvironmentProblem, NotAllowed, NotFound, UsageError
from freehold.core.http import Answer, Limits, Wish, ask, get, is_loopback, problem, unsafe

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
    """Says a beginning, and then one byte at a time for ever."""

    def speak(client: socket.socket) -> None:
        client.sendall(data)
        for _ in range(100):
            client.sendall(b"x")
            time.sleep(0.05)

    return speak


def ok(body: bytes = b"", *lines: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode() + body


@pytest.mark.parametrize(
    "speak",
    [
        lambda client: time.sleep(0.6),
        drip(b""),
        drip(b"HTTP/1.1 200 OK\r\nX-Long: "),
        drip(ok(b"", "Content-Length: 9999")),
        drip(ok()),
    ],
    ids=["silent", "slow from the start", "slow head", "slow body", "slow body of any length"],
)
def test_slow_servers_are_left_in_time(speak: Callable[[socket.socket], None]) -> None:
    start = time.monotonic()
    with speaking(speak) as url, pytest.raises((EnvironmentProblem, BrokenInput)):
        get(url, Wish(1_000_000, limits=HURRY))
    assert time.monotonic() - start < 2


def test_a_body_without_a_length_is_bounded() -> None:
    with speaking(saying(ok(b"x" * 5_000))) as url:
        with pytest.raises(BrokenInput, match="more than 4,999 bytes"):
            get(url, Wish(4_999, limits=HURRY))
        assert len(get(url, Wish(5_000, limits=HURRY)).body) == 5_000


def test_pieces_are_put_together() -> None:
    pieces = ok(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "Transfer-Encoding: chunked")
    with speaking(saying(pieces)) as url:
        assert get(url, Wish(100, limits=HURRY)).body == b"abcde"


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
        get(url, Wish(1_000, limits=HURRY))


def test_only_the_beginning_of_a_large_thing_is_read() -> None:
    with speaking(saying(ok(b"x" * 5_000, "Content-Length: 5000"))) as url:
        answer = get(url, Wish(10, part=(0, 10), limits=HURRY))
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
