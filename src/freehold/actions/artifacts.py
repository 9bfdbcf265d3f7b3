"""What a plan is made for: one model on one engine, and the memory it takes in each setting."""

from functools import partial

from msgspec import Struct

from freehold.actions.headers import Headers
from freehold.core.errors import NotFound, UsageError
from freehold.core.tensors import Tensor
from freehold.judge.anatomy.from_gguf import anatomy as of_gguf
from freehold.judge.anatomy.shapes import Anatomy
from freehold.judge.fitting.first import Shape, shape
from freehold.judge.fitting.first import memory as first_memory
from freehold.judge.fitting.llamacpp import memory as llamacpp_memory
from freehold.judge.fitting.parts import BITS_OF_STATE, Parts, Setting
from freehold.judge.planning import Effort, Memory, Variant
from freehold.judge.precisions import source, variants
from freehold.judge.speed.work import Work, of_file, of_size
from freehold.judge.statements import spoken
from freehold.knowledge import traits
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.types import Family, Member, PrecisionList


class Artifact(Struct, frozen=True, kw_only=True):
    """A model as one engine would run it.

    `memory` and `work` are those of the files as they are; None where a precision must be chosen.
    `variants` are the precisions it can be had in, widest first. `trained` is the longest context.
    """

    name: str
    says: str
    engine: str
    architecture: str
    variants: tuple[Variant, ...] = ()
    memory: Memory | None = None
    work: Effort | None = None
    precision: str | None = None
    trained: int | None = None
    notes: tuple[str, ...] = ()


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
        says=f"{family.name}, {_size(known.parameters, known.active)}",
        engine="llama.cpp" if known.makes_tokens else "transformers",
        architecture=family.id,
        variants=variants(
            loss,
            lambda bits: partial(first_memory, known, bits),
            (lambda bits: partial(_guessed, known, bits)) if known.makes_tokens else None,
        ),
        trained=traits.context(family, member),
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


def from_gguf(base: KnowledgeBase, headers: Headers) -> Artifact:
    """A GGUF file on llama.cpp, tensor by tensor."""
    built = of_gguf(headers.metadata, headers.tensors)
    count = sum(tensor.count for tensor in headers.tensors)
    bits = 8 * sum(tensor.size for tensor in headers.tensors) / max(count, 1)
    loss = costs(base)
    memory = partial(_on_llamacpp, built, headers.tensors)
    return Artifact(
        name=str(headers.metadata.get("general.name") or headers.name),
        says=f"{built.architecture}, {_size(count, None)}, {bits:.1f} bits each",
        engine="llama.cpp",
        architecture=built.architecture,
        variants=_smaller(loss, memory, count, bits),
        memory=memory,
        work=partial(_of_tensors, built, headers.tensors),
        precision=stored(headers.tensors),
        trained=built.context,
        notes=(*headers.notes, *built.notes),
    )


def _on_llamacpp(built: Anatomy, tensors: tuple[Tensor, ...], setting: Setting) -> Parts:
    return llamacpp_memory(built, tensors, setting)


def _of_tensors(built: Anatomy, tensors: tuple[Tensor, ...], setting: Setting) -> Work:
    return of_file(built, tensors, setting.keys, setting.values)


def _smaller(loss: PrecisionList, memory: Memory, count: int, bits: float) -> tuple[Variant, ...]:
    """The narrower precisions that somebody may offer, with the weights counted anew."""

    def at(narrower: float) -> Memory:
        return lambda setting: _reweighed(memory(setting), int(count * narrower / 8))

    return tuple(v for v in variants(loss, at) if v.bits < 0.97 * bits)


def _reweighed(parts: Parts, weights: int) -> Parts:
    from msgspec.structs import replace

    loading = parts.loading * weights // max(parts.weights, 1)
    return replace(parts, weights=weights, loading=loading)


def stored(tensors: tuple[Tensor, ...]) -> str | None:
    """The number type that holds most of the weights, as the format names it."""
    sizes: dict[str, int] = {}
    for tensor in tensors:
        sizes[tensor.dtype] = sizes.get(tensor.dtype, 0) + tensor.size
    return max(sizes, key=lambda name: sizes[name]) if sizes else None


def costs(base: KnowledgeBase, engine: str = "llama.cpp") -> PrecisionList:
    """What the precisions of an engine cost."""
    for each in base.precisions():
        if each.engine == engine:
            return each
    raise NotFound("list of precisions", engine, (each.engine for each in base.precisions()))


def _size(parameters: int, active: int | None) -> str:
    """How large it is, in words."""
    return f"{spoken(parameters)} parameters" + (f", {spoken(active)} active" if active else "")
