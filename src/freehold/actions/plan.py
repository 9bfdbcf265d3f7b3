"""`plan`: does it fit, how much does it take, part by part, and how fast will it be?"""

from typing import Any

from msgspec import Struct

from freehold.actions.artifacts import Artifact, from_facts
from freehold.actions.history import history
from freehold.actions.places import Place, place
from freehold.core.errors import NotFound, UsageError
from freehold.judge.correcting import corrected, correction
from freehold.judge.fitting.parts import Precision, Setting
from freehold.judge.planning import Fitted, Memory, fit
from freehold.judge.precisions import best, lowest
from freehold.knowledge.base import KnowledgeBase, open_base
from freehold.knowledge.search import find_model

USUAL_CONTEXT = 8192


class Choice(Struct, frozen=True):
    """One precision of the model: what it takes at its peak, whether it fits, what it costs."""

    precision: str
    peak: int
    fits: bool
    quality: str


class Plan(Struct, frozen=True, kw_only=True):
    """How one model will run on one machine: engine, setting, memory by parts, limits, ways."""

    artifact: Artifact
    place: Place
    precision: str | None
    fitted: Fitted
    choices: tuple[Choice, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """Everything that the reader must know beside the figures, each once."""
        every = (*self.artifact.notes, *self.place.notes, *self.fitted.parts.notes)
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
            "limits": {"context": found.limits.context, "parallel": found.limits.parallel},
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
        }


def plan(
    model: str, *, context: int | None = None, parallel: int = 1, kv: Precision = "f16",
    precision: str | None = None, on: str | None = None, memory: int | None = None,
    base: KnowledgeBase | None = None,
) -> Plan:  # fmt: skip
    """Predict what a model takes on this machine, or on the one named by `on`.

    `model` is a name of the knowledge base; `memory` (bytes) overrides what is offered to it.
    Raises NotFound for names that nobody has, UsageError for a setting that cannot be.
    """
    base = base or open_base()
    found = find_artifact(base, model)
    where = place(base, on, memory)
    setting = _setting(found, context, parallel, kv)
    chosen, uses = _memory(found, precision, setting, where.memory)
    smaller = [v for v in found.variants if v.memory(setting).peak < uses(setting).peak]
    uses = _learned(found, uses, where)
    fitted = fit(uses, setting, where.memory, trained=found.trained, variants=smaller)
    return Plan(artifact=found, place=where, precision=chosen, fitted=fitted,
                choices=_choices(found, setting, where.memory))  # fmt: skip


def _learned(artifact: Artifact, memory: Memory, where: Place) -> Memory:
    """The memory as predicted, or as earlier runs on this machine corrected it."""
    outcomes = history().outcomes if where.here else []
    factor = correction(outcomes, artifact.engine, artifact.architecture)
    return memory if factor is None else lambda setting: corrected(memory(setting), factor)


def find_artifact(base: KnowledgeBase, model: str) -> Artifact:
    """What is meant by `model`; of a family with several members, which one must be said."""
    hit = find_model(base, model)
    members = (hit.member,) if hit.member else hit.family.members
    if len(members) != 1:
        names = ", ".join(member.id for member in members[:8]) or "none"
        raise UsageError(f"{hit.family.id} has several members: {names}", hint="name one of them")
    return from_facts(base, hit.family, members[0])


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


def _memory(
    artifact: Artifact, precision: str | None, setting: Setting, room: int
) -> tuple[str | None, Memory]:
    """The precision that is taken, and the memory function for it."""
    if precision is None and artifact.memory is not None:
        return artifact.precision, artifact.memory
    if precision is None:
        variant = best(artifact.variants, setting, room) or lowest(artifact.variants)
        return variant.precision, variant.memory
    for variant in artifact.variants:
        if variant.precision.casefold() == precision.casefold():
            return variant.precision, variant.memory
    raise NotFound("precision", precision, (v.precision for v in artifact.variants))


def _choices(artifact: Artifact, setting: Setting, room: int) -> tuple[Choice, ...]:
    """Every precision with what it takes."""
    peaks = [(variant, variant.memory(setting).peak) for variant in artifact.variants]
    return tuple(Choice(v.precision, peak, peak <= room, v.quality) for v, peak in peaks)
