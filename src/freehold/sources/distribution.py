"""A registry that speaks the OCI distribution protocol: manifests and blobs, told by digest.

A manifest is bounded in bytes, depth and layers, and held against its digest; a blob's digest is
what its file must have. Where a registry asks for a token, one is fetched for reading this one
repository. Written after the OCI distribution specification 1.1 and the Docker token
authentication pages (read 2026-11-28).
"""

import re
import socket
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from urllib.parse import urlencode, urlsplit

import msgspec
from msgspec import Struct

from freehold.core.connection import is_public
from freehold.core.errors import BrokenInput, FreeholdError, NotAllowed, NotFound
from freehold.core.http import (
    Answer,
    Wish,
    ask,
    is_loopback,
    printable,
    problem,
    same_server,
    unsafe,
)
from freehold.store.offer import Address

LARGEST_MANIFEST, LARGEST_TOKEN = 4 * 2**20, 2**16
MOST_LAYERS, MOST_IN_INDEX, DEEPEST = 2_000, 200, 3
SHORTEST_LIFE = 60.0
MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.artifact.manifest.v1+json",
)
INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
REPOSITORY = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_PAIR = re.compile(r'([a-zA-Z]+)="([^"\\]*)"')


class Descriptor(Struct, rename="camel"):
    """One thing that a manifest points at: its kind, digest, and size in bytes."""

    media_type: str
    digest: str
    size: int
    annotations: dict[str, str] | None = None
    artifact_type: str | None = None

    @property
    def notes(self) -> Mapping[str, str]:
        """Its annotations, where it has any."""
        return self.annotations or {}


class Manifest(Struct, rename="camel"):
    """A manifest, or an index of manifests; which of the two its lists tell."""

    schema_version: int = 2
    media_type: str = ""
    artifact_type: str = ""
    config: Descriptor | None = None
    layers: list[Descriptor] = []
    manifests: list[Descriptor] = []
    annotations: dict[str, str] | None = None


class _Token(Struct):
    """What a token service answers."""

    token: str = ""
    access_token: str = ""
    expires_in: float = SHORTEST_LIFE


def read_manifest(data: bytes, where: str) -> Manifest:
    """A manifest from its bytes; BrokenInput for what is none, or points at what cannot be."""
    try:
        found = msgspec.json.decode(data, type=Manifest)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BrokenInput(f"{where}: is no manifest: {printable(str(error))[:200]}") from error
    if found.schema_version != 2:
        raise BrokenInput(f"{where}: has schema {found.schema_version}; only 2 is read")
    if len(found.layers) > MOST_LAYERS or len(found.manifests) > MOST_IN_INDEX:
        raise BrokenInput(f"{where}: lists more than {MOST_LAYERS:,} things")
    for one in (*found.layers, *found.manifests, *([found.config] if found.config else [])):
        if not DIGEST.fullmatch(one.digest) or not 0 <= one.size < 2**50:
            raise BrokenInput(
                f"{where}: points at {printable(one.digest)[:80]!r}, which is no digest"
            )
    return found


