"""What `tune-engine` found, kept for `run` and `plan`: one file for each model."""

import shutil
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from freehold.core import paths
from freehold.core.errors import FreeholdError
from freehold.core.machine import probe, usable_cores
from freehold.core.registry import plain
from freehold.engines.base import ENGINES, Contract, Found, Job
from freehold.judge.tuning import Quality, Timed, Trial, Workload


class Tuned(Struct, frozen=True, kw_only=True):
    """The winner for one model on one machine, its figures beside those of before, and all trials.

    `digest` is the short digest of the model that was tuned, `file` what runs in its place and
    `size` its bytes; `made` says that it was made here from the model. `asked` is the precision
    that the engine is told. `busy` says that other work took a part of the machine.
    """

    model: str
    digest: str
    measured: str
    processor: str
    cores: int
    workload: Workload
    engine: str
    version: str | None
    place: str
    file: str
    size: int
    made: bool
    precision: str
    asked: str | None
    setting: str
    threads: int | None
    batch: int
    flash: bool
    options: dict[str, str]
    timed: Timed
    before: Timed
    quality: Quality | None
    most_nats: float
    trials: tuple[Trial, ...]
    busy: bool
    draft: str | None = None

    @property
    def says(self) -> str:
        """The choice and its figures in one line."""
        now, before = self.timed, self.before
        told = f"; {self.quality.says}" if self.quality else "; the same weights"
        busy = "; other work took a part of the machine, so tune again" if self.busy else ""
        return (
            f"{self.engine} {self.version or ''} in {self.precision}, {self.setting}: the fastest "
            f"of {len(self.trials)} ways tried here on {self.measured}; {now.prefill:.0f} tokens "
            f"per second reading and {now.decode:.1f} writing, before {before.prefill:.0f} and "
            f"{before.decode:.1f}{told}{busy}"
        )

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found


def kept_for(digest: str) -> Tuned | None:
    """What was found for the model of this short digest, on a machine like this one."""
    try:
        found = msgspec.json.decode(_file(digest).read_bytes(), type=Tuned)
    except (OSError, msgspec.DecodeError):
        return None
    here = (probe().processor, usable_cores())
    return found if (found.processor, found.cores) == here else None


def keep(found: Tuned) -> None:
    """Write it where `run` and `plan` find it."""
    file = _file(found.digest)
    file.parent.mkdir(parents=True, exist_ok=True)
    whole = file.with_suffix(".new")
    whole.write_bytes(msgspec.json.encode(found) + b"\n")
    whole.replace(file)


def forget(digest: str, but: str | None = None) -> bool:
    """Remove what was found for a model, and the file made for it unless it is `but`."""
    file = _file(digest)
    try:
        found = msgspec.json.decode(file.read_bytes(), type=Tuned)
    except (OSError, msgspec.DecodeError):
        return False
    made = Path(found.file)
    if found.made and found.file != but and made.is_dir():
        shutil.rmtree(made, ignore_errors=True)
    elif found.made and found.file != but:
        made.unlink(missing_ok=True)
    file.unlink()
    return True


def stale(found: Tuned) -> str | None:
    """Why what was found cannot be used any more; None where it can."""
    file = Path(found.file)
    if not file.exists() or (found.made and size_of(file) != found.size):
        return f"{file.name} is not there any more"
    if found.draft and not Path(found.draft).exists():
        return f"{Path(found.draft).name}, which drafted, is not there any more"
    if place_of(found) is None:
        return f"{found.engine} {found.version or ''} is not there any more"
    return None


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size


def place_of(found: Tuned) -> tuple[Contract, Found] | None:
    """The engine and where it is, in the version that was measured."""
    try:
        engine: Contract = ENGINES.get(found.engine)
        places = engine.places()
    except FreeholdError:
        return None
    for place in places:
        if str(place.at) == found.place and place.version in (None, found.version):
            return engine, place
    return None


def chosen(digest: str, engine: str | None) -> tuple[Tuned | None, tuple[str, ...]]:
    """What was found for a model, unless another engine is wanted; and what must be said of it."""
    found = kept_for(digest)
    if found is None or (engine and plain(engine) != plain(found.engine)):
        return None, ()
    gone = stale(found)
    if gone:
        return None, (f"not as it was tuned, for {gone}; tune again: freehold tune-engine",)
    made = f"runs in {found.precision}, made here of the model and found the fastest by tune-engine"
    return found, (
        (f"{made} on {found.measured}; --untuned runs it as it is",) if found.made else ()
    )


def applied(found: Tuned, job: Job, threads: int | None = None) -> Job:
    """The job as it was found to be the fastest; `threads` that were asked for stay."""
    setting = replace(job.setting, batch=found.batch, flash=found.flash)
    return replace(
        job,
        model=Path(found.file),
        setting=setting,
        threads=threads or found.threads,
        precision=found.asked,
        options={**job.options, **found.options},
        draft=job.draft or (Path(found.draft) if found.draft else None),
    )


def folder() -> Path:
    """Where the files are, and the models that were made for them."""
    return paths.data() / "tuned"


def _file(digest: str) -> Path:
    return folder() / f"{digest[:32]}.json"
