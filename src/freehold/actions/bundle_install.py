"""`bundle install`: models from a bundle into the store, without a network and whole or not at all.

Everything is copied into a folder of its own first and held against its digest on the way. Then
the policies of this machine are asked and the terms agreed to, and only then the files are moved
to where they belong; the manifest, by which a model is seen, comes last.
"""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from msgspec import Struct
from msgspec.structs import replace

from freehold.actions.acceptance import Ask, known_terms, require, terms_in
from freehold.actions.bundle import HUB, Bundle, read, speaking_of
from freehold.actions.folder import check_folder
from freehold.actions.folder_reading import EXECUTABLE, WEIGHTS
from freehold.actions.get_papers import look
from freehold.actions.policed import named, obey
from freehold.core import paths
from freehold.core.errors import BrokenInput, EnvironmentProblem, UsageError
from freehold.formats.bundle import Entry, read_files
from freehold.formats.text import opened
from freehold.knowledge.base import KnowledgeBase, open_base
from freehold.sources.listing import sort_out, unsafe_name
from freehold.store import catalog
from freehold.store.digests import Digests, pieces
from freehold.store.layout import folder_of, hub_cache, plain_name, point, show, spot
from freehold.store.ledger import note
from freehold.store.locks import locked
from freehold.store.manifest import Manifest, Stored
from freehold.store.offer import Offer, Offered
from freehold.store.partial import sync_folder, written

SOURCES = (HUB, "ollama", "oci", "url", "folder")
KEPT_FREE = 64 * 2**20
_HUB = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}", re.ASCII)
_COMMIT, _MARK = re.compile(r"[0-9a-f]{40}"), re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class Installed(Struct, frozen=True, kw_only=True):
    """What came out of a bundle; `papers` is the folder of its notices, policies and wheels."""

    bundle: Bundle
    models: tuple[Manifest, ...]
    papers: Path
    wheels: Path | None
    notes: tuple[str, ...] = ()

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "digest": self.bundle.digest,
            "models": [{"name": m.name, "folder": m.folder, "size": m.size} for m in self.models],
            "papers": str(self.papers),
            "wheels": str(self.wheels) if self.wheels else None,
            "notes": list(self.notes),
        }


def install(
    file: Path, *, digest: str | None = None, accept: Sequence[str] = (), ask: Ask | None = None,
    base: KnowledgeBase | None = None,
) -> Installed:  # fmt: skip
    """Bring the models of a bundle into the store; nobody outside this machine is asked.

    `digest` is what the bundle's index must be, told by who made it. Raises BrokenInput for a
    bundle that is not what it says, NotAllowed where a policy of this machine refuses a model or
    its terms are not agreed to; then nothing of it is in the store.
    """
    base = base or open_base()
    with opened(file) as (stream, size):
        bundle, index = read(file, stream, size)
        _expected(bundle, digest)
        offers = {m: _offer(m, file) for m in bundle.contents.models}
        for manifest in offers:
            catalog.claimed(manifest.name, manifest.source, manifest.origin)
        with _staging(bundle) as stage:
            _room(stage, sum(entry.size for entry in index.files))
            chunks: dict[str, tuple[str, ...]] = {}
            with speaking_of(file):
                read_files(stream, index, lambda entry: _into(stage, entry, chunks))
            notes = [note for m in offers for note in _allowed(m, stage, accept, ask, base)]
            papers = _papers(bundle, stage)
            made = tuple(_place(m, offer, stage, chunks) for m, offer in offers.items())
    for manifest in made:
        _noted(manifest, bundle, notes)
    wheels = any(paper.kind == "wheel" for paper in bundle.contents.papers)
    return Installed(
        bundle=bundle, models=made, papers=papers, wheels=papers / "wheels" if wheels else None,
        notes=tuple(notes),
    )  # fmt: skip


def _expected(bundle: Bundle, digest: str | None) -> None:
    if digest is None:
        return
    wanted = digest.lower().removeprefix("sha256:")
    if not re.fullmatch("[0-9a-f]{64}", wanted):
        raise UsageError("the digest of a bundle has 64 hexadecimal signs")
    if wanted != bundle.digest:
        raise BrokenInput(f"{bundle.file}: is another bundle: its digest is {bundle.digest}")


def _offer(manifest: Manifest, file: Path) -> Offer:
    """What a manifest offers, once every name in it was found to be harmless."""
    hub = manifest.source == HUB
    said = [manifest.revision, manifest.name if hub else None]
    fine = (
        manifest.source in SOURCES
        and (
            not hub or (_HUB.fullmatch(manifest.name) and _COMMIT.fullmatch(manifest.commit or ""))
        )
        and not any(unsafe_name(name) for name in said if name is not None)
        and ".." not in manifest.name.split("/")
        and not any(row.problem for row in sort_out((f.path, f.size) for f in manifest.files))
        and all(f.mark is None or _MARK.fullmatch(f.mark) for f in manifest.files)
    )
    if not fine or not manifest.files:
        raise BrokenInput(f"{file}: names a model or file {manifest.name[:100]!r} that cannot be")
    plain_name(manifest.name)
    return Offer(
        source=manifest.source, name=manifest.name, origin=manifest.origin,
        files=tuple(_offered(one) for one in manifest.files), revision=manifest.revision,
        commit=manifest.commit,
    )  # fmt: skip


