"""How answers leave the server: a head with its body, pieces at once, pieces in a row together."""

import asyncio

from freehold.server.serving import IN_A_ROW, Together


class Sent:
    """A transport that only notes what it is to send."""

    def __init__(self) -> None:
        self.said: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.said.append(data)

    def close(self) -> None:
        self.closed = True


async def turn() -> None:
    """Let the loop have its turn."""
    await asyncio.sleep(0)


async def pause() -> None:
    """Wait until nothing counts as in a row any more."""
    await asyncio.sleep(2 * IN_A_ROW)


def test_a_head_leaves_with_its_body() -> None:
    async def work() -> list[bytes]:
        out = Together(sent := Sent(), asyncio.get_running_loop())
        out.write(b"head")
        out.write(b"body")
        out.flush(ended=True)
        await pause()
        out.write(b"next head")
        out.write(b"next body")
        assert len(sent.said) == 1
        await turn()
        return sent.said

    assert asyncio.run(work()) == [b"headbody", b"next headnext body"]


def test_a_piece_that_comes_alone_leaves_at_once() -> None:
    async def work() -> None:
        out = Together(sent := Sent(), asyncio.get_running_loop())
        out.write(b"head")
        await turn()
        for n in range(3):
            await pause()
            out.write(b"%d" % n)
            assert sent.said[-1] == b"%d" % n

    asyncio.run(work())


def test_what_is_written_leaves_in_its_order_and_whole() -> None:
    async def work() -> tuple[bytes, bool]:
        out = Together(sent := Sent(), asyncio.get_running_loop())
        for n in range(200):
            out.write(b"%d." % n)
            if n % 3 == 0:
                await turn()
            if n % 50 == 0:
                await pause()
        out.close()
        return b"".join(sent.said), sent.closed

    assert asyncio.run(work()) == (b"".join(b"%d." % n for n in range(200)), True)
