"""A policy as frozen records: one TOML file of rules, waivers and examples.

Field names are the TOML keys with `_` for `-`. An empty list is no rule.
"""

from datetime import date
from typing import Annotated, Literal

from msgspec import Struct

from freehold.knowledge.types import Fact
from freehold.knowledge.words import In

Rule = Annotated[str, In("policy-rules")]
Where = Literal["organization", "project", "user"]


class Names(Fact, frozen=True, kw_only=True):
    """Names that are allowed, where any are given, and names that are denied."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


class Tasks(Fact, frozen=True, kw_only=True):
    """The same for tasks."""

    allow: tuple[Annotated[str, In("tasks")], ...] = ()
    deny: tuple[Annotated[str, In("tasks")], ...] = ()


class Formats(Fact, frozen=True, kw_only=True):
    """The same for formats of files."""

    allow: tuple[Annotated[str, In("formats")], ...] = ()
    deny: tuple[Annotated[str, In("formats")], ...] = ()


class Use(Fact, frozen=True, kw_only=True):
    """What the owner does with models, and the situation that licenses ask for."""

    permissions: tuple[Annotated[str, In("uses")], ...] = ()
    users: int | None = None
    revenue: int | None = None
    territory: str | None = None


class Openness(Fact, frozen=True, kw_only=True):
    """How open a model must be: one of three levels, a class I, II or III."""

    least: str | None = None
    mof_class: str | None = None


class Files(Fact, frozen=True, kw_only=True):
    """What must hold for the files: signed, and nothing of their own to execute."""

    signature: bool = False
    remote_code: bool = True


class Memory(Fact, frozen=True, kw_only=True):
    """The part of the memory for models that one may take, above 0 and up to 1."""

    share: float | None = None


class Waiver(Fact, frozen=True, kw_only=True):
    """A rule set aside for one model or family, by whom, why, and through which day."""

    rule: Rule
    model: str
    reason: str
    person: str
    until: date


class Example(Fact, frozen=True, kw_only=True):
    """A model and what the policy should say of it, for `freehold policy test`."""

    model: str
    expect: str
    rule: Rule | None = None


class Policy(Fact, frozen=True, kw_only=True):
    """One file of rules; `mode` says what an objection does."""

    schema: int
    mode: Annotated[str, In("policy-modes")]
    licenses: Names = Names()
    use: Use = Use()
    openness: Openness = Openness()
    publishers: Names = Names()
    tasks: Tasks = Tasks()
    sources: Names = Names()
    formats: Formats = Formats()
    files: Files = Files()
    memory: Memory = Memory()
    waivers: tuple[Waiver, ...] = ()
    examples: tuple[Example, ...] = ()


class Placed(Struct, frozen=True):
    """A policy, whose it is, its file, and the SHA-256 of that file."""

    where: Where
    path: str
    digest: str
    policy: Policy
