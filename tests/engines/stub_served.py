"""Stand-ins for servers that others run: of the OpenAI protocol, Anthropic's, and Ollama's own.

They run inside the test. `asked` keeps every body, `behavior` says what goes wrong.
"""

import base64
import json
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ANSWER = "Blue."
VECTOR = [3.0, 4.0]


class Served(ThreadingHTTPServer):
    """What was asked, with which headers, and what is to go wrong."""

    daemon_threads = True

    def __init__(self, **behavior: Any) -> None:
        self.behavior: dict[str, Any] = behavior
        self.asked: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def served(**behavior: Any) -> Iterator[Served]:
    """A server that is there while it is needed."""
    server = Served(**behavior)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Handler(BaseHTTPRequestHandler):
    """Answers by the path."""

    server: Served

    def do_GET(self) -> None:
        """Ollama's version."""
        self.whole(200, {"version": self.server.behavior.get("version", "0.13.5")})

    def do_POST(self) -> None:
        """Keep what was asked, and answer."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append((self.path, headers, body))
        if status := self.server.behavior.get("status"):
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()
            self.wfile.write(json.dumps({"error": {"message": "no such model"}}).encode())
            return
        paths: dict[str, Callable[[dict[str, Any]], None]] = {
            "/v1/chat/completions": self.chat,
            "/v1/completions": self.text,
            "/v1/embeddings": self.vectors,
            "/v1/rerank": self.ranks,
            "/v1/messages": self.messages,
            "/api/chat": self.lines,
            "/api/generate": self.lines,
            "/api/embed": self.own_vectors,
        }
        paths[self.path](body)

    def chat(self, body: dict[str, Any]) -> None:
        """Letters, or a call where tools are there."""
        self.begin()
        if body.get("tools"):
            function = {"name": body["tools"][0]["function"]["name"], "arguments": '{"a": 1}'}
            call = {"index": 0, "id": "c1", "type": "function", "function": function}
            self.event({"choices": [{"delta": {"tool_calls": [call]}}]})
            self.event({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]})
        else:
            for sign in ANSWER:
                self.event({"choices": [{"delta": {"content": sign}}]})
            self.event({"choices": [{"delta": {}, "finish_reason": "stop"}]})
        self.done()

    def text(self, body: dict[str, Any]) -> None:
        """Letters with their likelihoods, in the old form."""
        self.begin()
        logs = {"tokens": [ANSWER], "token_logprobs": [-0.5], "top_logprobs": [{ANSWER: -0.5}]}
        told = {"text": ANSWER, "logprobs": logs if "logprobs" in body else None}
        self.event({"choices": [{**told, "finish_reason": "stop"}]})
        self.done()

    def done(self) -> None:
        """What it took, and the mark of the end."""
        usage = {"prompt_tokens": 7, "completion_tokens": len(ANSWER)}
        if not self.server.behavior.get("uncounted"):
            self.event({"choices": [], "usage": usage})
        self.wfile.write(b"data: [DONE]\n\n")

    def vectors(self, body: dict[str, Any]) -> None:
        """The same vector for each text, as it was asked for; the last one first."""
        data: Any = base64.b64encode(struct.pack("<2f", *VECTOR)).decode()
        if self.server.behavior.get("lists"):
            data = VECTOR
        rows = [{"index": n, "embedding": data} for n, _ in enumerate(body["input"])]
        self.whole(200, {"data": rows[::-1], "usage": {"prompt_tokens": len(rows)}})

    def ranks(self, body: dict[str, Any]) -> None:
        """Longer documents are better."""
        rows = [{"index": n, "relevance_score": len(d)} for n, d in enumerate(body["documents"])]
        self.whole(200, {"results": rows, "usage": {"total_tokens": 3}})

    def messages(self, body: dict[str, Any]) -> None:
        """Anthropic's events: thinking, text, and a call where tools are there."""
        self.begin()
        usage = {"input_tokens": 5, "cache_read_input_tokens": 2, "output_tokens": 1}
        self.event({"type": "message_start", "message": {"usage": usage}})
        self.event({"type": "ping"})
        if body.get("thinking"):
            self.block(0, {"type": "thinking"}, {"type": "thinking_delta", "thinking": "Hm"})
        self.block(1, {"type": "text"}, {"type": "text_delta", "text": ANSWER})
        if body.get("tools"):
            tool = {"type": "tool_use", "id": "c1", "name": body["tools"][0]["name"]}
            half = {"type": "input_json_delta", "partial_json": '{"a"'}
            self.block(2, tool, half, {**half, "partial_json": ": 1}"})
        reason = "tool_use" if body.get("tools") else "end_turn"
        told = {"type": "message_delta", "delta": {"stop_reason": reason}}
        self.event({**told, "usage": {"output_tokens": 9}})
        self.event({"type": "message_stop"})

    def block(self, index: int, start: dict[str, Any], *deltas: dict[str, Any]) -> None:
        """One block of a message."""
        self.event({"type": "content_block_start", "index": index, "content_block": start})
        for delta in deltas:
            self.event({"type": "content_block_delta", "index": index, "delta": delta})
        self.event({"type": "content_block_stop", "index": index})

    def lines(self, body: dict[str, Any]) -> None:
        """Ollama's lines, as it sends them."""
        self.begin()
        for sign in ANSWER:
            text = {"message": {"role": "assistant", "content": sign}}
            told = text if self.path == "/api/chat" else {"response": sign}
            logs = (
                [{"token": sign, "logprob": -0.5, "top_logprobs": []}]
                if "logprobs" in body
                else None
            )
            self.row({"done": False, **told, **({"logprobs": logs} if logs else {})})
        if body.get("tools"):
            call = {"function": {"name": "weather", "arguments": {"a": 1}}}
            self.row({"done": False, "message": {"content": "", "tool_calls": [call]}})
        self.row({
            "done": True, "done_reason": "stop", "prompt_eval_count": 7, "eval_count": 5,
            "prompt_eval_duration": 2_000_000, "eval_duration": 10_000_000,
        })  # fmt: skip

    def own_vectors(self, body: dict[str, Any]) -> None:
        """Ollama's vectors."""
        found = [VECTOR for _ in body["input"]]
        self.whole(200, {"embeddings": found, "prompt_eval_count": len(found)})

    def begin(self) -> None:
        """The head of an answer that comes piece by piece."""
        self.send_response(200)
        self.end_headers()

    def event(self, table: dict[str, Any]) -> None:
        """One event."""
        self.wfile.write(b"data: " + json.dumps(table).encode() + b"\n\n")
        self.wfile.flush()

    def row(self, table: dict[str, Any]) -> None:
        """One line."""
        self.wfile.write(json.dumps(table).encode() + b"\n")
        self.wfile.flush()

    def whole(self, status: int, table: dict[str, Any]) -> None:
        """An answer that comes at once."""
        data = json.dumps(table).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *words: Any) -> None:
        """Write no line for each request."""
