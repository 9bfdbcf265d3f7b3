"""A family or member as a policy looks at it."""

from freehold.judge.answers import Facts
from freehold.judge.criteria import Release
from freehold.judge.openness import mof
from freehold.judge.policy import Subject
from freehold.judge.terms import Terms
from freehold.knowledge import traits
from freehold.knowledge.types import Family, Member


def subject(
    facts: Facts, family: Family, member: Member | None, terms: Terms, level: str
) -> Subject:
    """What is known from facts alone; who has the files adds what they show (`replace`)."""
    return Subject(
        ids=(member.id, family.id) if member else (family.id,),
        terms=terms,
        kinds=traits.modalities(family, member),
        level=level,
        mof_class=lambda: mof(Release(facts, family, member, terms)).mof_class,
        makers=makers(family),
        tasks=traits.tasks(family, member) if member else family.tasks,
    )


def makers(family: Family) -> tuple[str, ...]:
    """The names under which a policy may list who publishes a family, and its country."""
    return (family.maker, family.maker.partition(" (")[0], family.country)
