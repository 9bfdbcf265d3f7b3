"""Opens connections to web servers that end at a moment, however slowly the other side speaks."""

import http.client
import io
import socket
import ssl
import time
from functools import cache
from ipaddress import IPv6Address, ip_address
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


class Private(Exception):
    """A public server led to an address that only this machine or its network knows."""


class Reach:
    """Which machines one question may lead to; each name is resolved once, and what was checked
    is what is connected to.

    `met` tells whether the last connection was to a public address; None before the first.
    """

    def __init__(self, *, public: bool = False) -> None:
        self.public, self.met = public, None if not public else True

    def onward(self) -> None:
        """From here on a redirect is followed: from a public server only to public ones."""
        self.public = self.public or bool(self.met)

    def connect(self, host: str, port: int, timeout: float, behind: str | None) -> socket.socket:
        """A connection to a host, or to a proxy that will connect to the host `behind` it."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        names = [behind] if behind else [str(row[4][0]) for row in found]
        self.met = all(is_public(name) for name in names)
        if self.public and not self.met:
            raise Private(behind or host)
        return _first(found, timeout)


def is_public(name: str) -> bool:
    """Whether an address is one of the whole internet; a name that is no address counts as one."""
    try:
        address = ip_address(name.partition("%")[0].strip("[]"))
    except ValueError:
        return name.lower().rstrip(".") != "localhost"
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address.sixtofour or address
    return address.is_global and not address.is_multicast


def _first(found: list[Any], timeout: float) -> socket.socket:
    """A connection to the first of these addresses that takes one."""
    wrong: OSError = ConnectionError("the name leads nowhere")
    for family, kind, protocol, _, where in found:
        made = socket.socket(family, kind, protocol)
        try:
            made.settimeout(timeout)
            made.connect(where)
            return made
        except OSError as error:
            made.close()
            wrong = error
    raise wrong


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


def opener(deadline: float, silence: float, reach: Reach, *, proxies: bool) -> OpenerDirector:
    """What opens http and https and nothing else, follows nothing and raises for no status."""

    class Response(http.client.HTTPResponse):
        def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
            super().__init__(sock, *args, **kwargs)
            self.fp = io.BufferedReader(_Until(self.fp.detach(), sock, deadline, silence))

    def connecting(connection: Any) -> Any:
        """How a connection is made in place of `socket.create_connection`."""

        def connect(address: tuple[str, int], timeout: float, *_: Any) -> socket.socket:
            behind = getattr(connection, "_tunnel_host", None)
            return reach.connect(address[0], address[1], timeout, behind)

        return connect

    class Plain(http.client.HTTPConnection):
        response_class = Response

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._create_connection = connecting(self)

    class Secure(http.client.HTTPSConnection):
        response_class = Response

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._create_connection = connecting(self)

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
