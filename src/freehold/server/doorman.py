"""Decides who may come in, and how much each key may ask for."""

import math
import time
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import Request

from freehold.server.config import Config
from freehold.server.keys import Held, Key, KeyFile, month_of, opens
from freehold.server.problems import Refused
from freehold.server.visit import Visit

LOOK = 1.0
"""Seconds between two looks whether the file of keys was changed."""
ITSELF = ("localhost", "127.0.0.1", "::1", "testserver")


class Bucket:
    """Fills evenly to what a minute allows; what is taken afterwards may leave a debt."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._level = float(per_minute)
        self._at = time.monotonic()

    @property
    def level(self) -> float:
        """What is left now."""
        now = time.monotonic()
        more = (now - self._at) * self.per_minute / 60
        self._level, self._at = min(self.per_minute, self._level + more), now
        return self._level

    def take(self, amount: float) -> None:
        """Take so much."""
        self._level = self.level - amount

    @property
    def wait(self) -> float:
        """Seconds until there is one more."""
        return max(0.0, (1 - self.level) * 60 / self.per_minute)


class Account:
    """What one key has used: this minute, this month, and at once."""

    def __init__(self, key: Key, spent: int) -> None:
        self.key, self.spent = key, spent
        self.streams = 0
        self.requests = Bucket(key.requests_per_minute) if key.requests_per_minute else None
        self.tokens = Bucket(key.tokens_per_minute) if key.tokens_per_minute else None

    def headers(self) -> dict[str, str]:
        """What is left, in the headers that clients of OpenAI read."""
        found = {}
        for name, bucket in (("requests", self.requests), ("tokens", self.tokens)):
            if bucket:
                found[f"x-ratelimit-limit-{name}"] = str(bucket.per_minute)
                found[f"x-ratelimit-remaining-{name}"] = str(max(0, math.floor(bucket.level)))
                full = (bucket.per_minute - bucket.level) * 60 / bucket.per_minute
                found[f"x-ratelimit-reset-{name}"] = f"{full:.3f}s"
        return found


class Doorman:
    """The keys as they are now, and the accounts of those that were used."""

    def __init__(self, config: Config, file: KeyFile | None = None) -> None:
        self.config = config
        self.file = file or KeyFile()
        self._held: dict[str, Held] = {}
        self._accounts: dict[str, Account] = {}
        self._looked, self._mark = -math.inf, (0.0, 0)
        self._unsaved: dict[str, tuple[int, int]] = {}

    @property
    def held(self) -> dict[str, Held]:
        """The keys by id, read again when their file was changed."""
        if time.monotonic() - self._looked > LOOK:
            self._looked = time.monotonic()
            mark = _mark(self.file.path)
            if mark != self._mark:
                self._mark = mark
                self._held = {held.key.id: held for held in self.file.all()}
        return self._held

    @property
    def needed(self) -> bool:
        """Whether nobody comes in without a key."""
        how = self.config.server.keys
        if how == "auto":
            return not self.config.loopback or bool(self.held)
        return how == "required"

    def enter(self, visit: Visit, request: Request, least: str) -> None:
        """Let a request in or not; its key is noted."""
        self._from_here(request)
        if not self.needed:
            return
        key = opens(self.held, words_of(request))
        if key is None or key.expired:
            says = "this key has expired" if key else "a valid key is needed"
            raise Refused("unauthorized", says, code="invalid_api_key")
        if not key.has_role(least):
            raise Refused("forbidden", f"this needs the role {least}", code="role")
        visit.key = key

    def allow(self, key: Key | None, model: str, task: str) -> None:
        """Refused where the scope of a key does not hold this."""
        if key and not key.may_use(model):
            raise Refused("forbidden", f"this key may not use {model}", param="model")
        if key and not key.may_do(task):
            raise Refused("forbidden", f"this key may not do {task}", code="task")

    def begin(self, visit: Visit) -> None:
        """Take one request from the account; Refused where it is used up."""
        account = self.account(visit.key)
        if account is None:
            return
        key, minute = account.key, (account.requests, account.tokens)
        if key.tokens_per_month is not None and account.spent >= key.tokens_per_month:
            says = f"the {key.tokens_per_month:,} tokens of this month are used"
            raise Refused("limited", says, code="insufficient_quota")
        if key.streams is not None and account.streams >= key.streams:
            says = f"this key may have {key.streams} requests at once"
            raise Refused("limited", says, code="concurrency", wait=1)
        for bucket, what in zip(minute, ("requests", "tokens"), strict=True):
            if bucket and bucket.level < 1:
                visit.headers.update(account.headers())
                says = f"{bucket.per_minute:,} {what} a minute are allowed"
                raise Refused("limited", says, code="rate_limit_exceeded", wait=bucket.wait)
        if account.requests:
            account.requests.take(1)
        account.streams += 1
        visit.headers.update(account.headers())

    def end(self, visit: Visit, tokens: int) -> None:
        """Note what a request took."""
        account = self.account(visit.key)
        if account is None:
            return
        account.streams -= 1
        account.spent += tokens
        if account.tokens:
            account.tokens.take(tokens)
        before = self._unsaved.get(account.key.id, (0, 0))
        self._unsaved[account.key.id] = (before[0] + tokens, before[1] + 1)

    def account(self, key: Key | None) -> Account | None:
        """The account of a key."""
        if key is None:
            return None
        found = self._accounts.get(key.id)
        if found is None or found.key != key:
            spent = self.file.spent(month_of(time.time())).get(key.id, (0, 0))[0]
            made = Account(key, spent)
            made.streams = found.streams if found else 0
            found = self._accounts[key.id] = made
        return found

    def unsaved(self) -> dict[str, tuple[int, int]]:
        """Tokens and requests since the last time this was asked."""
        found, self._unsaved = self._unsaved, {}
        return found

    def turn(self) -> None:
        """Begin a new month: what is kept in the file counts."""
        self._accounts.clear()

    def _from_here(self, request: Request) -> None:
        """Refuse what a page of another site sends through somebody's browser."""
        host = _name(request.headers.get("host", ""))
        names = self.config.server.names
        known = (*names, self.config.server.host, *(ITSELF if self.config.loopback else ()))
        if (self.config.loopback or names) and host not in known:
            raise Refused("forbidden", f"this server is not {host[:100]!r}", code="host")
        origin = request.headers.get("origin")
        if origin and not _is_ours(origin, request.headers.get("host", ""), names):
            raise Refused("forbidden", "pages of other sites may not ask here", code="origin")


def words_of(request: Request) -> str:
    """The key that a request brings, where clients of OpenAI, Anthropic and Azure put it."""
    kind, _, words = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return words.strip()
    return request.headers.get("x-api-key") or request.headers.get("api-key") or ""


def _name(host: str) -> str:
    """A host without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host


def _is_ours(origin: str, host: str, names: tuple[str, ...]) -> bool:
    """Whether a page comes from this server: from the same host and port, or one of its names."""
    try:
        place = urlsplit(origin).netloc.lower()
    except ValueError:
        return False
    return place == host.lower() or _name(place) in names


def _mark(path: Path) -> tuple[float, int]:
    try:
        found = path.stat()
    except OSError:
        return (0.0, 0)
    return (found.st_mtime, found.st_size)
