"""Connections to engines: kept for the next question, given up where anything is not as it was."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import pytest

from freehold.engines.hosting.wire import Broken, Wire
from tests.waiting import LONG

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
EVENTS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
FIRST, DONE = b'data: {"a": 1}\n\n', b"data: [DONE]\n\n"
Told = Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[bool]]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def asked(folder: Path, told: Told, work: Callable[[Wire], Awaitable[Any]]) -> tuple[Any, int]:
    """What the work returns, and how many connections it took; `told` answers until it is False."""
    opened = open_still = 0

    async def all_of_it() -> Any:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal opened, open_still
            opened, open_still = opened + 1, open_still + 1
            with suppress(OSError, asyncio.IncompleteReadError):
                while await reader.readuntil(b"\r\n\r\n") and await told(reader, writer, opened):
                    pass
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            open_still -= 1

        server = await asyncio.start_unix_server(connected, folder / "s")
        wire = Wire(folder / "s", "key", patience=LONG)
        wire.keeps = 2
        async with server:
            try:
                return await work(wire)
            finally:
                wire.close()
                await until(lambda: not open_still)

    return asyncio.run(all_of_it()), opened


async def until(holds: Callable[[], object]) -> None:
    """Let the others go on until something is so."""
    async with asyncio.timeout(LONG):
        while not holds():
            await asyncio.sleep(0.001)


@pytest.fixture(autouse=True)
def kept_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine, no connection is too old here."""
    monkeypatch.setattr("freehold.engines.hosting.line.KEPT_FOR", LONG)


