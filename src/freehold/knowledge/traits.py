"""What a member is and does: its own facts, and its family's where it has none."""

from datetime import date

from freehold.knowledge.types import Family, Member


def tasks(family: Family, member: Member) -> tuple[str, ...]:
    """What the member is run for."""
    return family.tasks if member.tasks is None else member.tasks


def abilities(family: Family, member: Member) -> tuple[str, ...]:
    """What the member can do beyond its task."""
    return family.abilities if member.abilities is None else member.abilities


def inputs(family: Family, member: Member) -> tuple[str, ...]:
    """What the member takes in."""
    return family.inputs if member.inputs is None else member.inputs


def outputs(family: Family, member: Member) -> tuple[str, ...]:
    """What the member gives out."""
    return family.outputs if member.outputs is None else member.outputs


def modalities(family: Family, member: Member | None) -> tuple[str, ...]:
    """What goes in and out, sorted; for a whole family what any of its members takes or gives."""
    kinds = {*family.inputs, *family.outputs} if member is None else set()
    for one in (member,) if member else family.members:
        kinds |= {*inputs(family, one), *outputs(family, one)}
    return tuple(sorted(kinds))


def languages(family: Family, member: Member) -> tuple[str, ...]:
    """The languages the member is said to handle."""
    return family.languages if member.languages is None else member.languages


def gated(family: Family, member: Member | None) -> bool:
    """Whether the files open only after one is let in; for a family, for any of its members."""
    if member is not None:
        return family.gated if member.gated is None else member.gated
    return any(gated(family, one) for one in family.members) if family.members else family.gated


def context(family: Family, member: Member) -> int | None:
    """How many tokens the member takes in at once."""
    return family.context if member.context is None else member.context


def released(family: Family, member: Member) -> date | None:
    """The day the member came out."""
    return family.released if member.released is None else member.released
