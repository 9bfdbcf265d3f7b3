"""Ollama as a source: models that Ollama has on this machine already, used where they lie, and
its registry. ollama:NAME[:TAG], with OWNER/NAME and HOST/OWNER/NAME as Ollama writes them.

The folder is what `OLLAMA_MODELS` names, else ~/.ollama/models, else that of the Linux service:
`manifests/HOST/OWNER/NAME/TAG` is a manifest, `blobs/sha256-...` are its layers.
"""

import os
import re
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from freehold.core.errors import BrokenInput, FreeholdError, NotFound, UsageError
from freehold.core.http import Answer, is_loopback, printable
from freehold.formats.text import read_bytes
from freehold.sources.distribution import (
    LARGEST_MANIFEST,
    TAG,
    Descriptor,
    Manifest,
    Registry,
    read_manifest,
)
from freehold.sources.oci import check_names, offered
from freehold.store.offer import Address, Offer, Offered

HOST, OWNER = "registry.ollama.ai", "library"
SERVICE = Path("/usr/share/ollama/.ollama/models")
MOST_MODELS = 10_000
KIND = "application/vnd.ollama.image."
NAMES = {
    "model": "model.gguf",
    "projector": "mmproj.gguf",
    "adapter": "adapter.gguf",
    "license": "LICENSE",
    "template": "template.txt",
    "params": "params.json",
    "system": "system.txt",
    "messages": "messages.json",
}
"""The kinds of layers that are files here, and what they are called."""
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}(?::\d{1,5})?")
HINT = "write it as ollama:NAME[:TAG], such as ollama:qwen3:8b"


class Name(Struct, frozen=True):
    """The full name of a model, as Ollama files it."""

    host: str
    owner: str
    name: str
    tag: str

    @property
    def short(self) -> str:
        """As a person would say it, without the tag."""
        owner = "" if self.owner == OWNER else f"{self.owner}/"
        return f"{'' if self.host == HOST else self.host + '/'}{owner}{self.name}"

    def __str__(self) -> str:
        return f"{self.short}:{self.tag}"


class Installed(Struct, frozen=True):
    """A model that Ollama has here: its name, bytes, and the files of its layers."""

    name: str
    size: int
    manifest: Path
    files: tuple[tuple[str, Path], ...]


class Model:
    """One model, from this machine where it is here, else from the registry."""

    def __init__(
        self, what: str, token: str | None, endpoint: str | None, sleep: Callable[[float], None]
    ) -> None:
        self.name = parse(what)
        scheme = "http" if is_loopback(f"http://{self.name.host}") else "https"
        server = endpoint or f"{scheme}://{self.name.host}"
        repository = f"{self.name.owner}/{self.name.name}"
        self.registry = Registry(server, repository, credentials=token, sleep=sleep)
        self.digests: dict[str, str] = {}

    def offer(self) -> Offer:
        """Its layers as files; those that Ollama has here come from where they lie."""
        here = _here(self.name)
        if here is not None:
            manifest, digest = here
        else:
            manifest, digest = self._asked()
        named = _named(manifest, str(self.name))
        self.digests = {path: layer.digest for path, layer in named}
        files = (_offered(path, layer) if here else offered(path, layer) for path, layer in named)
        passed = sorted({_kind(layer) for layer in manifest.layers} - NAMES.keys())
        return Offer(
            source="ollama",
            name=f"{self.name.short}-{self.name.tag}".replace(":", "-"),
            origin=f"ollama:{self.name}",
            files=tuple(files),
            revision=self.name.tag,
            commit=digest,
            notes=(
                *(("Ollama has it on this machine; nothing is fetched",) if here else ()),
                *((f"layers that are left out: {', '.join(passed)}",) if passed else ()),
            ),
        )

    def _asked(self) -> tuple[Manifest, str]:
        """The manifest as the registry has it."""
        try:
            manifest, digest, _ = self.registry.manifest(self.name.tag)
        except NotFound as error:
            here = [one.name for one in installed()]
            raise NotFound("model of Ollama", str(self.name), here, hint=HINT) from error
        return manifest, digest

    def address(self, file: Offered) -> Address:
        """Where the blob of a file is."""
        if file.path not in self.digests:
            raise NotFound(f"file in {self.name}", file.path, self.digests)
        return self.registry.address(self.digests[file.path])

    def refusal(self, answer: Answer) -> FreeholdError:
        """What the registry means."""
        return self.registry.refusal(answer)


