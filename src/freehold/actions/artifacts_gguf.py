"""GGUF files on llama.cpp, tensor by tensor: in main memory, on a card, or divided between both."""

from functools import cache, partial

from msgspec.structs import replace

from freehold.actions.artifacts import Artifact, Target, costs, size_words, stored
from freehold.actions.headers import Headers
from freehold.core.errors import UsageError
from freehold.core.tensors import Tensor
from freehold.judge.anatomy.from_gguf import anatomy
from freehold.judge.anatomy.shapes import Anatomy
from freehold.judge.fitting.llamacpp import memory
from freehold.judge.fitting.llamacpp_offload import layers_that_fit, split
from freehold.judge.fitting.parts import Parts, Setting
from freehold.judge.planning import Effort, Memory, Variant, Way
from freehold.judge.precisions import source, variants
from freehold.judge.speed.work import Work, of_file
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.types import PrecisionList

ENGINE = "llama.cpp"
ALL = 10**6
"""More layers than any model has."""
NARROWER = 0.97
"""A precision is offered as smaller when it has at most this share of the bits."""


def from_gguf(base: KnowledgeBase, headers: Headers, target: Target) -> Artifact:
    """A GGUF file on llama.cpp; UsageError for an engine that does not read it."""
    if target.engine not in (None, ENGINE):
        raise UsageError(
            f"{target.engine} does not run GGUF files", hint="leave --engine out, or say llama.cpp"
        )
    built, tensors = anatomy(headers.metadata, headers.tensors), headers.tensors
    count = sum(tensor.count for tensor in tensors)
    bits = 8 * sum(tensor.size for tensor in tensors) / max(count, 1)
    loss = costs(base)
    sight = headers.parts.get("mmproj")
    takes = cache(partial(_on_card if target.on_card else _in_memory, built, tensors))
    work = cache(partial(_work, built, tensors)) if built.kind == "decoder" else None
    smaller = _smaller(loss, takes, work, count, bits)
    return Artifact(
        name=str(headers.metadata.get("general.name") or headers.name),
        says=f"{built.architecture}, {size_words(count, None)}, {bits:.1f} bits each",
        engine=ENGINE,
        architecture=built.architecture,
        variants=tuple(replace(v, memory=_seeing(v.memory, sight)) for v in smaller),
        memory=_seeing(takes, sight),
        work=work,
        precision=stored(tensors),
        trained=built.context,
        partly=partial(_partly, built, tensors, sight) if target.on_card else None,
        notes=(*headers.notes, *built.notes, *((source(loss),) if smaller else ())),
    )


def _in_memory(built: Anatomy, tensors: tuple[Tensor, ...], setting: Setting) -> Parts:
    return memory(built, tensors, setting)


def _on_card(built: Anatomy, tensors: tuple[Tensor, ...], setting: Setting) -> Parts:
    """All layers on the card; the table of words stays in main memory."""
    return split(built, tensors, setting, ALL).device


def _seeing(takes: Memory, sight: Headers | None) -> Memory:
    """With the weights of the projector that makes it see or hear; its buffers are not known."""
    if sight is None:
        return takes
    size = sight.size
    note = f"with the weights of {sight.name}; what it computes on a picture comes on top"

    def both(setting: Setting) -> Parts:
        parts = takes(setting)
        return replace(parts, weights=parts.weights + size, notes=(*parts.notes, note))

    return both


def _partly(
    built: Anatomy, tensors: tuple[Tensor, ...], sight: Headers | None, setting: Setting, room: int
) -> Way | None:
    """As many layers on the card as find room there beside the projector, the rest elsewhere."""
    beside = sight.size if sight else 0
    layers = layers_that_fit(built, tensors, setting, room - beside)
    if not layers:
        return None
    both = split(built, tensors, setting, layers)
    change = f"{layers} of {len(built.layers) + 1} layers on the card"
    costs = f"slower; the rest takes {both.host.total / 2**30:.1f} GiB of main memory"
    return Way("machine", change, both.device.total + beside, costs)


def _work(built: Anatomy, tensors: tuple[Tensor, ...], setting: Setting) -> Work:
    return of_file(built, tensors, setting.keys, setting.values)


def _smaller(
    loss: PrecisionList, takes: Memory, work: Effort | None, count: int, bits: float
) -> tuple[Variant, ...]:
    """The narrower precisions that somebody may offer, with the weights counted anew."""

    def at(narrower: float) -> Memory:
        return lambda setting: _reweighed(takes(setting), int(count * narrower / 8))

    def done(narrower: float) -> Effort | None:
        return work and (lambda setting: _lighter(work(setting), narrower / bits))

    found = variants(loss, at)
    return tuple(replace(v, work=done(v.bits)) for v in found if v.bits < NARROWER * bits)


def _lighter(work: Work, share: float) -> Work:
    """The same with narrower weights, multiplied as quantized ones are."""
    weights, routed = work.weights * share, work.routed * share
    return replace(work, weights=weights, routed=routed, grade="8-bit")


def _reweighed(parts: Parts, weights: int) -> Parts:
    loading = parts.loading * weights // max(parts.weights, 1)
    return replace(parts, weights=weights, loading=loading)