class Registry:
    """One repository in a registry; `credentials` are NAME:PASSWORD, or a token as it is."""

    def __init__(
        self, server: str, repository: str, *, credentials: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self.server, self.repository, self.sleep = server.rstrip("/"), repository, sleep
        self.credentials, self.until = credentials, 0.0
        pair = bool(credentials) and ":" in (credentials or "")
        self.token = None if pair else credentials
        self.basic: dict[str, str] = {}
        self.handed: set[str] = set()

    def manifest(self, reference: str, depth: int = 0) -> tuple[Manifest, str, bytes]:
        """The manifest of a tag or digest, its digest, and its bytes; never an index.

        Of an index the one manifest for a model is taken; several are named in the error.
        """
        url = f"{self.server}/v2/{self.repository}/manifests/{reference}"
        accept = {"Accept": ", ".join((*MANIFESTS, *INDEXES))}
        answer = self._get(url, LARGEST_MANIFEST, accept)
        digest = self._digest(answer, reference, url)
        found = read_manifest(answer.body, self._name(reference))
        if not found.manifests:
            return found, digest, answer.body
        if depth >= DEEPEST:
            raise BrokenInput(f"{self._name(reference)}: is an index of indexes without an end")
        return self.manifest(self._one_of(found, reference), depth + 1)

    def blob(self, one: Descriptor, most: int) -> bytes:
        """The bytes of a small blob, held against its digest."""
        if one.size > most:
            raise BrokenInput(f"{self._name(one.digest)}: has {one.size:,} bytes, not {most:,}")
        body = self._get(self._blob(one.digest), most).body
        if f"sha256:{sha256(body).hexdigest()}" != one.digest:
            raise BrokenInput(f"{self._name(one.digest)}: has other bytes than its digest says")
        return body

    def address(self, digest: str) -> Address:
        """Where a blob is asked for; a second time for the same blob comes with a fresh token."""
        if self.until and (digest in self.handed or time.monotonic() > self.until):
            self.until, self.token = 0.0, None
            self._get(f"{self.server}/v2/{self.repository}/tags/list?n=1", LARGEST_MANIFEST)
        self.handed.add(digest)
        return Address(self._blob(digest), self.token, self.basic)

    def refusal(self, answer: Answer) -> FreeholdError:
        """What an answer other than a good one means."""
        host = urlsplit(self.server).netloc
        if answer.status in (401, 403):
            return NotAllowed(
                f"{host} lets nobody read {self.repository} without leave{_says(answer)}",
                hint=f"ask its owner; then: docker login {host}, podman login {host}, "
                f"or set FREEHOLD_REGISTRY_LOGIN={host}=NAME:PASSWORD",
            )
        if answer.status in (404, 410):
            return NotFound(f"artifact at {host}", self.repository, ())
        return problem(answer)

    def _name(self, reference: str) -> str:
        mark = "@" if DIGEST.fullmatch(reference) else ":"
        return f"{self.repository}{mark}{reference[:80]}"

    def _blob(self, digest: str) -> str:
        return f"{self.server}/v2/{self.repository}/blobs/{digest}"

    def _get(self, url: str, most: int, headers: Mapping[str, str] | None = None) -> Answer:
        """A good answer, with a token where one is asked for."""
        answer = self._ask(url, most, headers)
        if answer.status == 401 and self._let_in(answer.headers.get("www-authenticate", "")):
            answer = self._ask(url, most, headers)
        if answer.status != 200:
            raise self.refusal(answer)
        return answer

    def _ask(self, url: str, most: int, headers: Mapping[str, str] | None) -> Answer:
        told = {**(headers or {}), **self.basic}
        return ask(url, Wish(most, token=self.token, headers=told), self.sleep)

    def _digest(self, answer: Answer, reference: str, url: str) -> str:
        """The digest of a manifest, held against what was asked for and what the server says."""
        digest = f"sha256:{sha256(answer.body).hexdigest()}"
        said = answer.headers.get("docker-content-digest", digest).strip()
        wanted = reference if DIGEST.fullmatch(reference) else digest
        if digest != wanted or (said.startswith("sha256:") and said != digest):
            raise BrokenInput(f"{self._name(reference)}: has other bytes than its digest says")
        return digest

    def _one_of(self, index: Manifest, reference: str) -> str:
        """The manifest of an index that is a model; those that vouch for others are passed over."""
        real = [
            one
            for one in index.manifests
            if one.media_type in (*MANIFESTS, *INDEXES)
            and not any("attestation" in value for value in one.notes.values())
            and "signature" not in (one.artifact_type or "")
        ]
        models = [one for one in real if "model" in (one.artifact_type or "")] or real
        if len(models) == 1:
            return models[0].digest
        names = ", ".join(one.digest for one in models[:5]) or "none of them is a model"
        raise BrokenInput(
            f"{self._name(reference)}: is an index of {len(models)} artifacts: {names}",
            hint="name one of them by its digest: oci:HOST/NAME@sha256:...",
        )

    def _let_in(self, challenge: str) -> bool:
        """Do what a server asks for before it answers; whether there is a reason to ask again."""
        kind, _, rest = challenge.partition(" ")
        told = {key.lower(): value for key, value in _PAIR.findall(rest[:4_000])}
        pair = self.credentials if self.credentials and ":" in self.credentials else None
        if kind.lower() == "basic" and pair and not self.basic:
            self.basic = {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
            return True
        if kind.lower() != "bearer" or "realm" not in told:
            return False
        return self._fetch_token(told["realm"], told.get("service", ""), pair)

    def _fetch_token(self, realm: str, service: str, pair: str | None) -> bool:
        """Ask a token service to let this repository be read, and nothing else."""
        wrong = unsafe(realm, plain_http=is_loopback(self.server))
        if wrong:
            raise BrokenInput(
                f"{self.server}: sends to {printable(realm)[:80]!r} for a token, which {wrong}"
            )
        asked = {"service": service, "scope": f"repository:{self.repository}:pull"}
        url = f"{realm}{'&' if '?' in realm else '?'}{urlencode(asked)}"
        headers = {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"} if pair else {}
        wish = Wish(LARGEST_TOKEN, headers=headers, public=self._only_public(realm))
        answer = ask(url, wish, self.sleep)
        if answer.status != 200:
            raise self.refusal(answer)
        try:
            given = msgspec.json.decode(answer.body, type=_Token)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise BrokenInput(f"{realm}: answers with no token") from error
        token = given.token or given.access_token
        if not token or not token.isascii() or not token.isprintable():
            raise BrokenInput(f"{realm}: answers with no token")
        self.token = token
        self.until = time.monotonic() + max(given.expires_in, SHORTEST_LIFE) - 10
        return True

    def _only_public(self, realm: str) -> bool:
        """Whether a token service must be public: another server, and the registry is public."""
        if same_server(realm, self.server):
            return False
        host = urlsplit(self.server).hostname or ""
        try:
            found = [str(row[4][0]) for row in socket.getaddrinfo(host, None)]
        except OSError:
            return True
        return all(is_public(address) for address in found)


def _says(answer: Answer) -> str:
    """The first message of a registry's error, where it is in the form of the specification."""
    try:
        told = msgspec.json.decode(answer.body, type=dict[str, list[dict[str, object]]])
        return f": {printable(str(told['errors'][0].get('message', '')))[:200]}"
    except (msgspec.MsgspecError, KeyError, IndexError, UnicodeError, RecursionError):
        return ""
