"""The facts of the knowledge base as frozen records: one class per kind of TOML table.

Field names are the TOML keys with `_` for `-`. Sizes are bytes, rates are bytes or
operations per second, money is US dollars, dates are ISO dates.
"""

from datetime import date
from typing import Annotated

from msgspec import Struct

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


class Fact(Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """One TOML table: its keys are the field names with `-` for `_`, and no others."""


class Source(Fact, frozen=True, kw_only=True):
    """Who said a fact, how near to the thing itself they are, and when it was looked at."""

    by: str
    rank: Annotated[str, In("source-ranks")]
    checked: date
    title: str | None = None
    url: Url | None = None
    dated: date | None = None


class Component(Fact, frozen=True, kw_only=True):
    """One part of a release (weights, training code, data, ...) and under which license."""

    kind: Annotated[str, In("components")]
    state: Annotated[str, In("states")]
    source: str
    license: LicenseId | None = None
    url: Url | None = None
    note: str | None = None


class Member(Fact, frozen=True, kw_only=True):
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
    digests: tuple[Annotated[str, DIGEST], ...] = ()
    source: str | None = None
    note: str | None = None


class Link(Fact, frozen=True, kw_only=True):
    """One step of lineage: what a family, or some of its members, was made from and how."""

    base: str
    relation: Annotated[str, In("relations")]
    source: str
    maker: str | None = None
    license: LicenseId | None = None
    members: tuple[Identifier, ...] = ()
    note: str | None = None


class Statement(Fact, frozen=True, kw_only=True):
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


class Family(Fact, frozen=True, kw_only=True):
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


class Threshold(Fact, frozen=True, kw_only=True):
    """A number in a license beyond which something changes."""

    metric: Annotated[str, In("threshold-metrics")]
    value: int
    inclusive: bool = False
    period: Annotated[str, In("periods")]
    measured: Annotated[str, In("measured")]
    effect: Annotated[str, In("threshold-effects")]
    clause: str
    note: str | None = None


class Duty(Fact, frozen=True, kw_only=True):
    """A naming, display or notice duty with the exact text it requires."""

    kind: Annotated[str, In("duties")]
    when: Annotated[str, In("occasions")]
    clause: str
    string: str | None = None
    where: str | None = None
    above: str | None = None


class Outputs(Fact, frozen=True, kw_only=True):
    """What a license says of the things a model produces."""

    ownership: Annotated[str, In("output-ownership")] = "unstated"
    training: Annotated[str, In("output-training")] = "unstated"
    naming: str | None = None
    derivative: bool = False
    clause: str | None = None


class UsePolicy(Fact, frozen=True, kw_only=True):
    """A list of forbidden uses that belongs to the license."""

    where: Annotated[str, In("policy-places")]
    url: Url | None = None
    moving: bool = False
    pass_on: bool = False
    clause: str | None = None


class Territory(Fact, frozen=True, kw_only=True):
    """Where a license grants nothing, and for which kinds of model."""

    excluded: tuple[Country, ...]
    modalities: tuple[Modality, ...] = ()
    clause: str | None = None
    note: str | None = None


class TextSeen(Fact, frozen=True, kw_only=True):
    """The license text that was read to type these terms."""

    read: bool
    checked: date
    url: Url | None = None
    sha256: Annotated[str, DIGEST] | None = None
    note: str | None = None


class License(Fact, frozen=True, kw_only=True):
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
    clauses: dict[str, str] = {}
    thresholds: tuple[Threshold, ...] = ()
    duties: tuple[Duty, ...] = ()
    outputs: Outputs = Outputs()
    use_policy: UsePolicy | None = None
    territory: Territory | None = None
    revocability: Annotated[str, In("revocability")] = "unstated"
    patents: Annotated[str, In("patent-terms")] = "unstated"
    notes: tuple[str, ...] = ()


class Criterion(Fact, frozen=True, kw_only=True):
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


class Definition(Fact, frozen=True, kw_only=True):
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
    levels: dict[str, str] = {}
    notes: tuple[str, ...] = ()


class Vocabulary(Fact, frozen=True, kw_only=True):
    """A closed list: each word with one plain sentence."""

    id: str
    schema: int
    says: str
    words: dict[str, str]
    aliases: dict[str, str] = {}


class Accelerator(Fact, frozen=True, kw_only=True):
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


class AcceleratorList(Fact, frozen=True, kw_only=True):
    """The processors of one maker."""

    id: str
    schema: int
    maker: str
    sources: dict[str, Source]
    accelerators: tuple[Accelerator, ...]


class Price(Fact, frozen=True, kw_only=True):
    """What one unit of a served model costs, in US dollars.

    `batch_*` is for answers that may wait, `long_*` for requests that read more than `long_from`
    tokens. A rented graphics card is named in `model`, with the unit gpu-hour.
    """

    model: str
    api_name: str
    unit: Annotated[str, In("price-units")]
    source: str
    input: float | None = None
    cached_input: float | None = None
    output: float | None = None
    batch_input: float | None = None
    batch_output: float | None = None
    long_from: int | None = None
    long_input: float | None = None
    long_cached_input: float | None = None
    long_output: float | None = None
    note: str | None = None


class PriceList(Fact, frozen=True, kw_only=True):
    """The prices of one provider."""

    id: str
    schema: int
    provider: str
    sources: dict[str, Source]
    prices: tuple[Price, ...]


class Precision(Fact, frozen=True, kw_only=True):
    """One way to store weights: bits per weight, and how far it moves what the model says.

    `divergence` is the mean Kullback-Leibler divergence (nats) of the next-token distribution
    from that of the 16-bit model; `perplexity` is that of the text.
    """

    id: str
    bits: float
    divergence: float
    perplexity: float
    source: str
    note: str | None = None


class PrecisionList(Fact, frozen=True, kw_only=True):
    """What the precisions of one engine cost, as measured on one model and one text."""

    id: str
    schema: int
    engine: str
    says: str
    model: str
    text: str
    unquantized_perplexity: float
    sources: dict[str, Source]
    precisions: tuple[Precision, ...]


class Board(Fact, frozen=True, kw_only=True):
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
    results: dict[str, float] = {}
