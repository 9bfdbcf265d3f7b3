"""`run`: use a model now. Starts the engine, asks it, and writes down what it really took."""

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from freehold.actions.engines import Candidate, choose_engine
from freehold.actions.local_model import LocalModel, find, is_path
from freehold.actions.plan import Plan, predict
from freehold.actions.policed import decision, obey
from freehold.actions.tuning import Tuned, applied, chosen, place_of
from freehold.core.errors import BrokenInput, EnvironmentProblem, FreeholdError, UsageError
from freehold.core.machine import probe, usable_cores
from freehold.engines.base import Contract, Found, Job, Running, start
from freehold.judge.fitting.parts import BITS_OF_STATE, Precision, Setting
from freehold.knowledge.base import open_base
from freehold.store.ledger import Ledger
from freehold.tasks.text_generation import Message, Piece, Request, Result

TASK = "text-generation"
GIB = 2**30
DEFAULT_CONTEXT = 4096
SHORTEST_CONTEXT = 64
LONG_ENOUGH = 0.5
"""Seconds that an answer must take before its share of the cores can be told."""


class Ready(Struct, frozen=True, kw_only=True):
    """How a model will run: what was chosen, and why; `found` where the engine was measured."""

    model: LocalModel
    engine: Contract
    job: Job
    candidates: tuple[Candidate, ...]
    notes: tuple[str, ...]
    plan: Plan | None = None
    found: Found | None = None
    tuned: Tuned | None = None


class Measured(Struct, frozen=True, kw_only=True):
    """What a run really took: bytes, seconds, tokens.

    `peak` is the most memory that was resident at once, loading included, when a model file may
    be mapped and copied at the same time; `resident` is what is left after the answer, and
    `mapped` the part of it that are pages of files, which the system may take back. `share`
    is the part of its cores that the engine got while it answered: well below 1 means that other
    work slowed it down. None for an answer too short to tell.
    """

    engine: str
    version: str | None
    peak: int
    resident: int
    mapped: int
    load: float
    first_token: float
    prompt_tokens: int
    prompt_seconds: float
    generated_tokens: int
    decode_seconds: float
    decode_steps: int
    share: float | None


class Answer(Struct, frozen=True, kw_only=True):
    """The result, how it was made, and what it took."""

    result: Result
    model: LocalModel
    setting: Setting
    measured: Measured
    notes: tuple[str, ...]

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        r, m = self.result, self.measured
        cut = r.cut
        return {
            "model": self.model.name,
            "file": str(self.model.file),
            "task": TASK,
            "engine": {"name": m.engine, "version": m.version},
            "text": r.text,
            "thinking": r.thinking or None,
            "finish": r.finish,
            "seed": r.seed,
            "usage": {"prompt": r.spent.prompt, "generated": r.spent.generated},
            "seconds": {
                "load": m.load,
                "first_token": m.first_token,
                "prompt": m.prompt_seconds,
                "decode": m.decode_seconds,
            },
            "speed": {"prefill": _rate(r.spent.prompt - r.spent.cached, m.prompt_seconds),
                      "decode": r.times.decode_speed},
            "peak_memory": m.peak,
            "context": self.setting.context,
            "cut": {"where": cut.where, "tokens": cut.tokens, "of": cut.total} if cut else None,
            "notes": list(self.notes),
        }  # fmt: skip


class Wishes(Struct, frozen=True, kw_only=True):
    """How a model is to run; None takes what suits, and `tuned` what `tune-engine` found."""

    engine: str | None = None
    context: int | None = None
    parallel: int = 1
    kv: Precision = "f16"
    batch: int = 512
    full_window: bool = False
    threads: int | None = None
    gpu_layers: int | None = None
    tuned: bool = True


def run(model: str | Path, prompt: str, **wishes: Any) -> Answer:
    """The answer of a model to a prompt; keywords as those of `stream`."""
    for part in stream(model, prompt, **wishes):
        if isinstance(part, Answer):
            return part
    raise UsageError("the engine gave no answer")


