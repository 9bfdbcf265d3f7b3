"""`plan`: does it fit, how much does it take, part by part, and how fast will it be?"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from freehold.actions.artifacts import Artifact, Target, changed, from_facts, helped
from freehold.actions.artifacts_gguf import from_gguf
from freehold.actions.headers import read_headers
from freehold.actions.history import History, history
from freehold.actions.local_model import find, is_path
from freehold.actions.other_speeds import Figure
from freehold.actions.places import Place, place
from freehold.actions.policed import decision, obey
from freehold.actions.policy_words import policy_form
from freehold.actions.speeds import Speeds, pace, rates, speeds
from freehold.actions.tuning import kept_for
from freehold.core.errors import FreeholdError, NotFound, UsageError
from freehold.judge.correcting import corrected, correction
from freehold.judge.fitting.converted import LIBRARIES
from freehold.judge.fitting.first import FLUENT
from freehold.judge.fitting.parts import Precision, Setting, divided
from freehold.judge.planning import Effort, Fitted, Memory, Variant, Way, fit
from freehold.judge.policy import Decision
from freehold.judge.precisions import best, lowest
from freehold.judge.speed.decode import decode
from freehold.judge.speed.rates import Rates
from freehold.knowledge.base import KnowledgeBase, open_base
from freehold.knowledge.search import find_model

USUAL_CONTEXT = 8192
ON_ONE = "it runs on one of the cards: models that do not write text are not divided"


class Choice(Struct, frozen=True):
    """One precision of the model: what it takes at its peak, whether it fits, what it costs."""

    precision: str
    peak: int
    fits: bool
    quality: str


class Plan(Struct, frozen=True, kw_only=True):
    """How one model will run on one machine: engine, setting, memory by parts, limits, ways.

    `unlearned` is the memory before earlier runs corrected it: what errors are told against.
    """

    artifact: Artifact
    place: Place
    precision: str | None
    fitted: Fitted
    speed: Speeds | None = None
    figures: tuple[Figure, ...] = ()
    pace: dict[str, object] | None = None
    unlearned: Memory | None = None
    choices: tuple[Choice, ...] = ()
    policy: Decision | None = None
    objections: tuple[str, ...] = ()
    tuned: str | None = None

    @property
    def share(self) -> float | None:
        """The part of the memory for models that it takes at its peak."""
        return self.fitted.parts.peak / self.place.memory if self.place.memory else None

    @property
    def notes(self) -> tuple[str, ...]:
        """Everything that the reader must know beside the figures, each once."""
        every = (
            *self.objections,
            *((f"tuned: run takes {self.tuned}",) if self.tuned else ()),
            *self.artifact.notes,
            *self.place.notes,
            *self.fitted.parts.notes,
        )
        return tuple(dict.fromkeys(every))

    def form(self) -> dict[str, Any]:
        """The JSON form that scripts rely on."""
        found = self.fitted
        parts = found.parts
        return {
            "model": self.artifact.name,
            "engine": self.artifact.engine,
            "precision": self.precision,
            "fits": found.fits,
            "parts": {
                "weights": parts.weights,
                "state": parts.state,
                "compute": parts.compute,
                "overhead": parts.overhead,
            },
            "peak": parts.peak,
            "bound": parts.bound,
            "limits": {
                "context": found.limits.context if self.artifact.lengthy else None,
                "parallel": found.limits.parallel,
            },
            "speed": _speeds(self.speed) or _figures(self.figures),
            "setting": {
                "context": found.setting.context,
                "parallel": found.setting.parallel,
                "keys": found.setting.keys,
                "values": found.setting.values,
            },
            "machine": {"name": self.place.name, "memory": self.place.memory},
            "ways": [
                {"kind": way.kind, "change": way.change, "peak": way.peak, "costs": way.costs}
                for way in found.ways
            ],
            "precisions": [
                {"precision": c.precision, "peak": c.peak, "fits": c.fits, "quality": c.quality}
                for c in self.choices
            ],
            "notes": list(self.notes),
            "policy": policy_form(self.policy) if self.policy else None,
        }

    def prediction(self, prompt: int | None = None) -> dict[str, object]:
        """What a row of the ledger keeps of it, to be held against what happens.

        `expected` is the memory that is resident after a prompt of so many tokens: buffers for
        more are there, but not touched, and a mapped file stays beside weights in another order.
        """
        parts, speed = self.fitted.parts, self.speed
        return {
            "peak": parts.peak,
            "weights": parts.weights,
            "state": parts.state,
            "compute": parts.compute,
            "overhead": parts.overhead,
            "bound": parts.bound,
            "expected": self._resident(prompt),
            "decode": speed.decode.value if speed else None,
            "prefill": speed.prefill.value if speed else None,
            "pace": self.pace,
        }

    def _resident(self, prompt: int | None) -> int | None:
        if self.unlearned is None:
            return None
        setting = self.fitted.setting
        batch = min(setting.batch, prompt or setting.batch)
        parts = self.unlearned(replace(setting, batch=max(batch, 1)))
        return parts.total + parts.loading


def _figures(figures: tuple[Figure, ...]) -> dict[str, Any] | None:
    """The speeds of a model that writes no text; None where nothing can be said."""
    every = {f.name: {"value": f.speed.value, "low": f.speed.low, "high": f.speed.high}
             for f in figures}  # fmt: skip
    return every or None


def _speeds(found: Speeds | None) -> dict[str, Any] | None:
    """The speeds of the JSON form; None where nothing can be said."""
    if found is None:
        return None
    return {
        name: {"value": speed.value, "low": speed.low, "high": speed.high}
        for name, speed in (
            ("decode", found.decode),
            ("prefill", found.prefill),
            ("first_token", found.first_token),
        )
    } | {"prompt": found.prompt, "measurements": found.measured}


def plan(
    model: str | Path, *, context: int | None = None, parallel: int = 1, kv: Precision = "f16",
    precision: str | None = None, engine: str | None = None, on: str | None = None,
    memory: int | None = None, size: tuple[int, int] = (1024, 1024), seconds: float = 30.0,
    draft: str | Path | None = None, base: KnowledgeBase | None = None, record: bool = True,
) -> Plan:  # fmt: skip
    """Predict what a model takes on this machine, or on the one named by `on`.

    `model` is a file, a folder, an address, `hf:OWNER/NAME`, or a name of the knowledge base;
    `memory` (bytes) overrides what is offered to it. `size` is of a picture in pixels, `seconds`
    of a recording, where the model is for these; `parallel` counts them. `draft` is a smaller model
    that runs beside it. With `record` the ledger
    gets a row, where it can be written. Raises NotFound for names that nobody has, UsageError for
    a setting that cannot be, BrokenInput for headers that lie, NotAllowed where a policy refuses
    the model.
    """
    base = base or open_base()
    made = predict(
        model, context=context, parallel=parallel, kv=kv, precision=precision, engine=engine,
        on=on, memory=memory, size=size, seconds=seconds, draft=draft, base=base,
    )  # fmt: skip
    said = decision(model, base=base, memory_share=made.share)
    made = replace(made, policy=said, objections=obey("plan", model, said), tuned=_tuned(model))
    if record:
        _written_down(made)
    return made


def _tuned(model: str | Path) -> str | None:
    """What `tune-engine` found for a file on this machine."""
    if not is_path(model):
        return None
    try:
        found = kept_for(find(model).digest)
    except FreeholdError:
        return None
    return found.says if found else None


def _written_down(made: Plan) -> None:
    """A row of the ledger: names and numbers, never an address with what may be secret in it."""
    from freehold.store.ledger import note

    setting = made.fitted.setting
    row = {
        "model": made.artifact.name[:200],
        "engine": made.artifact.engine,
        "architecture": made.artifact.architecture[:200],
        "machine": made.place.name[:200],
        "setting": {"context": setting.context, "parallel": setting.parallel,
                    "keys": setting.keys, "values": setting.values},
        "fits": made.fitted.fits,
        "room": made.fitted.room,
        "predicted": made.prediction(),
    }  # fmt: skip
    note("plan", row, required=False)


def predict(
    model: str | Path, *, context: int | None = None, parallel: int = 1, kv: Precision = "f16",
    precision: str | None = None, engine: str | None = None, on: str | None = None,
    memory: int | None = None, size: tuple[int, int] = (1024, 1024), seconds: float = 30.0,
    draft: str | Path | None = None, base: KnowledgeBase,
) -> Plan:  # fmt: skip
    """The plan before any policy was asked."""
    where = place(base, on, memory)
    target = Target(
        engine=engine, on_card=where.on_card, width=size[0], height=size[1], seconds=seconds
    )
    found = find_artifact(base, model, target)
    if draft is not None:
        found = helped(found, find_artifact(base, draft, target))
    found, where = _shared(found, where, memory)
    setting = _setting(found, context, parallel, kv)
    past = history() if where.here else History(())
    reached = rates(where, found.engine, past.runs)
    learned = _learned(found, past)
    chosen = _chosen(learned, precision, setting, where.memory, reached)
    uses = chosen.memory
    smaller = [v for v in learned.variants if v.memory(setting).peak < uses(setting).peak]
    fitted = fit(uses, setting, where.memory, trained=found.trained, variants=smaller)
    if not fitted.fits:
        fitted = replace(fitted, ways=(*fitted.ways, *_partly(found, where, fitted)))
    work = chosen.work(setting) if chosen.work else None
    return Plan(
        artifact=found, place=where, precision=chosen.precision, fitted=fitted,
        speed=speeds(work, reached, setting) if work and reached else None,
        figures=_others(found, reached, setting),
        pace=pace(work, setting.context / 2) if work else None,
        unlearned=_unlearned(found, chosen.precision),
        choices=_choices(learned, setting, where.memory),
    )  # fmt: skip


def _others(artifact: Artifact, reached: Rates | None, setting: Setting) -> tuple[Figure, ...]:
    """The speeds of a model for pictures or sound."""
    figures = artifact.figures(setting.parallel) if artifact.figures else None
    return figures(reached) if figures and reached else ()


def _learned(artifact: Artifact, past: History) -> Artifact:
    """The artifact as earlier runs on this machine corrected its memory."""
    factor = correction(past.outcomes, artifact.engine, artifact.architecture)
    if factor is None:
        return artifact
    return changed(artifact, lambda parts: corrected(parts, factor))


def _shared(found: Artifact, where: Place, memory: int | None) -> tuple[Artifact, Place]:
    """Both as several cards share the work: text is divided, with buffers on each of them.

    Anything else runs on one of them.
    """
    if where.cards == 1:
        return found, where
    if found.lengthy:
        return changed(found, lambda parts: divided(parts, where.cards)), where
    room = memory or where.memory // where.cards
    return found, replace(where, memory=room, notes=(*where.notes, ON_ONE))


def _unlearned(artifact: Artifact, precision: str | None) -> Memory | None:
    """The memory of the precision that was taken, as predicted before any correction."""
    every = {variant.precision: variant.memory for variant in artifact.variants}
    return every.get(precision or "", artifact.memory)


def find_artifact(base: KnowledgeBase, model: str | Path, target: Target) -> Artifact:
    """What is meant by `model`; of a family with several members, which one must be said."""
    if not str(model).strip():
        raise UsageError("the name of a model is empty", hint="freehold models lists all")
    if is_path(model) or str(model).startswith(("hf:", "http://", "https://")):
        headers = read_headers(model)
        if headers.format == "gguf":
            return from_gguf(base, headers, target)
        if headers.format in LIBRARIES:
            from freehold.actions.artifacts_converted import from_converted

            return from_converted(headers, target)
        from freehold.actions.artifacts_torch import from_torch

        return from_torch(base, headers, target)
    hit = find_model(base, str(model))
    members = (hit.member,) if hit.member else hit.family.members
    if len(members) != 1:
        names = ", ".join(member.id for member in members[:8]) or "none"
        raise UsageError(f"{hit.family.id} has several members: {names}", hint="name one of them")
    found = from_facts(base, hit.family, members[0])
    if target.engine not in (None, found.engine):
        raise UsageError(
            f"by its size alone {found.name} is planned for {found.engine}",
            hint=f"name its files: freehold plan hf:OWNER/NAME --engine {target.engine}",
        )
    return found


def _partly(artifact: Artifact, where: Place, fitted: Fitted) -> Iterator[Way]:
    """A part of it on the cards, of which each further one has buffers of its own."""
    parts = fitted.parts
    further = (parts.compute + parts.overhead) * (where.cards - 1) // where.cards
    way = artifact.partly and artifact.partly(fitted.setting, where.memory - further)
    if way:
        yield replace(way, peak=way.peak + further)


def _setting(artifact: Artifact, context: int | None, parallel: int, kv: Precision) -> Setting:
    """The setting asked for; without a context, a usual one that the model can take."""
    trained = artifact.trained
    if context is not None and trained is not None and context > trained:
        raise UsageError(
            f"{artifact.name} takes {trained:,} tokens, not {context:,}",
            hint=f"ask for --context {trained}",
        )
    usual = min(USUAL_CONTEXT, trained or USUAL_CONTEXT)
    return Setting(context=context or usual, parallel=parallel, keys=kv, values=kv)


class _Chosen(Struct, frozen=True):
    """The precision that is taken, and what the model takes and does in it."""

    precision: str | None
    memory: Memory
    work: Effort | None


def _chosen(
    artifact: Artifact, precision: str | None, setting: Setting, room: int, reached: Rates | None
) -> _Chosen:
    """The files as they are, the precision asked for, or the widest that fits and is fluent."""

    def fluent(variant: Variant) -> bool:
        if not (reached and variant.work):
            return True
        one = decode(variant.work(setting), reached, setting.context / 2, setting.parallel)
        return one.value >= FLUENT

    if precision is None and artifact.memory is not None:
        return _Chosen(artifact.precision, artifact.memory, artifact.work)
    if precision is None:
        variant = best(artifact.variants, setting, room, fluent) or lowest(artifact.variants)
        return _Chosen(variant.precision, variant.memory, variant.work)
    for variant in artifact.variants:
        if variant.precision.casefold() == precision.casefold():
            return _Chosen(variant.precision, variant.memory, variant.work)
    raise NotFound("precision", precision, (v.precision for v in artifact.variants))


def _choices(artifact: Artifact, setting: Setting, room: int) -> tuple[Choice, ...]:
    """Every precision with what it takes."""
    peaks = [(variant, variant.memory(setting).peak) for variant in artifact.variants]
    return tuple(Choice(v.precision, peak, peak <= room, v.quality) for v, peak in peaks)