def _offered(file: Stored) -> Offered:
    """A stored file as it was offered once, so that it comes to lie in the same place."""
    mark = file.mark or ""
    return Offered(
        path=file.path, size=file.size, sha256=mark if len(mark) == 64 else None,
        git=mark if len(mark) == 40 else None,
    )  # fmt: skip


@contextmanager
def _staging(bundle: Bundle) -> Iterator[Path]:
    """A folder for what is not proven yet, on the disk of the store; gone at the end."""
    hub = any(m.source == HUB for m in bundle.contents.models)
    home = hub_cache() if hub else paths.data()
    stage = home / f".freehold-bundle-{bundle.digest[:16]}"
    with written(stage), locked(home / ".locks" / f"{stage.name}.lock"):
        shutil.rmtree(stage, ignore_errors=True)
        (stage / "files").mkdir(parents=True)
        try:
            yield stage
        finally:
            shutil.rmtree(stage, ignore_errors=True)


def _room(stage: Path, size: int) -> None:
    free = shutil.disk_usage(stage).free
    if size + KEPT_FREE > free:
        raise EnvironmentProblem(
            f"the bundle holds {size:,} bytes and the disk has room for {free:,}",
            hint="make room on this disk, or move the store: HF_HUB_CACHE, FREEHOLD_MODELS",
        )


class _Counted:
    """Writes a file and counts the digests of its chunks."""

    def __init__(self, out: BinaryIO) -> None:
        self.out, self.digests = out, Digests()

    def write(self, data: bytes, /) -> object:
        """Take the next bytes."""
        for piece in pieces(data, self.digests.count):
            self.digests.add(piece)
        return self.out.write(data)


@contextmanager
def _into(stage: Path, entry: Entry, chunks: dict[str, tuple[str, ...]]) -> Iterator[_Counted]:
    path = stage / "files" / entry.sha256
    with written(path), path.open("xb") as out:
        counted = _Counted(out)
        yield counted
        out.flush()
        os.fsync(out.fileno())
    counted.digests.finish()
    chunks[entry.sha256] = tuple(counted.digests.chunks)


def _allowed(
    manifest: Manifest, stage: Path, accept: Sequence[str], ask: Ask | None, base: KnowledgeBase
) -> tuple[str, ...]:
    """Judge a model by its files as they will be; what policies say of it."""
    executing = [f.path for f in manifest.files if f.path.lower().endswith(EXECUTABLE)]
    if executing:
        raise BrokenInput(
            f"{executing[0]}: executes code when it is loaded, so it is not installed"
        )
    view = stage / "models" / plain_name(manifest.name)
    for file in manifest.files:
        _give(stage / "files" / file.sha256, view.joinpath(*file.path.split("/")))
    look(view, [f.path for f in manifest.files if f.path.lower().endswith(WEIGHTS)])
    found = named(check_folder(view, base=base, source=manifest.source), manifest.name, base)
    told = obey("bundle install", manifest.name, found.report.policy)
    known = known_terms(manifest.source, manifest.name, base)
    terms = terms_in(found, view, manifest.name, base=base, known=known)
    require(terms, given=accept, ask=ask, again="freehold bundle install FILE --accept")
    return told


def _papers(bundle: Bundle, stage: Path) -> Path:
    """Lay notices, policies and wheels in a folder of their own; nothing of them is put to use."""
    home = paths.data() / "bundles" / bundle.digest[:16]
    made = home.with_name(f".{home.name}.{os.getpid()}")
    with written(home):
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
        for paper in bundle.contents.papers:
            _give(stage / "files" / paper.sha256, made.joinpath(*paper.name.split("/")))
        shutil.rmtree(home, ignore_errors=True)
        os.replace(made, home)
    return home


def _place(
    manifest: Manifest, offer: Offer, stage: Path, chunks: dict[str, tuple[str, ...]]
) -> Manifest:
    """Move the files of one model to where they belong, and let it be seen."""
    with ExitStack() as stack:
        spots = [spot(offer, file) for file in offer.files]
        for lock in sorted({at.lock for at in spots}):
            stack.enter_context(locked(lock))
        for file, at in zip(manifest.files, spots, strict=True):
            _give(stage / "files" / file.sha256, at.data)
        for at in spots:
            show(at)
        point(offer)
    files = tuple(replace(file, chunks=chunks[file.sha256]) for file in manifest.files)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return catalog.save(replace(manifest, folder=str(folder_of(offer)), files=files, fetched=now))


def _give(source: Path, place: Path) -> None:
    """Show a proven file at a place, by a second name where the disk can, in one step."""
    made = place.with_name(f".{place.name}.{os.getpid()}")
    with written(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        made.unlink(missing_ok=True)
        try:
            os.link(source, made)
        except OSError:
            shutil.copyfile(source, made)
        os.replace(made, place)
        sync_folder(place.parent)


def _noted(manifest: Manifest, bundle: Bundle, notes: list[str]) -> None:
    facts: dict[str, object] = {
        "model": manifest.name, "source": manifest.source, "commit": manifest.commit,
        "files": len(manifest.files), "size": manifest.size, "license": manifest.license,
        "bundle": bundle.digest,
    }  # fmt: skip
    note("fetch", facts, required=False, warn=notes.append)
