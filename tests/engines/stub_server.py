"""A stand-in for llama-server: the same flags and HTTP forms, every letter is a token.

It runs as a program of its own. `behavior.json` beside it says what goes wrong.
"""

import json
import os
import socketserver
import sys
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
BEHAVIOR = json.loads((HERE / "behavior.json").read_text())
STARTED = time.monotonic()
HELP = "-m, --model FNAME\n-c, --ctx-size N\n--host HOST\n--jinja\n--fit [on|off]\n--offline\n"


def flag(name: str) -> str:
    return sys.argv[sys.argv.index(name) + 1]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/health":
            if time.monotonic() - STARTED < BEHAVIOR.get("loads", 0):
                wrong = {"code": 503, "message": "Loading model", "type": "unavailable_error"}
                return self.send(503, {"error": wrong})
            return self.send(200, {"status": "ok"})
        return self.send(200, {"build_info": "b9999-stub", "argv": sys.argv[1:]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] != f"Bearer {os.environ['LLAMA_API_KEY']}":
            wrong = {"message": "Invalid API Key", "type": "authentication_error", "code": 401}
            return self.send(401, {"error": wrong})
        if self.path == "/tokenize":
            return self.send(200, {"tokens": [ord(sign) for sign in body["content"]]})
        if self.path == "/detokenize":
            return self.send(200, {"content": "".join(map(chr, body["tokens"]))})
        if self.path == "/apply-template":
            return self.send(200, {"prompt": self.rendered(body)})
        return self.write(body)

    def rendered(self, body: dict[str, Any]) -> str:
        if "prompt" in body:
            return str(body["prompt"])
        return "".join(f"{turn['role']}:{turn['content']}\n" for turn in body["messages"])

    def write(self, body: dict[str, Any]) -> None:
        prompt, context = len(self.rendered(body)), int(flag("--ctx-size"))
        if BEHAVIOR.get("hangs"):
            time.sleep(60)
        if prompt >= context:
            wrong = {
                "code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": prompt,
                "n_ctx": context, "message": f"request ({prompt} tokens) exceeds the context",
            }  # fmt: skip
            return self.send(400, {"error": wrong})
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        text = BEHAVIOR.get("answer", "Blue, because it scatters.")[: body.get("max_tokens")]
        text = text[: max(context - prompt, 0)]
        for number, sign in enumerate(text):
            if BEHAVIOR.get("crashes_after") == number:
                sys.stderr.write("0.01 E ggml: out of pages\n")
                sys.stderr.flush()
                os.abort()
            time.sleep(BEHAVIOR.get("pause", 0))
            self.event({"choices": [{"index": 0, "delta": {"content": sign}, "text": sign}]})
        if BEHAVIOR.get("stops_short"):
            return None
        full = prompt + len(text) >= context
        ended = "length" if full or len(text) == body.get("max_tokens") else "stop"
        self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": ended}]})
        usage = {"prompt_tokens": prompt, "completion_tokens": len(text)}
        timings = {
            "prompt_n": prompt, "prompt_ms": 20.0, "predicted_n": len(text),
            "predicted_ms": 10.0 * (len(text) - 1), "predicted_per_token_ms": 10.0,
        }  # fmt: skip
        self.event({"choices": [], "usage": usage, "timings": timings, "echo": body})
        self.wfile.write(b"data: [DONE]\n\n")
        return None

    def event(self, table: dict[str, Any]) -> None:
        self.wfile.write(b"data: " + json.dumps(table).encode() + b"\n\n")
        self.wfile.flush()

    def send(self, status: int, table: dict[str, Any]) -> None:
        data = json.dumps(table).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *words: Any) -> None:
        pass

    def address_string(self) -> str:
        return "local"


def main() -> int:
    if "--help" in sys.argv:
        print(HELP)
        return 0
    if "--list-devices" in sys.argv:
        print("Available devices:\n  " + (BEHAVIOR.get("device") or "(none)"))
        return 0
    if BEHAVIOR.get("starts") is False:
        print("0.00 I loading\n0.01 E llama_model_load: error loading model: a wrong magic")
        return 1
    print("listening", flush=True)
    with socketserver.ThreadingUnixStreamServer(flag("--host"), Handler) as server:
        server.daemon_threads = True
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
