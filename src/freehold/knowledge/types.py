"""The facts of the knowledge base as frozen dataclasses: one class per kind of TOML table.

Field names are the TOML keys with `_` for `-`. Sizes are bytes, rates are bytes or
operations per second, money is US dollars, dates are ISO dates.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Annotated

from freehold.knowledge.words import COUNTRY, DIGEST, HTTPS, HUB_REPOSITORY, IDENTIFIER, In, Ref

Identifier = Annotated[str, IDENTIFIER]
Url = Annotated[str, HTTPS]
HubRepository = Annotated[str, HUB_REPOSITORY]
LicenseId = Annotated[str, Ref("licenses")]
Task = Annotated[str, In("tasks")]
Modality = Annotated[str, In("modalities")]
Language = Annotated[str, In("languages")]
Ability = Annotated[str, In("abilities")]
Country = Annotated[str, COUNTRY]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Who said a fact, how near to the thing itself they are, and when it was looked at."""

    by: str
    rank: Annotated[str, In("source-ranks")]
    checked: date
    title: str | None = None
    url: Url | None = None
    dated: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One part of a release (weights, training code, data, ...) and under which license."""

    kind: Annotated[str, In("components")]
    state: Annotated[str, In("states")]
    source: str
    license: LicenseId | None = None
    url: Url | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One size or tuning of a family; what is not given here is the family's."""

    id: Identifier
    hub: HubRepository | None = None
    parameters: int | None = None
    active: int | None = None
    context: int | None = None
    dimensions: int | None = None
    kv_bytes_per_token: int | None = None
    tuning: Annotated[str, In("tunings")] | None = None
    released: date | None = None
    license: LicenseId | None = None
    gated: bool | None = None
    tasks: tuple[Task, ...] | None = None
    inputs: tuple[Modality, ...] | None = None
    outputs: tuple[Modality, ...] | None = None
    languages: tuple[Language, ...] | None = None
    abilities: tuple[Ability, ...] | None = None
    source: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One step of lineage: what a family, or some of its members, was made from and how."""

    base: str
    relation: Annotated[str, In("relations")]
    source: str
    license: LicenseId | None = None
    members: tuple[Identifier, ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a source says of a family, kept as said, with its meaning in our words."""

    about: Annotated[str, In("subjects")]
    says: str
    source: str
    license: LicenseId | None = None
    claim: Annotated[str, In("claims")] | None = None
    sizes: tuple[int, ...] = ()
    value: str | None = None
    members: tuple[Identifier, ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One release: the unit of license and openness."""

    id: str
    schema: int
    name: str
    maker: str
    country: Country
    kind: Annotated[str, In("kinds")]
    summary: str
    source: str
    sources: dict[str, Source]
    released: date | None = None
    homepage: Url | None = None
    aliases: tuple[str, ...] = ()
    tasks: tuple[Task, ...] = ()
    inputs: tuple[Modality, ...] = ()
    outputs: tuple[Modality, ...] = ()
    languages: tuple[Language, ...] = ()
    abilities: tuple[Ability, ...] = ()
    context: int | None = None
    gated: bool = False
    successor: str | None = None
    members: tuple[Member, ...] = ()
    components: tuple[Component, ...] = ()
    lineage: tuple[Link, ...] = ()
    statements: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A number in a license beyond which something changes."""

    metric: Annotated[str, In("threshold-metrics")]
    value: int
    inclusive: bool = False
    period: Annotated[str, In("periods")]
    measured: Annotated[str, In("measured")]
    effect: Annotated[str, In("threshold-effects")]
    clause: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A naming, display or notice duty with the exact text it requires."""

    kind: Annotated[str, In("duties")]
    when: Annotated[str, In("occasions")]
    clause: str
    string: str | None = None
    where: str | None = None
    above: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """What a license says of the things a model produces."""

    ownership: Annotated[str, In("output-ownership")] = "unstated"
    training: Annotated[str, In("output-training")] = "unstated"
    naming: str | None = None
    derivative: bool = False
    clause: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsePolicy:
    """A list of forbidden uses that belongs to the license."""

    where: Annotated[str, In("policy-places")]
    url: Url | None = None
    moving: bool = False
    pass_on: bool = False
    clause: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Territory:
    """Where a license grants nothing, and for which kinds of model."""

    excluded: tuple[Country, ...]
    modalities: tuple[Modality, ...] = ()
    clause: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSeen:
    """The license text that was read to type these terms."""

    read: bool
    checked: date
    url: Url | None = None
    sha256: Annotated[str, DIGEST] | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class License:
    """The terms of one license version, in closed words."""

    id: str
    schema: int
    name: str
    short: str
    publisher: str
    kind: Annotated[str, In("license-kinds")]
    covers: tuple[Annotated[str, In("contents")], ...]
    text: TextSeen
    released: date | None = None
    aliases: tuple[str, ...] = ()
    osi: bool = False
    fsf: bool = False
    open_content: bool = False
    permissions: tuple[Annotated[str, In("permissions")], ...] = ()
    conditions: tuple[Annotated[str, In("conditions")], ...] = ()
    limits: tuple[Annotated[str, In("limits")], ...] = ()
    clauses: dict[str, str] = field(default_factory=dict)
    thresholds: tuple[Threshold, ...] = ()
    duties: tuple[Duty, ...] = ()
    outputs: Outputs = Outputs()
    use_policy: UsePolicy | None = None
    territory: Territory | None = None
    revocability: Annotated[str, In("revocability")] = "unstated"
    patents: Annotated[str, In("patent-terms")] = "unstated"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One line of a definition of openness: which components, under which terms."""

    id: Identifier
    name: str
    says: str
    components: tuple[Annotated[str, In("components")], ...]
    group: str | None = None
    mof_class: str | None = None
    content: Annotated[str, In("contents")] | None = None
    required: bool = True
    terms: Annotated[str, In("criterion-terms")] = "any"
    alternatives: tuple[Annotated[str, In("components")], ...] = ()
    if_listed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A published definition of openness, as criteria."""

    id: str
    schema: int
    name: str
    publisher: str
    version: str
    says: str
    method: Annotated[str, In("methods")]
    url: Url
    checked: date
    criteria: tuple[Criterion, ...] = ()
    levels: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """A closed list: each word with one plain sentence."""

    id: str
    schema: int
    says: str
    words: dict[str, str]
    aliases: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """A processor that runs models; memory in bytes, bandwidth in bytes per second."""

    id: Identifier
    name: str
    kind: Annotated[str, In("processors")]
    bandwidth: int
    source: str
    memory: int | None = None
    memory_options: tuple[int, ...] = ()
    unified: bool = False
    released: int | None = None
    flops_16bit: int | None = None
    ops_8bit: int | None = None
    watts: int | None = None
    match: tuple[str, ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceleratorList:
    """The processors of one maker."""

    id: str
    schema: int
    maker: str
    sources: dict[str, Source]
    accelerators: tuple[Accelerator, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one unit of a served model costs, in US dollars."""

    model: str
    api_name: str
    unit: Annotated[str, In("price-units")]
    source: str
    input: float | None = None
    cached_input: float | None = None
    output: float | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """The prices of one provider."""

    id: str
    schema: int
    provider: str
    sources: dict[str, Source]
    prices: tuple[Price, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One public leaderboard: results per Hub repository or member id."""

    id: str
    schema: int
    name: str
    publisher: str
    tasks: tuple[Task, ...]
    metric: str
    unit: str
    better: Annotated[str, In("better")]
    url: Url
    license: LicenseId
    dated: date
    checked: date
    says: str
    languages: tuple[Language, ...] = ()
    abilities: tuple[Ability, ...] = ()
    results: dict[str, float] = field(default_factory=dict)
