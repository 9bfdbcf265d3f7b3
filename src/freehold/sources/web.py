"""A file on a web server as a source: of a split model, all of its parts."""

import base64
import binascii
import re
import time
from collections.abc import Callable
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from freehold.core.errors import BrokenInput, FreeholdError
from freehold.core.http import Answer, Wish, ask, problem
from freehold.formats.gguf_split import split_names
from freehold.formats.weight_files import group_of
from freehold.sources.listing import unsafe_name
from freehold.sources.remote import name_in
from freehold.store.offer import Address, Offer, Offered

_DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):")
_PART = re.compile(r"-\d{5}-of-\d{5}$")


class WebFiles:
    """One address, and those of the other parts beside it."""

    def __init__(self, what: str, token: str | None, sleep: Callable[[float], None]) -> None:
        self.url, self.token, self.sleep = what, token, sleep
        self.name = name_in(what)
        wrong = unsafe_name(self.name) or ("/" in self.name and "its name has a slash")
        if wrong:
            raise BrokenInput(f"{self.name[:100]!r} cannot be the name of a file: {wrong}")

    def offer(self) -> Offer:
        """The file with its size, and a digest where its server gives one (RFC 9530)."""
        low = self.name.lower()
        names: tuple[str, ...] = (self.name,)
        if low.endswith(".gguf"):
            names = tuple(split_names(self.name))
        elif low.endswith(".safetensors"):
            names = group_of(self.name)
        stem = _PART.sub("", self.name.rpartition(".")[0] or self.name)
        files = tuple(self._look(name) for name in names)
        return Offer(source="url", name=stem, origin=self.url, files=files, only=names)

    def address(self, file: Offered) -> Address:
        """The address beside the one that was named, with the same question behind it."""
        if file.path == self.name:
            return Address(self.url, self.token)
        parts = urlsplit(self.url)
        path = urljoin(parts.path, quote(file.path))
        return Address(urlunsplit(parts._replace(path=path, fragment="")), self.token)

    def refusal(self, answer: Answer) -> FreeholdError:
        """What its server means."""
        return problem(answer)

    def _look(self, name: str) -> Offered:
        """Ask for one byte, to learn the size."""
        address = self.address(Offered(path=name))
        answer = ask(address.url, Wish(1, (0, 1), self.token), self.sleep)
        if answer.status not in (200, 206):
            raise self.refusal(answer)
        return Offered(path=name, size=answer.total, sha256=_digest(answer))


def _digest(answer: Answer) -> str | None:
    """The SHA-256 of the whole file, as a header may give it."""
    found = _DIGEST.search(answer.headers.get("repr-digest", ""))
    try:
        return base64.b64decode(found[1]).hex() if found else None
    except binascii.Error:
        return None


def supplier(
    what: str, *, token: str | None = None, endpoint: str | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> WebFiles:  # fmt: skip
    """The file that an address names."""
    return WebFiles(what, token, sleep)
