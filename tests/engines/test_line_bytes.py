"""The bytes of an answer: however they are cut, they say the same; what is wrong is an error."""

import asyncio
import gc
import weakref
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.engines.hosting.line import LONGEST_HEAD, Dead, Line

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world"
CHUNKS = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n6;note=1\r\n world\r\n0\r\n\r\n"
)
EARLY = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + LENGTH
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 11\r\n\r\nhello world"
TO_THE_END = b"HTTP/1.0 200 OK\r\n\r\nhello world"


class Way:
    """A way out that keeps what is written, and answers it with bytes in pieces."""

    def __init__(self, line: Line, pieces: list[bytes], ends: bool) -> None:
        self.line, self.pieces, self.ends = line, pieces, ends
        self.written, self.closed = b"", False

    def write(self, data: bytes) -> None:
        self.written += data
        loop = asyncio.get_running_loop()
        for piece in self.pieces:
            loop.call_soon(self.line.data_received, piece)
        if self.ends:
            loop.call_soon(self.line.eof_received)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


def asked(answer: list[bytes], *, ends: bool = False, path: str = "/") -> tuple[int, bytes, Line]:
    """The status and the body of an answer that comes in these pieces, and the line after it."""

    async def work() -> tuple[int, bytes, Line]:
        line = Line()
        way: Any = Way(line, answer, ends)
        line.connection_made(way)
        line.patience = 60.0
        await line.ask("POST", path, b"{}", {"Host": "localhost"})
        body = await line.whole()
        line.leave()
        return line.status, body, line

    return asyncio.run(work())


@given(st.sampled_from([LENGTH, CHUNKS, EARLY, CLOSING]), st.lists(st.integers(0, 120), max_size=8))
def test_an_answer_says_the_same_however_it_is_cut(answer: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(answer)) for cut in cuts), len(answer)]
    pieces = [answer[a:b] for a, b in pairwise(places)]
    status, body, line = asked([piece for piece in pieces if piece])
    assert (status, body) == (200, b"hello world")
    assert line.free == (answer != CLOSING)


def test_without_a_length_the_end_of_the_connection_is_that_of_the_answer() -> None:
    status, body, line = asked([TO_THE_END], ends=True)
    assert (status, body) == (200, b"hello world")
    assert not line.free


@pytest.mark.parametrize("answer", [LENGTH[:-1], CHUNKS[:-5], CHUNKS[:-8]])
def test_an_answer_that_ends_too_early_is_an_error(answer: bytes) -> None:
    with pytest.raises(ConnectionError, match="closed in the middle"):
        asked([answer], ends=True)


def test_nothing_said_is_told_from_something_said_wrongly() -> None:
    with pytest.raises(Dead):
        asked([], ends=True)
    with pytest.raises(ConnectionError) as broken:
        asked([b"220 smtp.example.org ESMTP\r\n"])
    assert not isinstance(broken.value, Dead)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    ],
)
def test_what_is_not_http_is_an_error(answer: bytes) -> None:
    with pytest.raises(ConnectionError, match="no HTTP"):
        asked([answer])


@pytest.mark.parametrize(
    "begun",
    [
        b"HTTP/1.1 200 OK\r\nEndless: ",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;note=",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTrailer: ",
    ],
)
def test_heads_and_tails_have_an_end(begun: bytes) -> None:
    with pytest.raises(ConnectionError, match="has no end"):
        asked([begun, *[b"x" * 4096] * (LONGEST_HEAD // 4096 + 1)])


def test_words_that_would_end_a_header_are_not_sent() -> None:
    for path in ("/ HTTP/1.1\r\nHost: other", "/a\0b", "/ä"):
        with pytest.raises(ConnectionError, match="holds signs that end it"):
            asked([LENGTH], path=path)


def test_what_comes_behind_an_answer_closes_the_line() -> None:
    _, body, line = asked([LENGTH + LENGTH])
    assert body == b"hello world"
    assert not line.free


@given(st.binary(max_size=300), st.integers(0, 300))
def test_no_bytes_whatever_are_more_than_an_error(junk: bytes, cut: int) -> None:
    for answer in (junk, LENGTH[: cut % len(LENGTH)] + junk, CHUNKS[: cut % len(CHUNKS)] + junk):
        try:
            asked([answer], ends=True)
        except ConnectionError:
            continue


def test_a_line_whose_connection_is_gone_is_freed_at_once() -> None:
    async def work() -> list[Any]:
        line = Line()
        way: Any = Way(line, [LENGTH], ends=False)
        line.connection_made(way)
        line.patience = 60.0
        await line.ask("POST", "/", b"{}", {"Host": "localhost"})
        line.close()
        line.connection_lost(None)
        gone, way.line = weakref.ref(line), None
        del line, way
        return [gone()]

    gc.collect()
    gc.disable()
    try:
        assert asyncio.run(work()) == [None]
    finally:
        gc.enable()
