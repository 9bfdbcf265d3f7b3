"""One HTTP request on its way through the server: who asks, since when, under which id."""

import re
import secrets
import time
from typing import TYPE_CHECKING

from starlette.requests import Request

if TYPE_CHECKING:
    from freehold.server.keys import Key

OWN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Visit:
    """What is known of a request besides its body."""

    def __init__(self, request: Request | None = None) -> None:
        told = request.headers.get("x-request-id", "") if request else ""
        self.id = told if OWN_ID.fullmatch(told) else f"req_{secrets.token_hex(12)}"
        self.began = time.monotonic()
        self.path = str(request.scope["path"]) if request else ""
        self.route = ""
        self.parent = request.headers.get("traceparent", "") if request else ""
        self.key: Key | None = None
        self.headers: dict[str, str] = {"x-request-id": self.id}

    @property
    def who(self) -> str:
        """The id of the key; without keys everybody is the same."""
        return self.key.id if self.key else "-"

    @property
    def passed(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began
