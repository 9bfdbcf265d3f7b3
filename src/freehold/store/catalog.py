"""The models that are in the store: their manifests, found by name, kept and taken away."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from freehold.core import paths
from freehold.core.errors import BrokenInput, EnvironmentProblem, NotFound, UsageError
from freehold.store.layout import hub_cache, models, plain_name, repository
from freehold.store.locks import locked
from freehold.store.manifest import Manifest, Stored
from freehold.store.partial import UNFINISHED, sync_folder, written

LARGEST = 64 * 2**20
QUOTA = "FREEHOLD_STORE_QUOTA"
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)


def shelf() -> Path:
    """The folder of the manifests."""
    return paths.data() / "store"


def slug(manifest: Manifest) -> str:
    """The file name of a manifest: of the name and, on the Hub, the commit."""
    commit = (
        f"@{manifest.commit[:12]}" if manifest.source == "huggingface" and manifest.commit else ""
    )
    return plain_name(manifest.name) + commit


def manifests() -> list[Manifest]:
    """Every model in the store by name; BrokenInput names a manifest that cannot be read."""
    files = sorted(shelf().glob("*.json"))
    return sorted((read(file) for file in files), key=lambda m: (m.name.lower(), m.fetched))


def read(file: Path) -> Manifest:
    """One manifest."""
    try:
        if file.stat().st_size > LARGEST:
            raise BrokenInput(f"{file}: is too large for a manifest")
        return msgspec.json.decode(file.read_bytes(), type=Manifest)
    except OSError as error:
        raise EnvironmentProblem(f"{file} cannot be read: {error.strerror}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        hint = f"move it away and get the model again; its files are still there: {file}"
        raise BrokenInput(f"{file}: is no manifest: {error}", hint=hint) from error


def save(manifest: Manifest) -> Manifest:
    """Keep a manifest, joined with the files that were there of the same model and commit."""
    place = shelf() / f"{slug(manifest)}.json"
    with locked(shelf() / ".lock"):
        return _saved(place, manifest)


def _saved(place: Path, manifest: Manifest) -> Manifest:
    if place.exists():
        before = read(place)
        _same_model(before, manifest)
        fresh = {file.path for file in manifest.files}
        kept = tuple(file for file in before.files if file.path not in fresh)
        files = tuple(sorted((*kept, *manifest.files), key=lambda file: file.path))
        manifest = msgspec.structs.replace(manifest, files=files)
    with written(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        made = place.with_name(f".{place.name}.{os.getpid()}")
        private = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(private, "wb") as out:  # an address may hold a secret
            out.write(msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")
            out.flush()
            os.fsync(out.fileno())
        os.replace(made, place)
        sync_folder(place.parent)
    return manifest


def claimed(name: str, source: str, origin: str) -> None:
    """Refuse a name under which another model is in the store already; not on the Hub."""
    place = shelf() / f"{plain_name(name)}.json"
    if source != "huggingface" and place.exists():
        _same_model(
            read(place), Manifest(name=name, source=source, origin=origin, folder="", files=())
        )


def find(name: str) -> Manifest | None:
    """The model of this name: all of it, its last part, or its file's; the newest commit of it.

    UsageError where several models have that name.
    """
    wanted = name.removeprefix("hf:").casefold().rstrip("/")
    exact = [m for m in manifests() if wanted in (m.name.casefold(), slug(m).casefold())]
    found = exact or [m for m in manifests() if m.name.casefold().rpartition("/")[2] == wanted]
    if not found:
        return None
    if len({(m.name, m.source) for m in found}) > 1:
        names = ", ".join(sorted({m.name for m in found}))
        raise UsageError(f"{name!r} may mean several models: {names}", hint="write the whole name")
    return max(found, key=lambda m: m.fetched)


def get(name: str) -> Manifest:
    """The model of this name; NotFound offers the nearest."""
    found = find(name)
    if found is None:
        known = [m.name for m in manifests()]
        raise NotFound("model in the store", name, known, hint="freehold store list")
    return found


def touch(manifest: Manifest) -> None:
    """Note that a model was used now; a store that may only be read stays as it is."""
    with suppress(OSError):
        os.utime(shelf() / f"{slug(manifest)}.json")


def used(manifest: Manifest) -> datetime:
    """When a model was last used, or fetched."""
    try:
        at = (shelf() / f"{slug(manifest)}.json").stat().st_mtime
    except OSError:
        at = 0.0
    return datetime.fromtimestamp(at, UTC)


def data_of(manifest: Manifest, file: Stored) -> Path:
    """Where a file of a model is seen."""
    return Path(manifest.folder).joinpath(*file.path.split("/"))


def quota() -> int | None:
    """The most bytes that the store may hold, if FREEHOLD_STORE_QUOTA says so."""
    said = os.environ.get(QUOTA, "").strip()
    if not said:
        return None
    found = _SIZE.fullmatch(said)
    if not found:
        raise UsageError(f"{QUOTA}={said[:40]!r} is no size", hint=f"for example {QUOTA}=200GB")
    base = 1024 if found[3] else 1000
    return int(float(found[1]) * base ** " kmgt".index(found[2].lower() or " "))


def removable(manifest: Manifest) -> list[Path]:
    """The files that go when a model goes; a blob that another commit shows stays."""
    return list(dict.fromkeys(_removable(manifest)))


def remove(manifest: Manifest) -> int:
    """Take a model away, the manifest first; the bytes that are free now."""
    gone = removable(manifest)
    freed = sum(p.stat().st_size for p in gone if p.is_file() and not p.is_symlink())
    home = repository(manifest.name) if manifest.source == "huggingface" else models()
    with written(shelf() / slug(manifest)):
        (shelf() / f"{slug(manifest)}.json").unlink(missing_ok=True)
        for path in gone:
            path.unlink(missing_ok=True)
        _sweep(Path(manifest.folder), home)
        if manifest.source == "huggingface":
            _forget(manifest, home)
    return freed


def _same_model(before: Manifest, manifest: Manifest) -> None:
    was, asked = (m.origin.partition("?")[0] for m in (before, manifest))
    if (before.source, was) != (manifest.source, asked):
        raise UsageError(
            f"{manifest.name} is in the store already, from {was}",
            hint=f"freehold get --name NAME, or freehold store remove {before.name}",
        )


def _removable(manifest: Manifest) -> Iterator[Path]:
    hub = manifest.source == "huggingface"
    mine = [data_of(manifest, file) for file in manifest.files]
    shown_elsewhere = _targets(manifest, {*mine}) if hub else set()
    inside = (hub_cache() if hub else models()).resolve()
    for path in mine:
        blob = path.resolve()
        if path.is_symlink() and blob not in shown_elsewhere and inside in blob.parents:
            yield blob
            yield blob.with_name(blob.name + UNFINISHED)
            yield blob.with_name(blob.name + UNFINISHED + ".chunks")
        yield path


def _targets(manifest: Manifest, mine: set[Path]) -> set[Path]:
    """The blobs that other names in the snapshots of a repository lead to."""
    links = (repository(manifest.name) / "snapshots").rglob("*")
    return {link.resolve() for link in links if link.is_symlink() and link not in mine}


def _sweep(folder: Path, home: Path) -> None:
    """Remove folders that are empty now, up to the home of the model."""
    for below in sorted(folder.rglob("*"), key=lambda p: -len(p.parts)):
        if below.is_dir() and not below.is_symlink():
            with suppress(OSError):
                below.rmdir()
    while folder != home and home in folder.parents:
        with suppress(OSError):
            folder.rmdir()
        folder = folder.parent


def _forget(manifest: Manifest, home: Path) -> None:
    """Remove what names the commit, and the repository when nothing else is in it."""
    if not Path(manifest.folder).exists():
        for ref in [p for p in (home / "refs").rglob("*") if p.is_file()]:
            if ref.read_text(encoding="ascii", errors="replace").strip() == manifest.commit:
                ref.unlink()
    for name in ("refs", "blobs", "snapshots"):
        _sweep(home / name, home)
    with suppress(OSError):
        home.rmdir()
