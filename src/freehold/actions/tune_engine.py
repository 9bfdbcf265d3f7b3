"""`tune-engine`: which engine, precision and setting is the fastest here and keeps the quality.

First every engine that fits, everywhere it is installed, in every precision that it can have
here; then, on the best of these, one change of the setting after the other. Each way gets the
same short workload. The first way, the model as it is, is what the others are held against.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import chain
from pathlib import Path

from msgspec.structs import replace

from freehold.actions.artifacts import stored
from freehold.actions.asking import TEXT
from freehold.actions.engines import able
from freehold.actions.layouts import LocalModel
from freehold.actions.local_model import find
from freehold.actions.run import Ready, Wishes, prepare
from freehold.actions.tune_conversions import converted_ways, kinds
from freehold.actions.tune_search import Say, Search
from freehold.actions.tune_trying import ROOM, Way
from freehold.actions.tuning import Tuned, folder, forget, keep, size_of
from freehold.core.errors import EnvironmentProblem, FreeholdError, UsageError
from freehold.core.machine import probe, usable_cores
from freehold.engines.base import Contract
from freehold.engines.hosting.changes import Change, drafted
from freehold.engines.hosting.steps import Counted
from freehold.formats.gguf import read_gguf
from freehold.judge.tuning import MOST_NATS, Workload
from freehold.store.ledger import note

QUIET = 0.85
"""The share of the cores that an engine gets on a machine that does nothing else."""
DISK = 1.3
"""The part of the model's size that its narrower precisions take together, and some room."""
SPARE, LEAST = 64, 1024
"""Tokens of context beside prompt and answer, and in any case."""
USUAL = Workload()


def tune(
    model: str | Path, *, workload: Workload = USUAL, most: float = MOST_NATS,
    engine: str | None = None, precisions: bool = True, draft: str | Path | None = None,
    say: Say = lambda text: None, count: Counted = lambda what, done, of: None,
) -> Tuned:  # fmt: skip
    """Try what fits, keep the fastest way whose quality is kept, and write all of it down.

    `most` is the mean divergence in nats up to which quality counts as kept; without `precisions`
    the weights stay as they are. A smaller model may be tried as a `draft`; it is kept only where
    it wins. UsageError for a workload that is longer than the context.
    """
    ready, helps = _ready(model, workload, engine, draft)
    here = (one for one in able(ready.model, TEXT, engine) if one.kind in ("server", "worker"))
    engines = sorted(here, key=lambda one: not one.exact)
    with _place(ready.model, precisions, say) as made:
        search = Search(workload, most, say, count, helps)
        ways = _ways(ready, engines, made, say, count)
        many = _first(ready, engines, made)
        if made is not None:
            only = engines[0] if engine else None
            ways = chain(ways, converted_ways(ready, made, say, only))
            many += len(kinds(ready, only))
        search.begin(ways, many)
        search.refine()
        found = _tuned(ready.model, search)
        if found.made:
            found = replace(found, file=str(_moved(Path(found.file), found)))
        forget(found.digest, but=found.file)
        keep(found)
    _written_down(found, ready.model)
    return found


def _ready(
    model: str | Path, work: Workload, engine: str | None, draft: str | Path | None
) -> tuple[Ready, Change | None]:
    """The model as it would be run, with a context for the workload; policies are asked.

    A draft is looked at as for a run, and then apart: it has to win.
    """
    trained, needed = find(model).context, work.prompt + work.answer + SPARE
    if trained is not None and needed > trained:
        raise UsageError(
            f"{model} takes {trained:,} tokens, and this workload needs {needed:,}",
            hint="name a shorter one with --prompt-tokens and --answer-tokens",
        )
    context = max(int(needed * ROOM), LEAST)
    context = min(context, trained) if trained else context
    ready = prepare(model, Wishes(engine=engine, context=context, draft=draft, tuned=False))
    if ready.task.id != TEXT:
        raise UsageError(f"{ready.model.name} does {ready.task.id}; only {TEXT} is tuned so far")
    if draft is None or ready.job.draft is None:
        return ready, None
    helps = drafted(ready.job.draft, find(draft).name)
    return replace(ready, job=replace(ready.job, draft=None)), helps


