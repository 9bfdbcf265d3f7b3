"""Sends one span for each request to a collector of OpenTelemetry, where one is configured.

The form is OTLP over HTTP in JSON, which needs no library; the names are those of the semantic
conventions for generative AI and stand in this file alone. Nothing that was said is in a span.
"""

import http.client
import json
import logging
import re
import secrets
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from freehold.core.errors import UsageError

PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
MOST = 10_000
"""Spans that wait for the collector; more are left out, and that is said."""
AT_ONCE = 500
SERVER, OK, ERROR = 2, 1, 2
OPERATIONS = {
    "text-generation": "chat",
    "feature-extraction": "embeddings",
}
log = logging.getLogger("freehold.traces")


class Span(Struct, frozen=True, kw_only=True):
    """One request: seconds since 1970, who answered what for how many tokens."""

    began: float
    ended: float
    route: str
    model: str
    task: str
    outcome: str
    prompt: int = 0
    generated: int = 0
    parent: str = ""
    id: str = ""


class Tracer:
    """Collects spans; a thread that comes by now and then sends them."""

    def __init__(self, endpoint: str | None) -> None:
        """UsageError for an address that is none."""
        self._spans: list[Span] = []
        self._lost = 0
        self._at = None
        if endpoint:
            self._at = urlsplit(endpoint)
            if self._at.scheme not in ("http", "https") or not self._at.hostname:
                raise UsageError(
                    f"traces: {endpoint!r} is no address such as http://127.0.0.1:4318"
                )

    def note(self, span: Span) -> None:
        """Keep a span for the next sending."""
        if self._at is None:
            return
        if len(self._spans) < MOST:
            self._spans.append(span)
        else:
            self._lost += 1

    def send(self) -> None:
        """Send what was kept; what cannot be sent is said in the log, not kept for ever."""
        if self._at is None or not self._spans:
            return
        spans, self._spans = self._spans, []
        for start in range(0, len(spans), AT_ONCE):
            try:
                self._post(spans[start : start + AT_ONCE])
            except (OSError, http.client.HTTPException) as error:
                log.warning("%d spans were not sent: %s", len(spans) - start, error)
                return
        if self._lost:
            log.warning("%d spans were left out", self._lost)
            self._lost = 0

    def _post(self, spans: list[Span]) -> None:
        assert self._at is not None
        secure = self._at.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(str(self._at.hostname), self._at.port, timeout=5)
        try:
            path = self._at.path.rstrip("/") + "/v1/traces"
            headers = {"Content-Type": "application/json"}
            connection.request("POST", path, json.dumps(told(spans)), headers)
            status = connection.getresponse().status
            if status >= 300:
                log.warning("the collector of traces answers %d", status)
        finally:
            connection.close()


def told(spans: list[Span]) -> dict[str, Any]:
    """Spans in the form of OTLP."""
    scope = {"scope": {"name": "freehold"}, "spans": [_form(span) for span in spans]}
    resource = {"attributes": _attributes({"service.name": "freehold"})}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]}


def _form(span: Span) -> dict[str, Any]:
    parent = PARENT.fullmatch(span.parent)
    operation = OPERATIONS.get(span.task, span.task)
    found: dict[str, Any] = {
        "traceId": parent[1] if parent else secrets.token_hex(16),
        "spanId": secrets.token_hex(8),
        "name": f"{operation} {span.model}",
        "kind": SERVER,
        "startTimeUnixNano": str(int(span.began * 1e9)),
        "endTimeUnixNano": str(int(span.ended * 1e9)),
        "status": {"code": OK if span.outcome == "answered" else ERROR},
        "attributes": _attributes(
            {
                "gen_ai.operation.name": operation,
                "gen_ai.provider.name": "freehold",
                "gen_ai.request.model": span.model,
                "gen_ai.usage.input_tokens": span.prompt,
                "gen_ai.usage.output_tokens": span.generated,
                "http.route": span.route,
                "freehold.request_id": span.id,
                "freehold.outcome": span.outcome,
            }
        ),
    }
    return {**found, "parentSpanId": parent[2]} if parent else found


def _attributes(table: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "key": key,
            "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value},
        }
        for key, value in table.items()
    ]
