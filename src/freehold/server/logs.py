"""Logs as lines of text or JSON, without anything that was said."""

import json
import logging
import sys
from datetime import UTC, datetime

MORE = ("key", "seconds", "tokens")


class Json(logging.Formatter):
    """One line of JSON for each record."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: getattr(record, name) for name in MORE if hasattr(record, name)},
        }
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return json.dumps(told)


class Text(logging.Formatter):
    """A line of words, with what was counted at its end."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        more = [f"{name}={getattr(record, name)}" for name in MORE if hasattr(record, name)]
        return " ".join([super().format(record), *more])


class Out(logging.Handler):
    """Writes to the error stream, whatever that is by then."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        print(self.format(record), file=sys.stderr, flush=True)


def begin(form: str) -> None:
    """Send all records of ours to the error stream in this form; `off` sends warnings only."""
    handler = Out()
    handler.setFormatter(Json() if form == "json" else Text("%(levelname)s %(message)s"))
    root = logging.getLogger("freehold")
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING if form == "off" else logging.INFO)
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
