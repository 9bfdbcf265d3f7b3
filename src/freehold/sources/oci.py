"""An OCI registry as a source: oci:HOST/NAME[:TAG|@DIGEST], for CNCF ModelPack, Docker model
artifacts, and artifacts whose layers carry names.

Layers that are packed (tar) are refused and named: nothing that comes from outside is unpacked.
"""

import re
import time
from collections.abc import Callable, Sequence

from freehold.core.errors import BrokenInput, FreeholdError, NotFound, UsageError
from freehold.core.http import Answer, is_loopback, printable, unsafe
from freehold.sources.distribution import DIGEST, REPOSITORY, TAG, Descriptor, Manifest, Registry
from freehold.sources.listing import sort_out
from freehold.sources.registry_login import login
from freehold.store.offer import Address, Offer, Offered

FILEPATH, TITLE = "org.cncf.model.filepath", "org.opencontainers.image.title"
LICENSES = "org.opencontainers.image.licenses"
DOCKER = "application/vnd.docker.ai."
NAMES = {
    f"{DOCKER}gguf.v3": "model.gguf",
    f"{DOCKER}gguf.v3.lora": "adapter.gguf",
    f"{DOCKER}gguf.v3.mmproj": "mmproj.gguf",
    f"{DOCKER}mmproj": "mmproj.gguf",
    f"{DOCKER}safetensors": "model.safetensors",
    f"{DOCKER}dduf": "model.dduf",
    f"{DOCKER}license": "LICENSE",
    f"{DOCKER}chat.template.jinja": "chat_template.jinja",
}
"""What a layer of this kind is called where it has no name of its own."""
SHARDED = (".gguf", ".safetensors")
_FORM = re.compile(r"oci:(?://)?([^/]+)/([^:@]+)(?::([^@]+))?(?:@(.+))?")
HINT = "write it as oci:HOST/NAME[:TAG], or oci:HOST/NAME@sha256:..."


class Artifact:
    """One artifact in a registry."""

    def __init__(
        self, what: str, token: str | None, endpoint: str | None, sleep: Callable[[float], None]
    ) -> None:
        self.host, self.repository, self.reference = parse(what)
        server = endpoint or server_at(self.host)
        self.registry = Registry(
            server, self.repository, credentials=token or login(self.host), sleep=sleep
        )
        self.digests: dict[str, str] = {}

    def offer(self) -> Offer:
        """The files of its layers; BrokenInput where one has a name that no file may have."""
        manifest, digest, _ = self.registry.manifest(self.reference)
        named = name_layers(manifest, self.repository)
        self.digests = {path: layer.digest for path, layer in named}
        notes = manifest.annotations or {}
        return Offer(
            source="oci",
            name=self.repository,
            origin=f"oci:{self.host}/{self.repository}@{digest}",
            files=tuple(offered(path, layer) for path, layer in named),
            revision=None if DIGEST.fullmatch(self.reference) else self.reference,
            commit=digest,
            license=printable(notes.get(LICENSES, ""))[:200] or None,
        )

    def address(self, file: Offered) -> Address:
        """Where the blob of a file is."""
        if file.path not in self.digests:
            raise NotFound(f"file in {self.repository}", file.path, self.digests)
        return self.registry.address(self.digests[file.path])

    def refusal(self, answer: Answer) -> FreeholdError:
        """What the registry means, with what to do about it."""
        return self.registry.refusal(answer)


def parse(what: str) -> tuple[str, str, str]:
    """(host, repository, tag or digest) of oci:HOST/NAME[:TAG|@DIGEST]."""
    found = _FORM.fullmatch(what)
    if not found or not REPOSITORY.fullmatch(found[2]):
        raise UsageError(f"{printable(what)[:200]!r} is no artifact", hint=HINT)
    host, repository, tag, digest = found.groups()
    if (tag and not TAG.fullmatch(tag)) or (digest and not DIGEST.fullmatch(digest)):
        raise UsageError(f"{printable(what)[:200]!r} has no tag or digest that can be", hint=HINT)
    if unsafe(server_at(host), plain_http=True):
        raise UsageError(f"{printable(host)[:200]!r} is no host", hint=HINT)
    return host, repository, digest or tag or "latest"


def server_at(host: str) -> str:
    """The address of a registry: https, or http on this machine itself."""
    place = "registry-1.docker.io" if host in ("docker.io", "index.docker.io") else host
    return f"http://{place}" if is_loopback(f"http://{place}") else f"https://{place}"


def name_layers(manifest: Manifest, where: str) -> list[tuple[str, Descriptor]]:
    """(path, layer) for every layer, by its own name or by its kind."""
    if not manifest.layers:
        raise BrokenInput(f"{where}: has no layers, so it is no model")
    named = list(zip(_paths(manifest.layers, where), manifest.layers, strict=True))
    check_names([path for path, _ in named], where)
    return named


def check_names(paths: Sequence[str], where: str) -> None:
    """Refuse all where one name could lead out of a folder, or two are the same file."""
    for one in sort_out((path, None) for path in paths):
        if one.problem:
            raise BrokenInput(f"{where}: a layer calls itself {one.path[:100]!r}; {one.problem}")


def offered(path: str, layer: Descriptor) -> Offered:
    """A layer as a file that can be had."""
    return Offered(path=path, size=layer.size, sha256=layer.digest.removeprefix("sha256:"))


def _paths(layers: Sequence[Descriptor], where: str) -> list[str]:
    kinds = [layer.media_type.partition(";")[0].strip() for layer in layers]
    for kind in kinds:
        if re.search(r"[.+](tar|gzip|zstd)\b", kind):
            raise BrokenInput(
                f"{where}: has a layer of kind {printable(kind)[:80]}, which is packed",
                hint="push it with raw layers: one file, one layer",
            )
    own = [layer.notes.get(FILEPATH) or layer.notes.get(TITLE) for layer in layers]
    unnamed = [kind for kind, path in zip(kinds, own, strict=True) if path is None]
    counted: dict[str, int] = {}
    paths = []
    for kind, path in zip(kinds, own, strict=True):
        if path is None:
            counted[kind] = counted.get(kind, 0) + 1
            path = _named(kind, counted[kind], unnamed.count(kind), where)  # noqa: PLW2901
        paths.append(path)
    return paths


def _named(kind: str, number: int, of: int, where: str) -> str:
    """The name of a layer that has none: by its kind, numbered as parts of one model are."""
    name = NAMES.get(kind)
    if name is None:
        raise BrokenInput(f"{where}: a layer of kind {printable(kind)[:80]!r} has no name")
    stem, dot, ending = name.rpartition(".")
    if of == 1:
        return name
    if f".{ending}" in SHARDED and stem == "model":
        return f"{stem}-{number:05}-of-{of:05}.{ending}"
    return name if number == 1 else f"{stem}-{number}.{ending}" if dot else f"{name}-{number}"


def supplier(
    what: str, *, token: str | None = None, endpoint: str | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Artifact:  # fmt: skip
    """The artifact that oci:HOST/NAME[:TAG|@DIGEST] names."""
    return Artifact(what, token, endpoint, sleep)