def stream(
    model: str | Path,
    prompt: str,
    *,
    system: str | None = None,
    continuing: bool = False,
    record: bool = True,
    **wishes: Any,
) -> Iterator[Piece | Answer]:
    """The pieces of the answer as they come, then the whole answer.

    `continuing` continues the prompt as text, instead of answering it as a chat. Other keywords
    are those of `Wishes` (engine, context, parallel, kv, ...) and of the task's `Request`
    (max_tokens, temperature, seed, stop, schema, grammar, truncate). With `record` what was
    predicted is written into the ledger beside what was measured.
    """
    how, asked = _sorted(wishes)
    ready = prepare(model, how)
    request, notes = _request(ready, prompt, system, continuing, asked)
    with start(ready.engine, ready.job, found=ready.found) as running:
        share = _watched(running)
        for part in running.ask(request):
            if isinstance(part, Result):
                measured = measure(running, part, share())
                said = (*ready.notes, *running.notes, *notes, *part.notes)
                yield Answer(
                    result=part,
                    model=ready.model,
                    setting=ready.job.setting,
                    measured=measured,
                    notes=(*said, *(_recorded(ready, measured) if record else ())),
                )
            else:
                yield part


def prepare(model: str | Path, how: Wishes) -> Ready:
    """Find the model, ask the policies, choose engine and setting; nothing is started."""
    found = find(model)
    where = model if is_path(model) else found.file
    tuned, told = chosen(found.digest, how.engine) if how.tuned else (None, ())
    if tuned and tuned.made:
        found = replace(find(Path(tuned.file)), name=found.name)
    if how.kv not in BITS_OF_STATE:
        raise UsageError(f"{how.kv!r} is no precision; there are {', '.join(BITS_OF_STATE)}")
    context, notes = _context(found, how.context)
    plan = _planned(found, how, context)
    objections = obey("run", model, decision(where, memory_share=plan.share if plan else None))
    _without_code(found)
    engine, candidates = choose_engine(found, TASK, tuned.engine if tuned else how.engine)
    setting = Setting(
        context=context,
        parallel=how.parallel,
        keys=how.kv,
        values=how.kv,
        batch=how.batch,
        full_window=how.full_window,
    )
    job = Job(
        model=found.file,
        task=TASK,
        setting=setting,
        threads=how.threads,
        gpu_layers=how.gpu_layers,
        memory=probe().memory,
    )
    place = place_of(tuned) if tuned else None
    return Ready(
        model=found,
        engine=engine,
        job=applied(tuned, job, how.threads) if tuned else job,
        candidates=tuple(candidates),
        notes=(*objections, *notes, *told, *_tight(found, plan)),
        plan=plan,
        found=place[1] if place else None,
        tuned=tuned,
    )


def _planned(found: LocalModel, how: Wishes, context: int) -> Plan | None:
    """What a plan says of it; None where its architecture cannot be planned."""
    try:
        return predict(
            found.file,
            context=min(context, found.context or context),
            parallel=how.parallel,
            kv=how.kv,
            base=open_base(),
        )
    except FreeholdError:
        return None


def _tight(found: LocalModel, plan: Plan | None) -> Iterator[str]:
    """Refuse what is larger than all memory; say it where it is more than models should take."""
    if plan is None or plan.fitted.fits:
        return
    needs, whole = plan.fitted.parts.total / GIB, probe().memory / GIB
    if not plan.place.on_card and needs > whole and not plan.fitted.parts.bound:
        raise EnvironmentProblem(
            f"{found.name} needs {needs:.1f} GiB of memory, and this machine has {whole:.1f}",
            hint=f"freehold plan {found.file} tells what would make it fit",
        )
    yield f"it takes {needs:.1f} GiB, more than the {plan.place.memory / GIB:.1f} for models"


def _without_code(found: LocalModel) -> None:
    """Refuse a file of which a scanner says that loading it runs code."""
    from freehold.actions.scan import scan
    from freehold.scanners.base import CODE

    for file in scan(found.file).files:
        if file.verdict == CODE:
            hint = f"freehold scan {found.file} tells all that was seen"
            raise BrokenInput(f"{found.file.name} contains code: {file.because}", hint=hint)


