"""What a plan is made for: one model on one engine, and the memory it takes in each setting."""

from functools import partial

from msgspec import Struct

from freehold.core.errors import NotFound, UsageError
from freehold.judge.choosing import shape
from freehold.judge.fitting.first import memory as first_memory
from freehold.judge.planning import Memory, Variant
from freehold.judge.precisions import source, variants
from freehold.judge.statements import spoken
from freehold.knowledge import traits
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.types import Family, Member, PrecisionList


class Artifact(Struct, frozen=True, kw_only=True):
    """A model as one engine would run it.

    `variants` are the precisions to choose from, widest first; `memory` is that of the files as
    they are, None where a precision must be chosen. `trained` is the longest context.
    """

    name: str
    says: str
    engine: str
    architecture: str
    variants: tuple[Variant, ...] = ()
    memory: Memory | None = None
    precision: str | None = None
    trained: int | None = None
    notes: tuple[str, ...] = ()


def from_facts(base: KnowledgeBase, family: Family, member: Member) -> Artifact:
    """A member of the knowledge base, by its size alone: nothing is downloaded."""
    known = shape(family, member)
    if known.parameters is None:
        raise UsageError(
            f"how many parameters {member.id} has is not known, so it cannot be planned",
            hint=_by_its_files(member, "a file of it"),
        )
    loss = costs(base)
    size = f"{spoken(known.parameters)} parameters"
    active = f", {spoken(known.active)} active" if known.active else ""
    return Artifact(
        name=member.id,
        says=f"{family.name}, {size}{active}",
        engine="llama.cpp" if known.makes_tokens else "transformers",
        architecture=family.id,
        variants=variants(loss, lambda bits: partial(first_memory, known, bits)),
        trained=traits.context(family, member),
        notes=(
            "from the size of the model alone; its files tell exactly: "
            + _by_its_files(member, "freehold plan FILE"),
            source(loss),
        ),
    )


def _by_its_files(member: Member, otherwise: str) -> str:
    return f"freehold plan hf:{member.hub}" if member.hub else otherwise


def costs(base: KnowledgeBase, engine: str = "llama.cpp") -> PrecisionList:
    """What the precisions of an engine cost."""
    for each in base.precisions():
        if each.engine == engine:
            return each
    raise NotFound("list of precisions", engine, (each.engine for each in base.precisions()))
