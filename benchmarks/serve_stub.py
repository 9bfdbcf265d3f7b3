"""A stand-in for llama-server that answers at once: what is left is what the server adds.

`python serve_stub.py --host SOCKET ...` listens as llama-server does, on a Unix socket.
"""

import asyncio
import json
import sys
from typing import Any

WORDS = ("Blue", ",", " because", " it", " scatters", " light", " most", ".")
HELP = "-m, --model FNAME\n-c, --ctx-size N\n--host HOST\n--jinja\n--fit [on|off]\n--offline\n"


def event(table: object) -> bytes:
    return b"data: " + json.dumps(table).encode() + b"\n\n"


def chunked(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


PIECES = [event({"choices": [{"index": 0, "delta": {"content": word}}]}) for word in WORDS]
USAGE = {"prompt_tokens": 12, "completion_tokens": len(WORDS)}
TIMINGS = {"prompt_ms": 1.0, "predicted_ms": 7.0, "predicted_per_token_ms": 1.0}
END = [
    event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
    event({"choices": [], "usage": USAGE, "timings": TIMINGS}),
    b"data: [DONE]\n\n",
]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
ANSWER = HEAD + b"".join(map(chunked, PIECES + END)) + b"0\r\n\r\n"


MESSAGE = {"role": "assistant", "content": "".join(WORDS)}
TOLD = json.dumps(
    {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "fast",
        "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}],
        "usage": {**USAGE, "total_tokens": 20},
    }
).encode()
WHOLE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    + f"Content-Length: {len(TOLD)}\r\n\r\n".encode()
    + TOLD
)


class Stub(asyncio.Protocol):
    """One connection, one request after the other."""

    def __init__(self, pause: float, echoes: bool) -> None:
        self.buffer = b""
        self.pause, self.echoes = pause, echoes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        size = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                size = int(line.partition(b":")[2])
        if len(rest) < size:
            return
        body, self.buffer = rest[:size], rest[size:]
        if head.startswith(b"GET"):
            told = json.dumps({"status": "ok", "build_info": "stub"}).encode()
            length = f"Content-Length: {len(told)}\r\n\r\n".encode()
            self.transport.write(b"HTTP/1.1 200 OK\r\n" + length + told)
        elif self.echoes:
            self.slow = asyncio.ensure_future(self.echo(json.loads(body)))
        elif self.pause:
            self.slow = asyncio.ensure_future(self.slowly())
        elif b'"stream": true' in body or b'"stream":true' in body:
            self.transport.write(ANSWER)
        else:
            self.transport.write(WHOLE)

    async def echo(self, body: dict[str, Any]) -> None:
        """What was said last, letter by letter."""
        self.transport.write(HEAD)
        for letter in body["messages"][-1]["content"]:
            piece = {"choices": [{"index": 0, "delta": {"content": letter}}]}
            self.transport.write(chunked(event(piece)))
            await asyncio.sleep(0.002)
        self.transport.write(b"".join(map(chunked, END)) + b"0\r\n\r\n")

    async def slowly(self) -> None:
        """One piece, and the rest after a long while: a stream that is idle."""
        self.transport.write(HEAD + chunked(PIECES[0]))
        await asyncio.sleep(self.pause)
        self.transport.write(b"".join(map(chunked, PIECES[1:] + END)) + b"0\r\n\r\n")


async def main() -> None:
    at, model = (sys.argv[sys.argv.index(name) + 1] for name in ("--host", "--model"))
    pause, echoes = 8.0 if "idle" in model else 0.0, "echo" in model
    loop = asyncio.get_running_loop()

    def made() -> Stub:
        return Stub(pause, echoes)

    if at.isdigit():
        server = await loop.create_server(made, "127.0.0.1", int(at), backlog=2048)
    else:
        server = await loop.create_unix_server(made, at, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    if "--help" in sys.argv:
        print(HELP)
    elif "--list-devices" in sys.argv:
        print("Available devices:\n  (none)")
    else:
        asyncio.run(main())
