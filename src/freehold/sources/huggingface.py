"""Fetches from the Hub what lies around a model: card, licenses, configuration, heads of files."""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import msgspec
from msgspec import Struct

from freehold.core.errors import (
    BrokenInput,
    EnvironmentProblem,
    FreeholdError,
    NotAllowed,
    NotFound,
    UsageError,
)
from freehold.core.http import (
    Answer,
    Limits,
    Wish,
    ask,
    is_loopback,
    printable,
    problem,
    shown,
    unsafe,
)
from freehold.sources.heads import Part, head_of, write_parts
from freehold.sources.listing import (
    MOST_LISTED,
    Listed,
    Listing,
    sort_out,
    write_listing,
)

HUB = "https://huggingface.co"
MOST_OF_THE_LIST = 16 * 2**20
MOST_OF_A_FILE = 2_000_000
MOST_BYTES = 64_000_000
MOST_PAPERS, MOST_HEADS = 100, 16
MOST_SECONDS = 300.0
MOST_TAGS, LONGEST_TAG, MOST_BRANCHES = 500, 200, 5_000
LARGEST_HOLE = 2**30
"""A text that is too large leaves an empty file of up to this size, so that nobody misses it."""
ENOUGH = f"not fetched: {MOST_BYTES:,} bytes in all are enough"
_REPO = re.compile(r"([\w-][\w.-]{0,95}/)?[\w-][\w.-]{0,95}", re.ASCII)
_REVISION = re.compile(r"[\w-][\w./-]{0,199}", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_TOKEN = re.compile(r"[!-~]{1,500}")


class Large(Struct, frozen=True):
    """What vouches for a file that is stored apart."""

    sha256: str | None = None


class Sibling(Struct, frozen=True, rename={"git": "blobId"}):
    """One file as the Hub lists it."""

    rfilename: str
    size: int | None = None
    git: str | None = None
    lfs: Large | None = None


class _Model(Struct, frozen=True):
    """What the Hub answers about a repository, as far as it matters here."""

    sha: str
    id: str = ""
    siblings: tuple[Sibling, ...] = ()
    gated: bool | str = False
    tags: tuple[str, ...] = ()


class _Branch(Struct, frozen=True):
    name: str


class _Refs(Struct, frozen=True):
    """The branches of a repository."""

    branches: tuple[_Branch, ...] = ()


def fetch_papers(
    repo: str, revision: str = "main", *, into: Path, endpoint: str | None = None,
    token: str | None = None, sleep: Callable[[float], None] = time.sleep,
) -> Path:  # fmt: skip
    """Fetch what `check` reads into an empty folder, all of one commit; returns the folder.

    The environment variables HF_ENDPOINT and HF_TOKEN count where nothing is given. Raises
    NotFound, NotAllowed, BrokenInput for answers that make no sense, and EnvironmentProblem
    without network. The list of all files is kept beside them (`read_listing`).
    """
    _check_words(repo, revision)
    _check_folder(into)
    hub = open_hub(repo, revision, endpoint=endpoint, token=token, sleep=sleep)
    model = hub.model()
    files = sort_out((one.rfilename, one.size) for one in model.siblings)
    for file in files[:MOST_LISTED]:
        hub.fetch(file, model.sha, into)
    listing = Listing(
        model.id or repo, revision, model.sha, bool(model.gated), len(files), files[:MOST_LISTED],
        [printable(tag)[:LONGEST_TAG] for tag in model.tags[:MOST_TAGS]], hub.branches(),
    )  # fmt: skip
    write_listing(listing, into)
    return into


def open_hub(
    repo: str, revision: str = "main", *, endpoint: str | None = None, token: str | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> "Hub":  # fmt: skip
    """One repository of the Hub, before anything is asked; raises UsageError for odd words."""
    _check_words(repo, revision)
    return Hub(_endpoint(endpoint), _token(token), sleep, repo, revision)


def is_the_hub() -> bool:
    """Whether files come from the Hub itself and not from another address that speaks like it."""
    return _endpoint(None) == HUB


class Hub:
    """One repository of one Hub; counts the files, bytes and seconds that it took."""

    def __init__(
        self, endpoint: str, token: str | None, sleep: Callable[[float], None], repo: str,
        revision: str,
    ) -> None:  # fmt: skip
        self.endpoint, self.token, self.sleep = endpoint, token, sleep
        self.repo, self.revision = repo, revision
        self.left, self.papers, self.heads = MOST_BYTES, MOST_PAPERS, MOST_HEADS
        self.until = time.monotonic() + MOST_SECONDS

    def model(self) -> _Model:
        """What the Hub knows of the repository, with the commit that everything comes from."""
        revision = quote(self.revision, safe="")
        url = f"{self.endpoint}/api/models/{self.repo}/revision/{revision}?blobs=true"
        answer = self.get(url, MOST_OF_THE_LIST)
        try:
            model = msgspec.json.decode(answer.body, type=_Model)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise BrokenInput(f"{shown(url)}: does not answer as a Hub should") from error
        if not _COMMIT.fullmatch(model.sha):
            raise BrokenInput(f"{shown(url)}: names no commit")
        return model

    def branches(self) -> list[str]:
        """The branches of the repository; none where the Hub does not tell them."""
        try:
            body = self.get(f"{self.endpoint}/api/models/{self.repo}/refs", MOST_OF_A_FILE).body
            refs = msgspec.json.decode(body, type=_Refs)
        except (NotFound, NotAllowed, BrokenInput, msgspec.MsgspecError, UnicodeDecodeError):
            return []
        except (_TooMuch, EnvironmentProblem, RecursionError):
            return []
        return [printable(one.name)[:LONGEST_TAG] for one in refs.branches[:MOST_BRANCHES]]

    def fetch(self, file: Listed, commit: str, into: Path) -> None:
        """Fetch one file if it matters; a card or text that fails ends everything.

        A license that was not read could forbid what the rest allows.
        """
        if file.kind not in ("card", "text", "table", "head"):
            return
        try:
            self.spend(file)
            self.write(file, into, *self.parts(file, commit))
        except (NotAllowed, NotFound, BrokenInput) as error:
            if file.kind in ("card", "text"):
                raise
            file.problem = str(error)
        except _TooMuch as error:
            file.problem = str(error)
            if file.kind in ("card", "text"):
                self.write(file, into, min(file.size or 1, LARGEST_HOLE), [])
                file.got = "none"

    def spend(self, file: Listed) -> None:
        """Count a file, or refuse it."""
        if file.kind == "head":
            self.heads -= 1
        else:
            self.papers -= 1
        if min(self.heads, self.papers) < 0:
            raise _TooMuch("not fetched: there are too many of its kind")
        if file.kind != "head" and (file.size or 0) > MOST_OF_A_FILE:
            raise _TooMuch(f"not fetched: has more than {MOST_OF_A_FILE:,} bytes")
        if file.kind != "head" and (file.size or 1) > self.left:
            raise _TooMuch(ENOUGH)

    def parts(self, file: Listed, commit: str) -> tuple[int, list[Part]]:
        """The size of a file and the parts of it that are needed."""
        url = self.address(file.path, commit)
        if file.kind == "head" and file.size is not None:
            return file.size, head_of(file.path, file.size, lambda s, n: self.part(url, s, n))
        body = self.get(url, MOST_OF_A_FILE).body
        if file.size is not None and file.size != len(body):
            raise BrokenInput(
                f"{file.path}: came with {len(body):,} bytes; the list says {file.size:,}"
            )
        return len(body), [(0, body)]

    def address(self, path: str, commit: str) -> str:
        """Where a file of one commit is."""
        return f"{self.endpoint}/{self.repo}/resolve/{commit}/{quote(path, safe='/')}"

    def part(self, url: str, start: int, count: int) -> bytes:
        """Some bytes of a file; also from a server that gives only whole files, if at its start."""
        answer = self.get(url, count, (start, count))
        if answer.status == 200 and start:
            raise BrokenInput(f"{shown(url)}: the server gives no parts of files")
        if len(answer.body) != count:
            raise BrokenInput(f"{shown(url)}: comes with {len(answer.body):,} of {count:,} bytes")
        return answer.body

    def write(self, file: Listed, into: Path, size: int, parts: list[Part]) -> None:
        """Write a file of this size with holes where nothing was fetched; never over another."""
        write_parts(into.joinpath(*file.path.split("/")), size, parts)
        file.got = "whole" if sum(len(data) for _, data in parts) == size else "head"

    def get(self, url: str, most: int, part: tuple[int, int] | None = None) -> Answer:
        """A good answer within what is left of bytes and time."""
        if part and self.left < most:
            raise _TooMuch(ENOUGH)
        seconds = self.until - time.monotonic()
        if seconds <= 0:
            raise EnvironmentProblem(
                f"{self.endpoint} is too slow: {MOST_SECONDS:.0f} seconds were not enough",
                hint=f"try again later: freehold check hf:{self.repo}",
            )
        limits = Limits(whole=min(60.0, seconds))
        answer = ask(url, Wish(min(most, self.left), part, self.token, limits), self.sleep)
        self.left -= len(answer.body)
        if answer.status not in (200, 206):
            raise self.refusal(answer)
        return answer

    def refusal(self, answer: Answer) -> FreeholdError:
        """What the Hub means, with what to do about it."""
        code = answer.headers.get("x-error-code", "")
        if code == "RevisionNotFound":
            return NotFound(f"revision of {self.repo}", self.revision, ())
        if code == "RepoNotFound" or (answer.status == 404 and code != "EntryNotFound"):
            return NotFound("repository on the Hub", self.repo, (), hint=self._look())
        if answer.status not in (401, 403):
            return problem(answer)
        said = f": {answer.says}" if answer.says else ""
        if code == "GatedRepo":
            why = f"{self.repo} is gated: its terms must be accepted first{said}"
        elif answer.status == 401:
            why = f"{self.repo} is private, or there is no such repository{said}"
        else:
            why = f"{self.repo} is not open to you{said}"
        return NotAllowed(why, hint=self._grant(code))

    def _look(self) -> str:
        return f"look for it: {self.endpoint}/models?search={self.repo.rpartition('/')[2]}"

    def _grant(self, code: str) -> str:
        accept = f"accept the terms at {self.endpoint}/{self.repo}, then " * (code == "GatedRepo")
        return f"{accept}set HF_TOKEN and run: freehold check hf:{self.repo}"


class _TooMuch(Exception):
    """A file is left out to stay within the bounds; its record says so."""


def _check_words(repo: str, revision: str) -> None:
    """Refuse what is no name of a repository or a revision before anything is asked."""
    if not _REPO.fullmatch(repo) or ".." in repo:
        raise UsageError(
            f"{repo[:200]!r} is no repository of the Hub", hint="write it as hf:OWNER/NAME"
        )
    if not _REVISION.fullmatch(revision) or ".." in revision or "//" in revision:
        raise UsageError(f"{revision[:200]!r} is no branch, tag or commit")


def _check_folder(into: Path) -> None:
    """Make the folder; only an empty one is filled, so nothing is overwritten or followed."""
    try:
        into.mkdir(parents=True, exist_ok=True)
        full = any(into.iterdir())
    except OSError as error:
        raise UsageError(f"{into} is no folder that can be filled: {error.strerror}") from error
    if full:
        raise UsageError(f"{into} is not empty", hint="name a new or an empty folder")


def _endpoint(given: str | None) -> str:
    url = (given or os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")
    wrong = unsafe(url, plain_http=is_loopback(url))
    if wrong or "?" in url or "#" in url:
        raise UsageError(
            f"the endpoint {shown(url)!r} {wrong or 'is not the address of a Hub'}",
            hint=f"set HF_ENDPOINT to an address such as {HUB}",
        )
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        raise EnvironmentProblem(
            "HF_HUB_OFFLINE is set, so the Hub is not asked", hint="unset HF_HUB_OFFLINE"
        )
    return url


def _token(given: str | None) -> str | None:
    token = (given or os.environ.get("HF_TOKEN") or "").strip()
    if token and not _TOKEN.fullmatch(token):
        raise UsageError("the token has signs that no token has", hint="set HF_TOKEN anew")
    return token or None
