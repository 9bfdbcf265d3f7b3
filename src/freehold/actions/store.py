"""`store`: what is here, how large, still as it came; repair it, take it away, lend it out."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from freehold.actions.get import watching
from freehold.core.errors import BrokenInput, EnvironmentProblem, UsageError
from freehold.core.http import shown
from freehold.sources.download import Watch, bring, read_part
from freehold.sources.suppliers import supplier
from freehold.store import catalog
from freehold.store.layout import hub_cache, models, spot
from freehold.store.ledger import note
from freehold.store.manifest import CHUNK, Manifest, Stored
from freehold.store.offer import Offer, Offered
from freehold.store.verifying import Checked, check_file, put_chunk


class Verified(Struct, frozen=True):
    """What was found of one model: files that are as they came, and those that are not."""

    manifest: Manifest
    checked: tuple[Checked, ...]
    repaired: int = 0
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether every byte is what it was."""
        return not any(one.problem for one in self.checked)

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        files = [{"path": c.file.path, "problem": c.problem, "bad": list(c.bad)}
                 for c in self.checked]  # fmt: skip
        return {"name": self.manifest.name, "good": self.good, "repaired": self.repaired,
                "seconds": self.seconds, "files": files}  # fmt: skip


class Sizes(Struct, frozen=True):
    """Bytes of all models, of the disk and of the quota; where they are, and what was used last."""

    models: int
    size: int
    free: int
    quota: int | None
    places: tuple[str, ...]
    longest_unused: tuple[str, ...]

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        from msgspec import to_builtins

        found: dict[str, Any] = to_builtins(self)
        return found


def store() -> list[Manifest]:
    """Every model in the store, by name."""
    return catalog.manifests()


def size() -> Sizes:
    """How much the store holds, and what could go: only named, never removed."""
    import shutil

    found = catalog.manifests()
    places = [p for p in (hub_cache(), models()) if p.exists()]
    there = next(p for p in (models(), *models().parents) if p.exists())
    oldest = sorted(found, key=catalog.used)[:3]
    return Sizes(
        len(found), sum(m.size for m in found), shutil.disk_usage(there).free, catalog.quota(),
        tuple(map(str, places)), tuple(f"{m.name} ({catalog.used(m):%Y-%m-%d})" for m in oldest),
    )  # fmt: skip


def remove(name: str, *, dry_run: bool = False) -> tuple[Manifest, list[Path], int]:
    """Take a model out of the store: (what, its files, bytes that are free then)."""
    manifest = catalog.get(name)
    gone = catalog.removable(manifest)
    if dry_run:
        there = (p for p in gone if p.is_file() and not p.is_symlink())
        return manifest, gone, sum(p.stat().st_size for p in there)
    return manifest, gone, catalog.remove(manifest)


def verify(
    name: str | None = None, *, repair: bool = False, watch: Watch | None = None
) -> list[Verified]:
    """Hold every byte of one model, or of all, against its digests; mend what is wrong.

    With `repair` only the chunks that are wrong are asked for again. Each look is a row in the
    ledger.
    """
    watch = watch or watching()
    found = [catalog.get(name)] if name else catalog.manifests()
    return [_verify(manifest, repair, watch) for manifest in found]


def link(name: str, into: Path) -> list[Path]:
    """Show the files of a model in a folder of yours, under their own names and as links."""
    manifest = catalog.get(name)
    made = []
    for file in manifest.files:
        place = into.joinpath(*file.path.split("/"))
        real = catalog.data_of(manifest, file).resolve()
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            _link(real, place)
        except FileExistsError as error:
            raise UsageError(f"{place} is there already", hint="name an empty folder") from error
        except OSError as error:
            raise EnvironmentProblem(f"{place} cannot be made: {error.strerror}") from error
        made.append(place)
    return made


def _link(real: Path, place: Path) -> None:
    if place.is_symlink() and place.resolve() == real:
        return
    try:
        place.symlink_to(real)
    except FileExistsError:
        raise
    except OSError:  # no symbolic links here
        os.link(real, place)


def _verify(manifest: Manifest, repair: bool, watch: Watch) -> Verified:
    began = time.monotonic()
    checked = [_check(manifest, file, watch) for file in manifest.files]
    count = 0
    if repair and any(one.problem for one in checked):
        count = sum(_mend(manifest, checked, watch))
        checked = [_check(manifest, c.file, watch) if c.problem else c for c in checked]
    seconds = round(time.monotonic() - began, 3)
    found = Verified(manifest, tuple(checked), count, seconds)
    bad = [one.file.path for one in checked if one.problem]
    facts = {"model": manifest.name, "commit": manifest.commit, "files": len(checked),
             "size": manifest.size, "bad": bad[:20], "repaired": count}  # fmt: skip
    note("verification", facts, required=False, warn=watch.says)
    return found


def _check(manifest: Manifest, file: Stored, watch: Watch) -> Checked:
    return check_file(catalog.data_of(manifest, file), file, lambda n: watch.bytes(file.path, n))


def _mend(manifest: Manifest, checked: list[Checked], watch: Watch) -> Iterator[int]:
    """Fetch what is wrong, and only that; the bytes that were fetched."""
    source = supplier(manifest.origin, sleep=watch.sleep)
    offer = source.offer()
    if manifest.commit and offer.commit != manifest.commit:
        raise BrokenInput(f"{shown(manifest.origin)} is another commit by now: {offer.commit}")
    offer = replace(offer, name=manifest.name)
    for one in checked:
        there = offer.by_path.get(one.file.path)
        if not one.problem:
            continue
        if there is None or (there.size is not None and there.size != one.file.size):
            raise BrokenInput(f"{one.file.path}: its source has another file there by now")
        file = replace(there, sha256=one.file.sha256, size=one.file.size)
        if one.whole:
            yield _whole(manifest, source, offer, one, replace(there, size=one.file.size), watch)
            continue
        path = catalog.data_of(manifest, one.file)
        for number in one.bad:
            count = min(CHUNK, one.file.size - number * CHUNK)
            data = read_part(source, file, number * CHUNK, count, watch.sleep)
            put_chunk(path, one.file, number, data)
            yield count


def _whole(
    manifest: Manifest, source: Any, offer: Offer, one: Checked, file: Offered, watch: Watch
) -> int:
    """A file that is gone or has another length comes anew."""
    at = spot(offer, file)
    got = bring(source, file, at, watch)
    if got.stored.sha256 != one.file.sha256:
        raise BrokenInput(f"{one.file.path}: its source has other bytes by now")
    return got.stored.size
