"""Where the files of a model are: models of the Hub in its cache, all others in named folders.

The cache is the one that `huggingface_hub` and everything built on it reads and writes
(HF_HUB_CACHE, HF_HOME): `models--OWNER--NAME/` with `blobs/DIGEST`, `snapshots/COMMIT/PATH` that
lead there, and `refs/BRANCH`. Others are plain files in `models/NAME/` of the data folder, or of
the folder that FREEHOLD_MODELS names.
"""

import os
import re
from pathlib import Path

from msgspec import Struct

from freehold.core import paths
from freehold.core.errors import UsageError
from freehold.store.offer import Offer, Offered
from freehold.store.partial import written

_ODD = re.compile(r"[^A-Za-z0-9._-]+")


class Spot(Struct, frozen=True):
    """`data` is where the bytes of a file are, `seen` its name in the folder of the model."""

    data: Path
    seen: Path
    lock: Path


def hub_cache() -> Path:
    """The cache of the Hub that all tools of this user share."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(name):
            return _path(os.environ[name])
    if os.environ.get("HF_HOME"):
        return _path(os.environ["HF_HOME"]) / "hub"
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return _path(cache) / "huggingface" / "hub"


def models() -> Path:
    """The folder of the models that are not from the Hub."""
    named = os.environ.get("FREEHOLD_MODELS")
    return _path(named) if named else paths.data() / "models"


def repository(name: str) -> Path:
    """The folder of a repository in the cache of the Hub."""
    return hub_cache() / f"models--{name.replace('/', '--')}"


def folder_of(offer: Offer) -> Path:
    """The folder in which a model is seen with its own file names."""
    if offer.source == "huggingface":
        return repository(offer.name) / "snapshots" / str(offer.commit)
    return models() / plain_name(offer.name)


def spot(offer: Offer, file: Offered) -> Spot:
    """Where one file of an offer goes."""
    seen = folder_of(offer).joinpath(*file.path.split("/"))
    if offer.source != "huggingface":
        lock = models() / ".locks" / plain_name(offer.name) / (_ODD.sub("-", file.path) + ".lock")
        return Spot(seen, seen, lock)
    home = repository(offer.name)
    locks = hub_cache() / ".locks" / home.name
    if file.mark is None:
        return Spot(seen, seen, locks / (_ODD.sub("-", file.path) + ".lock"))
    return Spot(home / "blobs" / file.mark, seen, locks / f"{file.mark}.lock")


def show(spot: Spot) -> None:
    """Let a file that is whole be seen under its own name, by a relative link where it can be."""
    if spot.data == spot.seen:
        return
    with written(spot.seen):
        spot.seen.parent.mkdir(parents=True, exist_ok=True)
        if spot.seen.exists() and os.path.samefile(spot.seen, spot.data):
            return
        made = spot.seen.with_name(f".{spot.seen.name}.{os.getpid()}")
        made.unlink(missing_ok=True)
        try:
            made.symlink_to(os.path.relpath(spot.data, spot.seen.parent))
        except OSError:  # no links here: the name itself is a second name of the bytes
            os.link(spot.data, made)
        os.replace(made, spot.seen)


def point(offer: Offer) -> None:
    """Write down which commit a branch or tag means, where others look for it."""
    if offer.source != "huggingface" or not offer.revision or offer.revision == offer.commit:
        return
    place = (repository(offer.name) / "refs").joinpath(*offer.revision.split("/"))
    with written(place):
        if place.is_file() and place.read_text(encoding="ascii").strip() == offer.commit:
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        made = place.with_name(f".{place.name}.{os.getpid()}")
        made.write_text(str(offer.commit), encoding="ascii")
        os.replace(made, place)


def plain_name(name: str) -> str:
    """The name of a folder for a model of this name; UsageError where nothing is left of it."""
    plain = _ODD.sub("-", name.replace("/", "--")).strip(".- ")[:150]
    if not plain:
        raise UsageError(f"{name[:100]!r} cannot name a model", hint="name it: --name NAME")
    return plain


def _path(text: str) -> Path:
    return Path(os.path.expandvars(text)).expanduser().absolute()
