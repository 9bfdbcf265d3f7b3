"""The address of a server that runs already: what may be asked, and the way to ask it."""

import os
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from msgspec import Struct

from freehold.core.errors import EnvironmentProblem, UsageError
from freehold.core.http import is_loopback, offline, shown, unsafe
from freehold.engines.hosting.wire import Wire


class Address(Struct, frozen=True):
    """A server and its name of a model, from `https://host/path#model`."""

    url: str
    model: str

    @property
    def host(self) -> str:
        """The name of the machine."""
        return urlsplit(self.url).hostname or ""

    @property
    def leaves(self) -> bool:
        """Whether what is asked leaves this machine."""
        return not is_loopback(self.url)

    def wire(self, headers: Mapping[str, str]) -> Wire:
        """The way to ask it; EnvironmentProblem where nothing may leave this machine."""
        if self.leaves and offline():
            raise EnvironmentProblem(
                f"FREEHOLD_OFFLINE is set, so {self.host} is not asked",
                hint="unset FREEHOLD_OFFLINE, or leave out --offline",
            )
        parts = urlsplit(self.url)
        secure = parts.scheme == "https"
        at = (self.host, parts.port or (443 if secure else 80))
        tls = ssl.create_default_context() if secure else None
        return Wire(at, "", headers=headers, prefix=parts.path.rstrip("/"), tls=tls)


def address(text: str | None) -> Address:
    """The parts of an address; UsageError for one that is not asked, or names no model."""
    url, _, model = (text or "").partition("#")
    wrong = unsafe(url, plain_http=True)
    if wrong:
        where = shown(url) or "an address"
        raise UsageError(f"{where} {wrong}", hint="http:// is for servers on this machine only")
    if not model or not model.isprintable():
        raise UsageError(f"{shown(url)}: name the model after a #", hint=f"{shown(url)}#NAME")
    return Address(url, model)


def key(variable: str, where: str) -> str:
    """The key in a variable of the environment; UsageError where it is not there."""
    found = os.environ.get(variable, "").strip()
    if not found:
        raise UsageError(f"{where} wants a key", hint=f"put it into {variable}")
    if not found.isascii() or not found.isprintable():
        raise UsageError(f"{variable} holds no key")
    return found


def leaving(where: Address) -> tuple[str, ...]:
    """What must be said when a question leaves this machine."""
    if not where.leaves:
        return ()
    return (f"leaves this machine: what is asked goes to {where.host}, which answers",)
