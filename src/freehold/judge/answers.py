"""The shapes of a verdict, and how several answers become one."""

from collections.abc import Iterable
from typing import Literal, Protocol

from msgspec import Struct

from freehold.knowledge.types import Definition, Family, License, Member

Answer = Literal["yes", "conditional", "unknown", "no"]

_STRICTNESS: dict[Answer, int] = {"yes": 0, "conditional": 1, "unknown": 2, "no": 3}


class Facts(Protocol):
    """What a judge looks up: licenses, families and definitions by id."""

    def license(self, id: str) -> License | None:
        """The license with this id."""
        ...

    def find(self, id: str) -> tuple[Family, Member | None] | None:
        """The family, or the member and its family, with this id or Hub repository."""
        ...

    def definition(self, id: str) -> Definition:
        """The definition with this id."""
        ...


class Permit(Struct, frozen=True):
    """Whether one use is allowed, and why."""

    use: str
    verdict: Answer
    because: str


class Obligation(Struct, frozen=True):
    """One thing to do: a sentence, the occasion, the exact text if one is required."""

    do: str
    when: str
    license: str
    text: str | None = None
    clause: str | None = None


class Finding(Struct, frozen=True):
    """One criterion of a definition: the answer and the evidence it rests on."""

    id: str
    name: str
    answer: Literal["yes", "partial", "no", "unknown"]
    because: str
    source: str | None = None


def strictest(permits: Iterable[Permit]) -> Permit:
    """The permit that allows least; reasons of equals are joined, each once."""
    rows = list(permits)
    worst = max(rows, key=lambda permit: _STRICTNESS[permit.verdict])
    reasons = [p.because for p in rows if p.verdict == worst.verdict]
    return Permit(worst.use, worst.verdict, "; ".join(dict.fromkeys(reasons)))


def stricter(one: Answer, other: Answer) -> Answer:
    """The answer that allows less."""
    return max(one, other, key=_STRICTNESS.__getitem__)
