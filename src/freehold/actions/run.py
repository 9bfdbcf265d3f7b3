"""`run`: use a model now. Starts the engine, asks it, and writes down what it really took."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from freehold.actions.answer import Answer
from freehold.actions.asking import TEXT, request_of
from freehold.actions.drafting import drafting
from freehold.actions.engines import Candidate, choose_engine
from freehold.actions.layouts import LocalModel
from freehold.actions.local_model import find, is_path
from freehold.actions.measuring import Measured, facts, measure, watched
from freehold.actions.outputs import placed, refuse_taken
from freehold.actions.plan import Plan, predict
from freehold.actions.policed import decision, obey
from freehold.actions.tuning import Tuned, applied, chosen, place_of
from freehold.core.errors import BrokenInput, EnvironmentProblem, FreeholdError, UsageError
from freehold.core.machine import probe
from freehold.engines.base import Contract, Found, Job, start
from freehold.judge.fitting.parts import BITS_OF_STATE, Precision, Setting
from freehold.knowledge.base import open_base
from freehold.store.ledger import Ledger
from freehold.tasks.base import TASKS, Input, Task

if TYPE_CHECKING:
    from freehold.actions.scan import Safety

GIB = 2**30
DEFAULT_CONTEXT = 4096
SHORTEST_CONTEXT = 64


class Ready(Struct, frozen=True, kw_only=True):
    """How a model will run: what was chosen, and why.

    `tuned` is what `tune-engine` found for it, `found` where the engine is that it measured.
    """

    model: LocalModel
    task: Task
    engine: Contract
    job: Job
    candidates: tuple[Candidate, ...]
    notes: tuple[str, ...]
    plan: Plan | None = None
    found: Found | None = None
    tuned: Tuned | None = None


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
    device: str | None = None
    precision: str | None = None
    adapters: tuple[Path, ...] = ()
    projector: Path | None = None
    draft: str | Path | None = None
    options: Mapping[str, str] = {}
    tuned: bool = True


def run(model: str | Path, *inputs: Input, **wishes: Any) -> Answer:
    """The answer of a model to its inputs; keywords as those of `stream`."""
    for part in stream(model, *inputs, **wishes):
        if isinstance(part, Answer):
            return part
    raise UsageError("the engine gave no answer")


def stream(
    model: str | Path,
    *inputs: Input,
    task: str | None = None,
    out: str | Path | None = None,
    folder: Path | None = None,
    record: bool = True,
    **wishes: Any,
) -> Iterator[Any]:
    """The pieces of the answer and the progress as they come, then the whole answer.

    Inputs are texts, and files as paths. The task follows from the model, unless it is said.
    The result is written to `out`, a file or a folder; files that are made go to `folder` where
    no `out` is said (None: a new temporary folder). Other keywords are those of `Wishes`
    (engine, context, precision, ...) and the flags of the task (max_tokens, temperature, steps,
    language, ...). With `record` what was predicted is written into the ledger beside what was
    measured.
    """
    how, said = _sorted(wishes)
    there = Path(out).expanduser() if out is not None else None
    refuse_taken(there)
    ready = prepare(model, how, task)
    request, notes = request_of(ready.task, ready.model, inputs, said)
    with start(ready.engine, ready.job, found=ready.found) as running:
        share = watched(running)
        for part in running.ask(request):
            if not isinstance(part, ready.task.result):
                yield part
                continue
            measured = measure(running, part, share())
            result, files = placed(part, ready.task, there, folder)
            told = dict.fromkeys((*ready.notes, *running.notes, *notes, *result.notes))
            yield Answer(
                result=result,
                task=ready.task,
                model=ready.model,
                setting=ready.job.setting,
                measured=measured,
                notes=(*told, *(recorded(ready, measured) if record else ())),
                files=files,
            )


def prepare(
    model: str | Path, how: Wishes, task: str | None = None, *, action: str = "run"
) -> Ready:
    """Find the model, ask the policies, choose engine and setting; nothing is started.

    `action` is what the model is wanted for, in the words of policies and objections.
    """
    found = find(model)
    where = model if is_path(model) or found.address else found.file
    work = _task(found, task)
    tuned, told = _tuned(found, work, how)
    if tuned and tuned.made:
        found = replace(find(Path(tuned.file)), name=found.name)
    if how.kv not in BITS_OF_STATE:
        raise UsageError(f"{how.kv!r} is no precision; there are {', '.join(BITS_OF_STATE)}")
    context, notes = _context(found, how.context)
    wanted = how.draft or (Path(tuned.draft) if tuned and tuned.draft else None)
    draft = drafting(found, wanted, work.id) if wanted else None
    plan = _planned(found, how, context, draft)
    objections = obey(action, model, decision(where, memory_share=plan.share if plan else None))
    brings = () if found.address else _without_code(found)
    if draft:
        objections = (*objections, *obey(action, draft.name, decision(draft.file)))
        brings = (*brings, *_without_code(draft))
    engine, candidates = choose_engine(found, work.id, tuned.engine if tuned else how.engine)
    engine.asked_for(work.id, how.options)
    if draft and not engine.drafts:
        raise UsageError(f"{engine.name} takes no draft model", hint="llama.cpp does")
    job, place = _job(found, work, how, context, draft), place_of(tuned) if tuned else None
    leaves = engine.notes(job, Found("address", Path())) if found.address else ()
    return Ready(
        model=found,
        task=work,
        engine=engine,
        job=applied(tuned, job, how.threads) if tuned else job,
        candidates=tuple(candidates),
        notes=(*objections, *notes, *told, *brings, *_tight(found, plan), *leaves),
        plan=plan,
        found=place[1] if place else None,
        tuned=tuned,
    )


def _tuned(found: LocalModel, task: Task, how: Wishes) -> tuple[Tuned | None, tuple[str, ...]]:
    """What was found for the model, unless what is wished for contradicts it."""
    if not how.tuned or task.id != TEXT or how.precision or how.device or how.draft:
        return None, ()
    return chosen(found.digest, how.engine)


def _job(found: LocalModel, task: Task, how: Wishes, context: int, draft: LocalModel | None) -> Job:
    setting = Setting(
        context=context, parallel=how.parallel, keys=how.kv, values=how.kv, batch=how.batch,
        full_window=how.full_window,
    )  # fmt: skip
    return Job(
        model=found.file,
        task=task.id,
        setting=setting,
        device=how.device,
        precision=how.precision,
        threads=how.threads,
        gpu_layers=how.gpu_layers,
        memory=probe().memory,
        adapters=tuple(path.expanduser().absolute() for path in how.adapters),
        projector=how.projector.expanduser().absolute() if how.projector else None,
        draft=draft.file if draft else None,
        options=dict(how.options),
        address=found.address,
    )


def _task(found: LocalModel, wanted: str | None) -> Task:
    """The task that was asked for, or the usual one of the model."""
    if wanted:
        task: Task = TASKS.get(wanted)
        return task
    if not found.tasks:
        raise UsageError(
            f"what {found.name} ({found.architecture}) does is not known",
            hint=f"say --task: {', '.join(TASKS.get(name).id for name in TASKS.names())}",
        )
    usual: Task = TASKS.get(found.tasks[0])
    return usual


def _planned(found: LocalModel, how: Wishes, context: int, draft: LocalModel | None) -> Plan | None:
    """What a plan says of it; None where its architecture cannot be planned, or it is not here."""
    if found.address:
        return None
    try:
        return predict(
            found.file,
            context=min(context, found.context or context),
            parallel=how.parallel,
            kv=how.kv,
            draft=draft.file if draft else None,
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


def _without_code(found: LocalModel) -> tuple[str, ...]:
    """Refuse files of which a scanner says that loading them runs code.

    Programs beside the weights are never loaded by any engine here, nor is the code that a
    configuration asks for; that they are there is said.
    """
    from freehold.actions.scan import scan
    from freehold.formats.kinds import CODE as PROGRAMS
    from freehold.scanners.base import CODE

    beside = []
    for file in scan(found.file).files:
        if file.verdict == CODE and (file.kind in PROGRAMS or _only_asks(file)):
            beside.append(file.path)
        elif file.verdict == CODE:
            hint = f"freehold scan {found.file} tells all that was seen"
            raise BrokenInput(f"{found.file.name} contains code: {file.because}", hint=hint)
    told = ", ".join(beside[:5])
    return (f"it brings programs, or asks for them, and they are not run: {told}",) if told else ()


def _only_asks(file: "Safety") -> bool:
    """Whether a JSON file does nothing but name code that a loader might fetch and run."""
    reasons = [remark.kind for remark in file.remarks if remark.verdict == file.verdict]
    return file.kind == "json" and set(reasons) == {"remote-code"}


def recorded(ready: Ready, measured: Measured) -> tuple[str, ...]:
    """Write the measurement down; a note when that is not possible, for the answer is there.

    What a server elsewhere took is not of this machine, so it is left out.
    """
    if ready.model.address:
        return ()
    expected = ready.plan.prediction(measured.prompt_tokens) if ready.plan else None
    row = facts(ready.model, ready.task.id, ready.job.setting, measured, expected)
    try:
        with Ledger.open() as ledger:
            ledger.append("run", row)
    except FreeholdError as error:
        return (f"this run is not in the ledger: {error}",)
    return ()


def _sorted(wishes: dict[str, Any]) -> tuple[Wishes, dict[str, Any]]:
    """The wishes on how to run, and what is said with the request."""
    of_job = {name: wishes.pop(name) for name in Wishes.__struct_fields__ if name in wishes}
    return Wishes(**of_job), wishes


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
