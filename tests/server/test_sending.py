"""How answers leave the server: what is written in one turn of the loop in one piece."""

import asyncio

from freehold.server.serving import Together


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


def test_a_head_leaves_with_its_body() -> None:
    async def work() -> list[bytes]:
        out = Together(sent := Sent(), asyncio.get_running_loop())
        out.write(b"head")
        out.write(b"body")
        out.flush()
        out.write(b"next head")
        out.write(b"next body")
        assert len(sent.said) == 1
        await turn()
        return sent.said

    assert asyncio.run(work()) == [b"headbody", b"next headnext body"]


def test_pieces_of_one_turn_leave_together_and_those_of_the_next_turn_after_them() -> None:
    async def work() -> list[bytes]:
        out = Together(sent := Sent(), asyncio.get_running_loop())
        for n in range(3):
            out.write(b"%d" % n)
            out.write(b"%d" % n)
            await turn()
        return sent.said

    assert asyncio.run(work()) == [b"00", b"11", b"22"]


def test_what_is_written_leaves_in_its_order_and_whole() -> None:
    async def work() -> tuple[bytes, bool]:
        out = Together(sent := Sent(), asyncio.get_running_loop())
        for n in range(200):
            out.write(b"%d." % n)
            if n % 3 == 0:
                await turn()
        out.close()
        return b"".join(sent.said), sent.closed

    assert asyncio.run(work()) == (b"".join(b"%d." % n for n in range(200)), True)
