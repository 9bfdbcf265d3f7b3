"""Opens connections to web servers that end at a moment, however slowly the other side speaks."""

import http.client
import io
import ssl
import time
from functools import cache
from typing import Any
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request


@cache
def agent() -> str:
    """How Freehold names itself to servers."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"freehold/{version('freehold')}"
    except PackageNotFoundError:
        return "freehold"


class _Until(io.RawIOBase):
    """Reads from a socket, but not beyond a moment; holds for headers too."""

    def __init__(self, raw: Any, sock: Any, deadline: float, silence: float) -> None:
        self.raw, self.sock, self.deadline, self.silence = raw, sock, deadline, silence

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time is over")
        self.sock.settimeout(min(left, self.silence))
        count: int | None = self.raw.readinto(buffer)
        return count

    def close(self) -> None:
        self.raw.close()
        super().close()


def opener(deadline: float, silence: float, *, proxies: bool) -> OpenerDirector:
    """What opens http and https and nothing else, follows nothing and raises for no status."""

    class Response(http.client.HTTPResponse):
        def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
            super().__init__(sock, *args, **kwargs)
            self.fp = io.BufferedReader(_Until(self.fp.detach(), sock, deadline, silence))

    class Plain(http.client.HTTPConnection):
        response_class = Response

    class Secure(http.client.HTTPSConnection):
        response_class = Response

    class OpenPlain(HTTPHandler):
        def http_open(self, req: Request) -> http.client.HTTPResponse:
            return self.do_open(Plain, req)

    class OpenSecure(HTTPSHandler):
        def https_open(self, req: Request) -> http.client.HTTPResponse:
            return self.do_open(Secure, req, context=ssl.create_default_context())

    director = OpenerDirector()
    handlers = [OpenPlain(), OpenSecure(), *([ProxyHandler()] if proxies else [])]
    for handler in handlers:
        director.add_handler(handler)
    return director