def _watched(running: Running) -> Callable[[], float | None]:
    """From now on: the part of its cores that the engine gets."""
    before, began = running.process.computed(), time.monotonic()
    cores = running.job.threads or usable_cores()

    def share() -> float | None:
        passed = time.monotonic() - began
        used = running.process.computed() - before
        return round(min(1.0, used / passed / cores), 3) if passed > LONG_ENOUGH else None

    return share


def measure(running: Running, result: Result, share: float | None = None) -> Measured:
    """What the engine took for this answer."""
    memory = running.memory()
    return Measured(
        engine=running.engine.name,
        version=running.version,
        peak=memory.peak,
        resident=memory.now,
        mapped=memory.mapped,
        load=running.load_seconds,
        first_token=result.times.first_token,
        prompt_tokens=result.spent.prompt - result.spent.cached,
        prompt_seconds=result.times.prompt,
        generated_tokens=result.spent.generated,
        decode_seconds=result.times.decode,
        decode_steps=result.times.steps,
        share=share,
    )


def facts(
    model: LocalModel, setting: Setting, measured: Measured, plan: Mapping[str, object] | None
) -> dict[str, object]:
    """The row of the ledger: names, numbers and digests, never what was said."""
    from msgspec import to_builtins

    found: dict[str, object] = to_builtins(measured)
    engine, version = found.pop("engine"), found.pop("version")
    return {
        "model": model.name,
        "architecture": model.architecture,
        "format": model.format,
        "size": model.size,
        "digest": model.digest,
        "task": TASK,
        "engine": engine,
        "version": version,
        "setting": to_builtins(setting),
        "predicted": dict(plan) if plan is not None else None,
        "measured": found,
    }


def _recorded(ready: Ready, measured: Measured) -> tuple[str, ...]:
    """Write the measurement down; a note when that is not possible, for the answer is there."""
    expected = ready.plan.prediction(measured.prompt_tokens) if ready.plan else None
    try:
        with Ledger.open() as ledger:
            ledger.append("run", facts(ready.model, ready.job.setting, measured, expected))
    except FreeholdError as error:
        return (f"this run is not in the ledger: {error}",)
    return ()


def _sorted(wishes: dict[str, Any]) -> tuple[Wishes, dict[str, Any]]:
    """The wishes on how to run, and the parameters of the request."""
    of_job = {name: wishes.pop(name) for name in Wishes.__struct_fields__ if name in wishes}
    unknown = set(wishes) - set(Request.__struct_fields__) | set(wishes) & {"messages", "text"}
    if unknown:
        raise UsageError(f"run does not know {', '.join(sorted(unknown))}")
    return Wishes(**of_job), wishes


def _request(
    ready: Ready, prompt: str, system: str | None, continuing: bool, asked: dict[str, Any]
) -> tuple[Request, tuple[str, ...]]:
    """The request and what must be said about how it is asked."""
    if not prompt.strip():
        raise UsageError("the prompt is empty")
    if continuing and system:
        raise UsageError("a text that is continued takes no system message")
    if continuing:
        return Request(text=prompt, **asked), ()
    if not ready.model.chat_template:
        if system or asked.get("schema"):
            says = (
                f"{ready.model.name} has no chat template, so it takes no system message or schema"
            )
            raise UsageError(says)
        return Request(text=prompt, **asked), (
            f"{ready.model.name} has no chat template: the prompt is continued as text",
        )
    first = (Message("system", system),) if system else ()
    return Request(messages=(*first, Message("user", prompt)), **asked), ()


def _context(model: LocalModel, wanted: int | None) -> tuple[int, tuple[str, ...]]:
    """The context to give it; beyond what it was trained for is said."""
    trained = model.context
    if wanted is None:
        return min(trained or DEFAULT_CONTEXT, DEFAULT_CONTEXT), ()
    if wanted < SHORTEST_CONTEXT:
        raise UsageError(f"a context has at least {SHORTEST_CONTEXT} tokens")
    if trained is not None and wanted > trained:
        return wanted, (
            f"it was trained for {trained:,} tokens; beyond them it may write nonsense",
        )
    return wanted, ()


def _rate(count: int, seconds: float) -> float | None:
    return count / seconds if seconds > 0 and count > 0 else None
