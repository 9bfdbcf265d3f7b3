"""A stand-in for llama-server that answers at once: what is left is what the server adds.

`python serve_stub.py --host SOCKET ...` listens as llama-server does, on a Unix socket.
"""

import asyncio
import json
import sys

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


class Stub(asyncio.Protocol):
    """One connection, one request after the other."""

    def __init__(self, pause: float) -> None:
        self.buffer = b""
        self.pause = pause

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
        self.buffer = rest[size:]
        if head.startswith(b"GET"):
            body = json.dumps({"status": "ok", "build_info": "stub"}).encode()
            length = f"Content-Length: {len(body)}\r\n\r\n".encode()
            self.transport.write(b"HTTP/1.1 200 OK\r\n" + length + body)
        elif self.pause:
            self.slow = asyncio.ensure_future(self.slowly())
        else:
            self.transport.write(ANSWER)

    async def slowly(self) -> None:
        """One piece, and the rest after a long while: a stream that is idle."""
        self.transport.write(HEAD + chunked(PIECES[0]))
        await asyncio.sleep(self.pause)
        self.transport.write(b"".join(map(chunked, PIECES[1:] + END)) + b"0\r\n\r\n")


async def main() -> None:
    at, pause = sys.argv[sys.argv.index("--host") + 1], 0.0
    if "idle" in sys.argv[sys.argv.index("--model") + 1]:
        pause = 8.0
    loop = asyncio.get_running_loop()
    server = await loop.create_unix_server(lambda: Stub(pause), at, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    if "--help" in sys.argv:
        print(HELP)
    elif "--list-devices" in sys.argv:
        print("Available devices:\n  (none)")
    else:
        asyncio.run(main())
