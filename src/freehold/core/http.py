"""Asks a web server for one thing: bounded in bytes, time, redirects and tries; GET only."""

import http.client
import json
import os
import re
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from urllib.error import URLError
from urllib.parse import quote, urljoin, urlsplit
from urllib.request import Request

from msgspec import Struct
from msgspec.structs import replace

from freehold.core.connection import Private, Reach, agent, opener
from freehold.core.errors import (
    BrokenInput,
    EnvironmentProblem,
    FreeholdError,
    NotAllowed,
    NotFound,
    UsageError,
)

MOST_REDIRECTS = 5
MOST_OF_AN_ERROR = 2**16
LONGEST_ADDRESS = 8_000
PIECE = 2**16
REDIRECTS = frozenset((301, 302, 303, 307, 308))
PASSING = frozenset((429, 500, 502, 503, 504))
"""Answers that may be better a moment later."""
ONLINE = "check the network and the proxy settings, then ask again"
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")


class Passing(Exception):
    """Something went wrong that may be better a moment later."""


class Limits(Struct, frozen=True):
    """Seconds of silence, seconds for one try, tries, and seconds to wait between two of them."""

    silence: float = 20.0
    whole: float = 60.0
    tries: int = 4
    longest_wait: float = 30.0


class Wish(Struct, frozen=True):
    """What is asked for: at most so many bytes, or (start, count) of a larger thing.

    `keep` leaves the connection open where a server sends the whole thing in place of a part;
    `flow` leaves all of a good answer to be read from its `rest`. `headers` go where the token
    goes: to the first server only. With `public`, only public addresses are connected to; a
    redirect from a public one leads to public ones in any case.
    """

    most: int
    part: tuple[int, int] | None = None
    token: str | None = None
    limits: Limits = Limits()
    keep: bool = False
    flow: bool = False
    public: bool = False
    headers: Mapping[str, str] = {}


class Rest:
    """The part of a body that is still to come; within the time of the wish, and to be closed."""

    def __init__(self, url: str, response: http.client.HTTPResponse) -> None:
        self.url, self.response = url, response

    def read(self, count: int) -> bytes:
        """The next bytes: fewer only at the end."""
        try:
            return _read(self.response, count)
        except (OSError, http.client.HTTPException, ValueError) as error:
            why = _failure(error, self.url)
            if isinstance(why, FreeholdError):
                raise why from error
            raise EnvironmentProblem(f"{shown(self.url)}: {why}", hint=ONLINE) from error

    def some(self, most: int) -> bytes:
        """What has come, empty at the end; raises Passing where asking again may help."""
        try:
            return self.response.read1(most)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _failure(error, self.url) from error

    def close(self) -> None:
        """Hang up."""
        self.response.close()


class Answer(Struct, frozen=True):
    """What a server said; `total` is the size of the whole thing, where it tells.

    `rest` is what was not read of a thing that was wanted in part and comes whole.
    """

    url: str
    status: int
    headers: dict[str, str]
    body: bytes
    total: int | None = None
    rest: Rest | None = None

    @property
    def says(self) -> str:
        """The server's own words on what went wrong, as the Hub sends them; may be empty."""
        said = self.headers.get("x-error-message")
        if not said and "json" in self.headers.get("content-type", ""):
            try:
                said = json.loads(self.body)["error"]
            except (ValueError, KeyError, TypeError, RecursionError):
                said = None
        return printable(said)[:300] if isinstance(said, str) else ""


def get(url: str, wish: Wish, sleep: Callable[[float], None] = time.sleep) -> Answer:
    """The answer to a GET, once it is a good one; every other one is raised as an error."""
    answer = ask(url, wish, sleep)
    if answer.status in (200, 206):
        return answer
    raise problem(answer)


def ask(url: str, wish: Wish, sleep: Callable[[float], None] = time.sleep) -> Answer:
    """The last answer of any status; tries again what may pass, and waits as the server asks."""
    wrong = unsafe(url, plain_http=is_loopback(url))
    if wrong:
        raise UsageError(f"{shown(url)}: {wrong}")
    for number in range(1, wish.limits.tries + 1):
        try:
            answer = _follow(url, wish, time.monotonic() + wish.limits.whole)
        except Passing as error:
            if number == wish.limits.tries:
                raise EnvironmentProblem(f"{shown(url)}: {error}", hint=ONLINE) from error
            sleep(_pause(number, None, wish.limits))
            continue
        if answer.status not in PASSING or number == wish.limits.tries:
            return answer
        asked = _asked_wait(answer)
        if asked is not None and asked > wish.limits.longest_wait:
            return answer
        sleep(_pause(number, asked, wish.limits))
    raise UsageError("at least one try is needed")