def folder() -> Path:
    """Where Ollama keeps its models on this machine, whether or not there are any."""
    named = os.environ.get("OLLAMA_MODELS")
    if named:
        return Path(named).expanduser()
    own = Path.home() / ".ollama" / "models"
    return own if own.is_dir() or not SERVICE.is_dir() else SERVICE


def installed(root: Path | None = None) -> Iterator[Installed]:
    """Every model that Ollama has here and of which all layers are here; broken ones are left."""
    root = root or folder()
    for number, path in enumerate(sorted((root / "manifests").glob("*/*/*/*"))):
        parts = path.relative_to(root / "manifests").parts
        if number >= MOST_MODELS:
            return
        if path.is_file() and all(_PART.fullmatch(part) for part in parts):
            try:
                manifest, _ = _read(path)
                named = _named(manifest, "/".join(parts))
            except BrokenInput:
                continue
            files = tuple((name, _blob(root, layer)) for name, layer in named)
            if all(file.is_file() for _, file in files):
                size = sum(layer.size for _, layer in named)
                yield Installed(str(Name(*parts)), size, path, files)


def parse(what: str) -> Name:
    """The full name of ollama:[[HOST/]OWNER/]NAME[:TAG]."""
    whole = re.fullmatch(
        r"(?:(?:([^/]+)/)?([^/:]+)/)?([^/:]+)(?::([^/:]+))?", what.removeprefix("ollama:")
    )
    if whole is None:
        raise UsageError(f"{printable(what)[:200]!r} is no model of Ollama", hint=HINT)
    host, owner, name, tag = whole[1] or HOST, whole[2] or OWNER, whole[3], whole[4] or "latest"
    good = all(_PART.fullmatch(part) for part in (host, owner, name)) and TAG.fullmatch(tag)
    if not good:
        raise UsageError(f"{printable(what)[:200]!r} is no model of Ollama", hint=HINT)
    return Name(host, owner, name, tag)


def _here(name: Name) -> tuple[Manifest, str] | None:
    """The manifest of a model that Ollama has here whole."""
    root = folder()
    path = root.joinpath("manifests", name.host, name.owner, name.name, name.tag)
    if not path.is_file():
        return None
    manifest, digest = _read(path)
    layers = [layer for layer in manifest.layers if _kind(layer) in NAMES]
    return (manifest, digest) if all(_blob(root, one).is_file() for one in layers) else None


def _read(path: Path) -> tuple[Manifest, str]:
    data = read_bytes(path, LARGEST_MANIFEST)
    return read_manifest(data, path.name), f"sha256:{sha256(data).hexdigest()}"


def _blob(root: Path, layer: Descriptor) -> Path:
    return root / "blobs" / layer.digest.replace(":", "-")


def _offered(path: str, layer: Descriptor) -> Offered:
    """A layer that lies on this machine."""
    return Offered(
        path=path, size=layer.size, sha256=layer.digest.removeprefix("sha256:"),
        local=_blob(folder(), layer),
    )  # fmt: skip


def _kind(layer: Descriptor) -> str:
    return layer.media_type.partition(";")[0].strip().removeprefix(KIND)


def _named(manifest: Manifest, where: str) -> list[tuple[str, Descriptor]]:
    """(path, layer) for every layer that is a file here; several of a kind are numbered."""
    counted: dict[str, int] = {}
    named = []
    for layer in manifest.layers:
        kind = _kind(layer)
        if kind in NAMES:
            counted[kind] = counted.get(kind, 0) + 1
            named.append((_numbered(NAMES[kind], counted[kind]), layer))
    if not counted.get("model"):
        raise BrokenInput(f"{where}: has no layer with a model in one file, so it cannot be used")
    check_names([path for path, _ in named], where)
    return named


def _numbered(name: str, number: int) -> str:
    stem, dot, ending = name.rpartition(".")
    if number == 1:
        return name
    return f"{stem}-{number}.{ending}" if dot else f"{name}-{number}"


def supplier(
    what: str, *, token: str | None = None, endpoint: str | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Model:  # fmt: skip
    """The model that ollama:NAME[:TAG] names; without a name the error lists what is here."""
    if what == "ollama:":
        here = ", ".join(f"ollama:{one.name}" for one in installed()) or "none"
        raise UsageError(f"name a model; those that Ollama has on this machine: {here}", hint=HINT)
    return Model(what, token, endpoint, sleep)
