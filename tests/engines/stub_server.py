"""A stand-in for llama-server: the same flags and HTTP forms, every letter is a token.

It runs as a program of its own. `behavior.json` beside it says what goes wrong.
"""

import base64
import json
import os
import socketserver
import struct
import sys
import time
from collections.abc import Callable
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
    asked = 0

    def do_GET(self) -> None:
        if self.path == "/health":
            if time.monotonic() - STARTED < BEHAVIOR.get("loads", 0):
                wrong = {"code": 503, "message": "Loading model", "type": "unavailable_error"}
                return self.send(503, {"error": wrong})
            return self.send(200, {"status": "ok"})
        if self.path == "/v1/models":
            return self.send(200, {"data": [{"id": "stub", "meta": {"n_vocab": 1000}}]})
        caps = {"supports_tools": BEHAVIOR.get("tools", True)}
        told = {"build_info": "b9999-stub", "argv": sys.argv[1:], "chat_template_caps": caps}
        return self.send(200, told)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] != f"Bearer {os.environ['LLAMA_API_KEY']}":
            return self.refuse(401, "authentication_error", "Invalid API Key")
        simple: dict[str, Callable[[], dict[str, Any]]] = {
            "/tokenize": lambda: {"tokens": [ord(sign) for sign in body["content"]]},
            "/detokenize": lambda: {"content": "".join(map(chr, body["tokens"]))},
            "/apply-template": lambda: {"prompt": self.rendered(body)},
        }
        if self.path in simple:
            return self.send(200, simple[self.path]())
        made = {
            "/v1/embeddings": self.embed,
            "/v1/rerank": self.rank,
            "/completion": self.force,
        }
        return made.get(self.path, self.write)(body)

    def rendered(self, body: dict[str, Any]) -> str:
        if "input_prefix" in body:
            return f"<{body['input_prefix']}><{body['input_suffix']}>"
        if "prompt" in body:
            return str(body["prompt"])
        thinks = body.get("chat_template_kwargs", {}).get("enable_thinking", True)
        shut = "" if thinks or "thinking" not in BEHAVIOR else "<think></think>"
        shown = "".join(tool["function"]["name"] for tool in body.get("tools") or ())
        told = "".join(f"{turn['role']}:{turn['content']}\n" for turn in body["messages"])
        return shown + told + shut

    def embed(self, body: dict[str, Any]) -> None:
        """The vector of a text: its length, its first letter and 2; or that of length 1."""
        if "--embeddings" not in sys.argv:
            return self.refuse(501, "not_supported_error", "Start it with `--embeddings`")
        assert body["encoding_format"] == "base64"
        rows, read = [], 0
        for place, text in enumerate(body["input"]):
            vector = [float(len(text)), float(ord(text[0])), 2.0]
            length = sum(x * x for x in vector) ** 0.5 if body["embd_normalize"] == 2 else 1.0
            data = struct.pack("<3f", *(x / length for x in vector))
            rows.append({"index": place, "embedding": base64.b64encode(data).decode()})
            read += len(text)
        return self.send(200, {"data": rows, "usage": {"prompt_tokens": read}})

    def rank(self, body: dict[str, Any]) -> None:
        """The score of a document: how many letters it shares with the question."""
        if "--reranking" not in sys.argv:
            return self.refuse(501, "not_supported_error", "Start it with `--reranking`")
        rows = [
            {"index": place, "relevance_score": float(len(set(text) & set(body["query"])))}
            for place, text in enumerate(body["documents"])
        ]
        rows.sort(key=lambda row: -row["relevance_score"])
        read = sum(len(text) + len(body["query"]) for text in body["documents"])
        usage = {"prompt_tokens": read}
        return self.send(200, {"results": rows[: body["top_n"]], "usage": usage})

    def force(self, body: dict[str, Any]) -> None:
        """The token that a bias forces, and how likely it was."""
        ((token, _),) = body["logit_bias"]
        found = likelihoods(chr(token), body["n_probs"])
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.event({"content": chr(token), "completion_probabilities": found})
        return self.event({"content": "", "stop": True})

    def write(self, body: dict[str, Any]) -> None:
        prompt, context = (
            len(self.rendered(body)),
            int(flag("--ctx-size")) // int(flag("--parallel")),
        )
        Handler.asked += 1
        if Handler.asked > BEHAVIOR.get("answers", Handler.asked):
            time.sleep(600)
        if prompt >= context:
            wrong = {
                "code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": prompt,
                "n_ctx": context, "message": f"request ({prompt} tokens) exceeds the context",
            }  # fmt: skip
            return self.send(400, {"error": wrong})
        uses = bool(body.get("tools")) and body["tool_choice"] != "none"
        if uses and "grammar" in body:
            return self.refuse(400, "invalid_request_error", "Cannot use grammar with tools.")
        if body.get("tools") and body["stream"] and body.get("logprobs"):
            return self.refuse(400, "invalid_request_error", "logprobs with tools + stream")
        if not body["stream"]:
            return self.send(200, self.whole(body, prompt))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        called = uses and "response_format" not in body  # a form leaves no way to use a tool
        if called and (BEHAVIOR.get("calls") or body["tool_choice"] == "required"):
            return self.call(body, prompt)
        return self.say(body, prompt, context)

    def say(self, body: dict[str, Any], prompt: int, context: int) -> None:
        text = BEHAVIOR.get("answer", "Blue, because it scatters.")
        if "response_format" in body or "grammar" in body:
            text = BEHAVIOR.get("form", "{}")
        if body.get("input_suffix") is not None:
            text = text.upper()
        text = text[: body.get("max_tokens")][: max(context - prompt, 0)]
        if "messages" in body and "</think>" not in self.rendered(body):
            for sign in BEHAVIOR.get("thinking", ""):
                self.delta({"reasoning_content": sign})
        for number, sign in enumerate(text):
            if BEHAVIOR.get("crashes_after") == number:
                sys.stderr.write("0.01 E ggml: out of pages\n")
                sys.stderr.flush()
                os.abort()
            if BEHAVIOR.get("stalls_after") == number:
                print("stalled", flush=True)
                time.sleep(600)
            time.sleep(BEHAVIOR.get("pause", 0))
            likely = body.get("top_logprobs") or body.get("n_probs") or 0
            self.delta({"content": sign}, logprobs={"content": likelihoods(sign, likely)})
        if BEHAVIOR.get("stops_short"):
            return None
        full = prompt + len(text) >= context
        ended = "length" if full or len(text) == body.get("max_tokens") else "stop"
        return self.end(body, prompt, len(text), ended)

    def call(self, body: dict[str, Any], prompt: int) -> None:
        calls = BEHAVIOR.get("calls") or [[body["tools"][0]["function"]["name"], "{}"]]
        self.delta({"content": "\n"})
        for place, (name, arguments) in enumerate(calls):
            function = {"name": name, "arguments": ""}
            first = {"index": place, "id": f"id{place}", "type": "function", "function": function}
            self.delta({"tool_calls": [first]})
            for sign in arguments:
                self.delta({"tool_calls": [{"index": place, "function": {"arguments": sign}}]})
        return self.end(body, prompt, 20, "tool_calls")

    def whole(self, body: dict[str, Any], prompt: int) -> dict[str, Any]:
        name, arguments = BEHAVIOR["calls"][0]
        call = {"id": "id0", "type": "function", "function": {"name": name, "arguments": arguments}}
        choice = {
            "message": {"role": "assistant", "content": None, "tool_calls": [call]},
            "finish_reason": "tool_calls",
            "logprobs": {"content": likelihoods("<", body["top_logprobs"])},
        }
        return {"choices": [choice], "usage": used(prompt, 20), "timings": timings(prompt, 20)}

    def delta(self, delta: dict[str, Any], **more: Any) -> None:
        """The next letters, in the form of the path that was asked."""
        if self.path == "/infill":
            found = more["logprobs"]["content"]
            table = {"content": delta["content"], "stop": False, "completion_probabilities": found}
            return self.event(table)
        if self.path == "/v1/completions":
            return self.event({"choices": [{"index": 0, "text": delta["content"], **more}]})
        return self.event({"choices": [{"index": 0, "delta": delta, **more}]})

    def end(self, body: dict[str, Any], prompt: int, made: int, ended: str) -> None:
        if self.path == "/infill":
            stopped = "limit" if ended == "length" else "eos"
            told = {"content": "", "stop": True, "stop_type": stopped, "echo": body}
            counted = {"tokens_evaluated": prompt, "tokens_predicted": made}
            return self.event({**told, **counted, "timings": timings(prompt, made)})
        self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": ended}]})
        told = {"usage": used(prompt, made), "timings": timings(prompt, made), "echo": body}
        self.event({"choices": [], **told})
        self.wfile.write(b"data: [DONE]\n\n")
        return None

    def refuse(self, code: int, kind: str, message: str) -> None:
        self.send(code, {"error": {"message": message, "type": kind, "code": code}})

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


def likelihoods(sign: str, likely: int) -> list[dict[str, Any]]:
    """That this letter was half as likely as sure, and those after it less."""
    if not likely:
        return []
    others = [{"token": chr(ord(sign) + n), "logprob": -1.0 - n} for n in range(likely)]
    return [{"token": sign, "logprob": -1.0, "top_logprobs": others}]


def used(prompt: int, made: int) -> dict[str, Any]:
    cached = {"cached_tokens": BEHAVIOR.get("cached", 0)}
    return {"prompt_tokens": prompt, "completion_tokens": made, "prompt_tokens_details": cached}


def timings(prompt: int, made: int) -> dict[str, Any]:
    return {
        "prompt_n": prompt, "prompt_ms": 20.0, "predicted_n": made,
        "predicted_ms": 10.0 * (made - 1), "predicted_per_token_ms": 10.0,
        "cache_n": BEHAVIOR.get("cached", 0),
    }  # fmt: skip


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
    print(BEHAVIOR.get("says") or "listening", flush=True)
    with socketserver.ThreadingUnixStreamServer(flag("--host"), Handler) as server:
        server.daemon_threads = True
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
