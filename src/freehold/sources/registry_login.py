"""Finds the name and password for a registry, where somebody logged in or said them.

`FREEHOLD_REGISTRY_LOGIN` holds HOST=NAME:PASSWORD, several apart by spaces. Else it is what `podman
login` or `docker login` wrote down as plain text; programs that keep passwords for them are not
run. A password is only ever found for the host that it belongs to.
"""

import os
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from freehold.core.errors import BrokenInput
from freehold.formats.text import read_bytes

VARIABLE = "FREEHOLD_REGISTRY_LOGIN"
LARGEST = 2**20
DOCKER_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")


class _Login(Struct):
    """One entry of such a file; `auth` is NAME:PASSWORD in Base64."""

    auth: str = ""


class _Logins(Struct):
    """Such a file, of which only the entries matter."""

    auths: dict[str, _Login] = {}


def login(host: str) -> str | None:
    """NAME:PASSWORD for a host, or None; a file that cannot be read holds none."""
    hosts = DOCKER_HUB if host in DOCKER_HUB else (host,)
    for said in os.environ.get(VARIABLE, "").split():
        name, _, pair = said.partition("=")
        if name in hosts and ":" in pair:
            return pair
    for file in _files():
        for key, entry in _read(file).items():
            found = _pair(entry.auth) if _host(key) in hosts else None
            if found:
                return found
    return None


def _files() -> Iterator[Path]:
    """Where podman and docker write logins down, the nearest first."""
    named = os.environ.get("REGISTRY_AUTH_FILE")
    if named:
        yield Path(named)
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        yield Path(runtime) / "containers" / "auth.json"
    docker = os.environ.get("DOCKER_CONFIG")
    yield (Path(docker) if docker else Path.home() / ".docker") / "config.json"


def _read(file: Path) -> dict[str, _Login]:
    try:
        return msgspec.json.decode(read_bytes(file, LARGEST), type=_Logins).auths
    except (BrokenInput, msgspec.MsgspecError, UnicodeError, RecursionError):
        return {}


def _host(key: str) -> str:
    """The host of an entry, which docker writes as an address for its own hub."""
    return key.removeprefix("https://").removeprefix("http://").partition("/")[0]


def _pair(auth: str) -> str | None:
    try:
        pair = b64decode(auth, validate=True).decode()
    except ValueError:
        return None
    return pair if ":" in pair and pair.isprintable() else None
