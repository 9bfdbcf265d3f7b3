"""Spans for a collector of OpenTelemetry: one for each request, with a parent where one is told."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from freehold.core.errors import UsageError
from freehold.server.tracing import Span, Tracer, told
from tests.server.conftest import ask
from tests.server.running import config, serving

PARENT = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"


def attributes(span: dict[str, Any]) -> dict[str, Any]:
    return {row["key"]: next(iter(row["value"].values())) for row in span["attributes"]}


def test_each_request_is_a_span_that_says_nothing_of_its_words(model: Path) -> None:
    heard: list[tuple[str, Any]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((self.path, json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *words: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{collector.server_port}"
        with serving(config(model, {"traces": url})) as here:
            here.post("/v1/chat/completions", ask("a secret"), {"traceparent": PARENT})
        collector.shutdown()
    path, body = heard[0]
    (span,) = body["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert path == "/v1/traces"
    assert (span["traceId"], span["parentSpanId"]) == ("a" * 32, "b" * 16)
    found = attributes(span)
    assert found["gen_ai.request.model"] == "tiny"
    assert found["gen_ai.usage.output_tokens"] == "26"
    assert "secret" not in json.dumps(body)


def test_a_span_without_a_parent_begins_a_trace() -> None:
    span = Span(began=1, ended=2, route="r", model="m", task="text-ranking", outcome="failed")
    (form,) = told([span])["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert "parentSpanId" not in form
    assert form["status"] == {"code": 2}


def test_a_collector_that_is_not_there_holds_nothing_up() -> None:
    tracer = Tracer("http://127.0.0.1:9")
    tracer.note(Span(began=1, ended=2, route="r", model="m", task="t", outcome="answered"))
    tracer.send()
    tracer.send()


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="is no address"):
        Tracer("collector:4318")