def problem(answer: Answer) -> FreeholdError:
    """The error that an answer stands for."""
    url, status, says = shown(answer.url), answer.status, answer.says
    said = f": {says}" if says else ""
    if status in (404, 410):
        return NotFound("page", url, ())
    if status in (401, 403):
        return NotAllowed(f"{url} is not for everybody{said}", hint="ask its owner for access")
    if status in PASSING:
        asked = _asked_wait(answer)
        later = f"in {asked:,.0f} seconds" if asked else "later"
        return EnvironmentProblem(f"{url} answers with {status}{said}", hint=f"ask again {later}")
    return BrokenInput(f"{url} answers with {status}{said}")


def offline() -> bool:
    """Whether nothing may leave this machine: FREEHOLD_OFFLINE is set."""
    return os.environ.get("FREEHOLD_OFFLINE", "").lower() not in ("", "0", "false", "no", "off")


def is_loopback(url: str) -> bool:
    """Whether an address leads to this machine itself."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def same_server(one: str, other: str) -> bool:
    """Whether two addresses lead to one server, so that what is for one may go to the other."""
    return _origin(one) == _origin(other)


def unsafe(url: str, *, plain_http: bool) -> str | None:
    """Why an address is not asked, or None; http is for this machine only, where allowed."""
    try:
        parts = urlsplit(url)
        whole = bool(_HOST.fullmatch(parts.netloc)) and parts.port != 0
    except ValueError:
        whole = False
    if not whole or len(url) > LONGEST_ADDRESS or not url.isascii() or not url.isprintable():
        return "is not an address that can be asked"
    if parts.scheme == "https" or (parts.scheme == "http" and plain_http and is_loopback(url)):
        return None
    return "does not begin with https://"


def shown(url: str) -> str:
    """An address as it can be printed: without what may be a secret."""
    return printable(url.partition("?")[0].partition("#")[0].rpartition("@")[2])[:300]


def printable(text: str) -> str:
    """A text without what would move a terminal's cursor."""
    return "".join(sign for sign in text if sign.isprintable())


def _follow(first: str, wish: Wish, deadline: float) -> Answer:
    """The answer behind at most five redirects; the token stays with the first server."""
    url, reach = first, Reach(public=wish.public)
    for _ in range(MOST_REDIRECTS + 1):
        own = wish if same_server(url, first) else replace(wish, token=None, headers={})
        answer = _once(url, own, reach, deadline)
        reach.onward()
        if answer.status not in REDIRECTS or "location" not in answer.headers:
            return answer
        url = _next(url, answer.headers["location"])
    raise BrokenInput(f"{shown(first)}: leads on more than {MOST_REDIRECTS} times")


def _next(url: str, location: str) -> str:
    """Where a redirect leads; from https only to https."""
    try:
        to = urljoin(url, quote(location.encode("latin-1", "replace"), safe="%/:=&?~#+!$,;'@()*[]"))
    except ValueError:
        to = ""
    wrong = unsafe(to, plain_http=url.startswith("http://"))
    if wrong:
        raise BrokenInput(f"{shown(url)}: leads to {shown(location)!r}, which {wrong}")
    return to.partition("#")[0]


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}[parts.scheme]


def _once(url: str, wish: Wish, reach: Reach, deadline: float) -> Answer:
    """One request and its answer, or an error that says whether it may pass."""
    if offline() and not is_loopback(url):
        why = f"FREEHOLD_OFFLINE is set, so {shown(urlsplit(url).netloc)} is not asked"
        raise EnvironmentProblem(why, hint="unset FREEHOLD_OFFLINE, or leave out --offline")
    headers = {"User-Agent": agent(), "Accept-Encoding": "identity", **wish.headers}
    if wish.part:
        headers["Range"] = f"bytes={wish.part[0]}-{sum(wish.part) - 1}"
    if wish.token:
        headers["Authorization"] = f"Bearer {wish.token}"
    silence = wish.limits.silence
    director = opener(deadline, silence, reach, proxies=not is_loopback(url))
    left = max(0.01, min(silence, deadline - time.monotonic()))
    try:
        with ExitStack() as stack:
            response = director.open(Request(url, headers=headers), None, left)
            stack.enter_context(closing(response))
            answer = _answer(url, response, wish)
            if _is_kept(wish, answer.status):
                stack.pop_all()
                return replace(answer, rest=Rest(url, response))
            return answer
    except Private as error:
        where = f"{shown(url)}: leads to {shown(str(error))}, an address of a private network"
        raise BrokenInput(f"{where}; a public server has no business there") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _failure(error, url) from error