async def plainly(_: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> bool:
    writer.write(OK)
    return True


async def thrice(wire: Wire) -> list[Any]:
    return [await wire.get("/") for _ in range(3)]


def test_one_connection_serves_one_question_after_the_other(tmp_path: Path) -> None:
    assert asked(tmp_path, plainly, thrice) == ([{}, {}, {}], 1)


def test_each_question_has_its_own_where_none_are_kept(tmp_path: Path) -> None:
    async def work(wire: Wire) -> Any:
        wire.keeps = 0
        return await thrice(wire)

    assert asked(tmp_path, plainly, work) == ([{}, {}, {}], 3)


def test_questions_at_once_never_share_a_connection(tmp_path: Path) -> None:
    async def slowly(_: Any, writer: asyncio.StreamWriter, number: int) -> bool:
        await asyncio.sleep(0.01)
        writer.write(OK)
        return True

    async def work(wire: Wire) -> Any:
        await asyncio.gather(*(wire.get("/") for _ in range(5)))
        await asyncio.gather(*(wire.get("/") for _ in range(2)))
        return len(wire._kept)

    assert asked(tmp_path, slowly, work) == (2, 5)


def test_the_end_of_a_stream_may_come_after_its_last_event(tmp_path: Path) -> None:
    async def told(_: Any, writer: asyncio.StreamWriter, number: int) -> bool:
        writer.write(EVENTS + chunk(FIRST) + chunk(DONE))
        await asyncio.sleep(0.01)  # so that it is read alone
        writer.write(b"0\r\n\r\n")
        return True

    async def work(wire: Wire) -> Any:
        found = [[event async for event in wire.stream("/", {})]]
        await until(lambda: wire._kept[0].free)
        return [*found, [event async for event in wire.stream("/", {})]]

    assert asked(tmp_path, told, work) == ([[{"a": 1}], [{"a": 1}]], 1)


@pytest.mark.parametrize("late", [False, True])
def test_what_comes_without_a_question_is_nobodys_answer(tmp_path: Path, late: bool) -> None:
    async def told(_: Any, writer: asyncio.StreamWriter, number: int) -> bool:
        writer.write(OK)
        await asyncio.sleep(0.01 if late else 0)
        writer.write(OK.replace(b"{}", b"[]"))
        return True

    async def work(wire: Wire) -> Any:
        found = await wire.get("/")
        await until(lambda: not wire._kept[0].free)
        return found, await wire.get("/")

    assert asked(tmp_path, told, work) == (({}, {}), 2)


def test_a_kept_connection_that_died_is_replaced(tmp_path: Path) -> None:
    async def told(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> bool:
        writer.write(OK)
        if number == 1:
            await reader.readuntil(b"\r\n\r\n")  # the next question comes, and nobody is there
            return False
        return True

    assert asked(tmp_path, told, thrice) == ([{}, {}, {}], 2)


def test_an_engine_that_dies_after_its_first_word_is_not_asked_again(tmp_path: Path) -> None:
    async def told(_: Any, writer: asyncio.StreamWriter, number: int) -> bool:
        writer.write(OK if number == 1 else OK[:-1])
        return number == 1

    async def work(wire: Wire) -> None:
        await wire.get("/")
        wire.close()
        with pytest.raises(Broken):
            await wire.get("/")

    assert asked(tmp_path, told, work) == (None, 2)


async def read(wire: Wire, into: list[Any]) -> None:
    async for event in wire.stream("/", {}):
        into.append(event)


@pytest.mark.parametrize("said", [b"", EVENTS, EVENTS + chunk(FIRST)])
def test_an_engine_that_falls_silent_is_given_up(tmp_path: Path, said: bytes) -> None:
    async def told(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> bool:
        writer.write(said)
        await reader.read()
        return False

    async def work(wire: Wire) -> int:
        wire.patience, found = 0.2, list[Any]()
        with pytest.raises(Broken, match="no answer for"):
            await read(wire, found)
        return len(found)

    assert asked(tmp_path, told, work) == (int(FIRST in said), 1)


def test_events_that_come_one_by_one_may_take_longer_than_patience_in_all(tmp_path: Path) -> None:
    async def told(_: Any, writer: asyncio.StreamWriter, number: int) -> bool:
        writer.write(EVENTS)
        for _ in range(8):
            writer.write(chunk(FIRST))
            await asyncio.sleep(0.2)
        writer.write(chunk(DONE) + b"0\r\n\r\n")
        return True

    async def work(wire: Wire) -> int:
        wire.patience = 1.5
        return len([event async for event in wire.stream("/", {})])

    assert asked(tmp_path, told, work) == (8, 1)


def test_numbers_that_json_does_not_know_are_understood(tmp_path: Path) -> None:
    async def told(_: Any, writer: asyncio.StreamWriter, number: int) -> bool:
        writer.write(EVENTS + chunk(b'data: {"a": NaN, "b": "\\ud83d"}\n\n') + chunk(DONE))
        return False

    async def work(wire: Wire) -> Any:
        return [event async for event in wire.stream("/", {})]

    ((event,), _) = asked(tmp_path, told, work)
    assert math.isnan(event["a"])
    assert event["b"] == "\ud83d"


def test_giving_up_an_answer_closes_its_connection(tmp_path: Path) -> None:
    heard: list[bytes] = []

    async def told(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> bool:
        writer.write(EVENTS + chunk(FIRST))
        heard.append(await reader.read())
        return False

    async def work(wire: Wire) -> int:
        async with aclosing(wire.stream("/", {})) as events:
            await anext(events)
        await until(lambda: heard)
        return len(wire._kept)

    assert asked(tmp_path, told, work) == (0, 1)
    assert heard == [b"{}"]  # the body of the question, and then the end


def test_a_server_that_closes_is_asked_on_a_new_connection(tmp_path: Path) -> None:
    async def told(_: Any, writer: asyncio.StreamWriter, number: int) -> bool:
        writer.write(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        return False

    assert asked(tmp_path, told, thrice) == ([{}, {}, {}], 3)


def test_a_long_answer_waits_for_who_reads_it(tmp_path: Path) -> None:
    event = b'data: {"a": "%s"}\n\n' % (b"x" * 100_000)

    async def told(_: Any, writer: asyncio.StreamWriter, number: int) -> bool:
        writer.write(EVENTS)
        for _ in range(40):
            writer.write(chunk(event))
            await writer.drain()
        writer.write(chunk(DONE) + b"0\r\n\r\n")
        return True

    async def work(wire: Wire) -> int:
        count = 0
        async for event in wire.stream("/", {}):
            count += len(event["a"])
            await asyncio.sleep(0)
        return count

    assert asked(tmp_path, told, work) == (4_000_000, 1)
