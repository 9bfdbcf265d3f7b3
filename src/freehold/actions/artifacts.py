"""What a plan is made for: one model on one engine, and the memory it takes in each setting."""

from collections.abc import Callable
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from freehold.actions.other_speeds import Figures
from freehold.core.counts import spoken
from freehold.core.errors import NotFound, UsageError
from freehold.core.tensors import Tensor
from freehold.judge.fitting.first import Shape, shape
from freehold.judge.fitting.first import memory as first_memory
from freehold.judge.fitting.parts import BITS_OF_STATE, Parts, Setting, beside
from freehold.judge.planning import Effort, Memory, Variant, Way
from freehold.judge.precisions import source, variants
from freehold.judge.speed.work import Work, of_size
from freehold.knowledge import traits
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.types import Family, Member, PrecisionList


class Target(Struct, frozen=True, kw_only=True):
    """How a model is to run: on which engine (None: the usual one), in the memory of a card or not.

    `width` and `height` are of a picture in pixels, `seconds` of a recording.
    """

    engine: str | None = None
    on_card: bool = False
    width: int = 1024
    height: int = 1024
    seconds: float = 30.0


class Artifact(Struct, frozen=True, kw_only=True):
    """A model as one engine would run it.

    `memory` and `work` are those of the files as they are; None where a precision must be chosen.
    `figures` are its speeds where it writes no text, for so many at once.
    `variants` are the precisions it can be had in, widest first. `trained` is the longest context,
    `lengthy` whether a context means anything for it. `partly` tells, for a setting and the memory
    of a card, how it runs with a part of it there.
    """

    name: str
    says: str
    engine: str
    architecture: str
    variants: tuple[Variant, ...] = ()
    memory: Memory | None = None
    work: Effort | None = None
    figures: Callable[[int], Figures | None] | None = None
    precision: str | None = None
    trained: int | None = None
    lengthy: bool = True
    partly: Callable[[Setting, int], Way | None] | None = None
    notes: tuple[str, ...] = ()


def changed(artifact: Artifact, change: Callable[[Parts], Parts]) -> Artifact:
    """The artifact with its memory changed alike in every precision."""
    return _remade(artifact, lambda memory: lambda setting: change(memory(setting)))


def helped(artifact: Artifact, draft: Artifact) -> Artifact:
    """A model beside which a smaller one drafts; its speed is told without this help."""
    takes = draft.memory
    if takes is None or {artifact.engine, draft.engine} != {"llama.cpp"}:
        says = f"{draft.name} cannot be planned as a draft for {artifact.name} on {artifact.engine}"
        raise UsageError(says, hint="both are GGUF files, on llama.cpp")
    note = f"with the memory of {draft.name}, which drafts; speeds are those without it"
    found = _remade(
        artifact, lambda memory: lambda setting: beside(memory(setting), takes(setting))
    )
    return replace(found, notes=(*found.notes, note))


def _remade(artifact: Artifact, anew: Callable[[Memory], Memory]) -> Artifact:
    """The artifact with the memory of every precision told anew."""
    return replace(
        artifact,
        memory=anew(artifact.memory) if artifact.memory else None,
        variants=tuple(replace(v, memory=anew(v.memory)) for v in artifact.variants),
    )


def from_facts(base: KnowledgeBase, family: Family, member: Member) -> Artifact:
    """A member of the knowledge base, by its size alone: nothing is downloaded."""
    known = shape(family, member)
    if known.parameters is None:
        raise UsageError(
            f"how many parameters {member.id} has is not known, so it cannot be planned",
            hint=_by_its_files(member),
        )
    loss = costs(base)
    return Artifact(
        name=member.id,
        says=f"{family.name}, {size_words(known.parameters, known.active)}",
        engine="llama.cpp" if known.makes_tokens else "transformers",
        architecture=family.id,
        variants=variants(
            loss,
            lambda bits: partial(first_memory, known, bits),
            (lambda bits: partial(_guessed, known, bits)) if known.makes_tokens else None,
        ),
        trained=traits.context(family, member),
        lengthy=known.makes_tokens,
        notes=(
            f"from the size of the model alone; its files tell exactly: {_by_its_files(member)}",
            source(loss),
        ),
    )


def _guessed(known: Shape, bits: float, setting: Setting) -> Work:
    """The work of a model of which only the size is known."""
    state = known.state_per_token
    narrower = (BITS_OF_STATE[setting.keys] + BITS_OF_STATE[setting.values]) / 32
    kept = None if state is None else state * narrower
    return of_size(known.parameters or 0, known.active, bits, kept)


def _by_its_files(member: Member) -> str:
    return f"freehold plan hf:{member.hub}" if member.hub else "freehold plan FILE"


def costs(base: KnowledgeBase, engine: str = "llama.cpp") -> PrecisionList:
    """What the precisions of an engine cost."""
    for each in base.precisions():
        if each.engine == engine:
            return each
    raise NotFound("list of precisions", engine, (each.engine for each in base.precisions()))


def stored(tensors: tuple[Tensor, ...]) -> str | None:
    """The number type that holds most of the weights, as the format names it."""
    sizes: dict[str, int] = {}
    for tensor in tensors:
        sizes[tensor.dtype] = sizes.get(tensor.dtype, 0) + tensor.size
    return max(sizes, key=lambda name: sizes[name]) if sizes else None


def size_words(parameters: int, active: int | None) -> str:
    """How large a model is, in words."""
    return f"{spoken(parameters)} parameters" + (f", {spoken(active)} active" if active else "")