def _first(ready: Ready, engines: list[Contract], made: Path | None) -> int:
    """How many ways are tried first."""
    narrower = made is not None
    return sum(
        len(e.places()) * (1 + (len(e.other_precisions(ready.job)) if narrower else 0))
        for e in engines
    )


def _ways(
    ready: Ready, engines: list[Contract], made: Path | None, say: Say, count: Counted
) -> Iterator[Way]:
    """Every place of every engine in every precision; one that must be made is made once."""
    whole = stored_in(ready.model)
    for engine in engines:
        jobs = {whole: ready.job}
        for place in engine.places():
            for precision in (whole, *(engine.other_precisions(ready.job) if made else ())):
                if precision not in jobs and made is not None:
                    try:
                        jobs[precision] = engine.in_precision(ready.job, precision, made, count)
                    except FreeholdError as error:
                        say(f"{precision} is left out: {error}")
                        continue
                yield Way(
                    engine=engine,
                    found=place,
                    job=jobs[precision],
                    precision=precision,
                    same=engine.name == engines[0].name and precision == whole,
                )


def stored_in(model: LocalModel) -> str:
    """The precision in which a GGUF file holds most of its weights; others are as they are."""
    if model.format != "gguf":
        return "as stored"
    return stored(read_gguf(model.file, model.file.name).tensor_list) or "as stored"


@contextmanager
def _place(model: LocalModel, wanted: bool, say: Say) -> Iterator[Path | None]:
    """A folder for narrower precisions, removed at the end; None where there is no room."""
    at = folder()
    try:
        at.mkdir(parents=True, exist_ok=True)
        for half in at.glob(".trying-*"):
            shutil.rmtree(half, ignore_errors=True)  # of one that was killed
        room = shutil.disk_usage(at).free > model.size * DISK
        made = Path(tempfile.mkdtemp(prefix=".trying-", dir=at)) if wanted and room else None
    except OSError as error:
        raise EnvironmentProblem(f"{at} cannot be written: {error.strerror}") from error
    if wanted and not room:
        say(f"no narrower precision is tried: {at} has too little room for them")
    try:
        yield made
    finally:
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)


def _tuned(model: LocalModel, search: Search) -> Tuned:
    """What is kept: the winner beside the model as it was."""
    way, trial = search.best()
    before = next(t.timed for _, t in search.tried if t.timed)
    assert trial.timed is not None
    file, setting = way.job.model, way.job.setting
    shares = [trial.timed.share, before.share]
    return Tuned(
        model=model.name,
        digest=model.digest,
        measured=date.today().isoformat(),
        processor=probe().processor,
        cores=usable_cores(),
        workload=search.work,
        engine=way.engine.name,
        version=trial.version,
        place=str(way.found.at),
        file=str(file),
        size=size_of(file) if file != model.file else model.size,
        made=file != model.file,
        precision=way.precision,
        asked=way.job.precision,
        setting=trial.setting,
        threads=way.job.threads,
        batch=setting.batch,
        flash=setting.flash,
        options=way.job.options,
        draft=str(way.job.draft) if way.job.draft else None,
        timed=trial.timed,
        before=before,
        quality=trial.quality,
        most_nats=search.most,
        trials=tuple(t for _, t in search.tried),
        busy=any(share is not None and share < QUIET for share in shares),
    )


def _moved(made: Path, found: Tuned) -> Path:
    """The file or folder that won, where it stays; one that won before goes with what lost."""
    target = folder() / f"{found.digest[:16]}-{made.name}"
    if target.is_dir():
        target.rename(made.with_name(f"before-{made.name}"))
    return made.rename(target)


def _written_down(found: Tuned, model: LocalModel) -> None:
    """Rows of the ledger: what was made of what, and every figure that was measured."""
    facts = found.form()
    del facts["file"], facts["place"]
    note("tuning", {**facts, "file": Path(found.file).name}, required=False)
    if found.made:
        made = {"change": "quantized", "model": Path(found.file).name[:200], "base": model.name,
                "base_digest": model.digest, "precision": found.precision}  # fmt: skip
        note("adaptation", made, required=False)