def _is_kept(wish: Wish, status: int) -> bool:
    """Whether the connection stays open for what was not read."""
    return (wish.flow and status in (200, 206)) or (
        wish.keep and wish.part is not None and status == 200
    )


def _failure(error: Exception, url: str) -> Exception:
    """What a failed connection means: for now, for this machine, or for that server."""
    why = error.reason if isinstance(error, URLError) else error
    host = shown(urlsplit(url).netloc)
    if isinstance(why, ssl.SSLCertVerificationError):
        said = printable(why.verify_message)
        return EnvironmentProblem(f"{host}: its certificate does not hold: {said}", hint=ONLINE)
    if isinstance(why, TimeoutError):
        return Passing("takes too long to answer")
    if isinstance(why, ConnectionRefusedError):
        return EnvironmentProblem(f"{host} takes no connections", hint=ONLINE)
    if isinstance(why, ConnectionError | http.client.IncompleteRead | ssl.SSLError):
        return Passing("breaks the connection off")
    if isinstance(why, http.client.HTTPException | ValueError):
        return BrokenInput(f"{shown(url)}: does not answer as a web server should")
    said = printable(getattr(why, "strerror", None) or str(why))
    return EnvironmentProblem(f"{host} cannot be reached: {said}", hint=ONLINE)


def _answer(url: str, response: http.client.HTTPResponse, wish: Wish) -> Answer:
    """The read answer, its size and range held against what was asked."""
    headers = {key.lower(): value for key, value in response.headers.items()}
    good = response.status in (200, 206)
    most = (wish.part[1] if wish.part else wish.most) if good else MOST_OF_AN_ERROR
    cut_is_fine = not good or wish.part is not None
    said, total = response.length, response.length
    if response.status == 206:
        total = _range(url, headers, wish)
    if good and headers.get("content-encoding", "identity").lower() != "identity":
        raise BrokenInput(f"{shown(url)}: comes packed, though asked to come plain")
    if good and wish.flow:
        return Answer(url, response.status, headers, b"", total)
    if not cut_is_fine and said is not None and said > most:
        raise BrokenInput(f"{shown(url)}: has {said:,} bytes; more than {most:,} are not read")
    body = _read(response, most if cut_is_fine else most + 1)
    if len(body) > most and not cut_is_fine:
        raise BrokenInput(f"{shown(url)}: has more than {most:,} bytes; so many are not read")
    if good and said is not None and len(body) < min(said, most):
        raise Passing(f"breaks off after {len(body):,} of {said:,} bytes")
    return Answer(url, response.status, headers, body[:most], total)


def _read(response: http.client.HTTPResponse, most: int) -> bytes:
    """The body, up to so many bytes."""
    pieces, left = [], most
    while left > 0 and (piece := response.read1(min(PIECE, left))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _range(url: str, headers: dict[str, str], wish: Wish) -> int | None:
    """The size of the whole thing, when the part is the one that was asked for."""
    found = _RANGE.fullmatch(headers.get("content-range", ""))
    if not found or not wish.part or int(found[1]) != wish.part[0]:
        raise BrokenInput(f"{shown(url)}: answers with another part than was asked for")
    return None if found[3] == "*" else int(found[3])


def _asked_wait(answer: Answer) -> float | None:
    """The seconds that the server asks to wait, given as a number or as a date."""
    said = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}", said):
        return float(said)
    try:
        at = parsedate_to_datetime(said)
        return max(0.0, (at.astimezone(UTC) - datetime.now(UTC)).total_seconds())
    except (ValueError, OverflowError):
        return None


def _pause(number: int, asked: float | None, limits: Limits) -> float:
    """How long to wait after so many tries."""
    return min(2.0 ** (number - 1) if asked is None else asked, limits.longest_wait)
