"""`check PATH`: judges a model by the files themselves: texts before tags, tags before prose."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from freehold.actions.check import Report, report_on, with_policy
from freehold.actions.folder_findings import Finding, findings
from freehold.actions.folder_policy import judged_from_files
from freehold.actions.folder_reading import (
    WEIGHTS,
    Evidence,
    File,
    LicenseFile,
    Seen,
    read_folder,
)
from freehold.formats.adapter import Adapter
from freehold.formats.config import Config
from freehold.formats.gguf import Gguf
from freehold.formats.merge import Merge
from freehold.formats.model_card import ModelCard
from freehold.formats.safetensors import Safetensors
from freehold.formats.tflite import Tflite
from freehold.judge.claims import OPEN
from freehold.judge.licensing import UNRECOGNIZED, Situation
from freehold.knowledge.base import KnowledgeBase, open_base
from freehold.knowledge.license_names import name_to_id
from freehold.knowledge.types import (
    Component,
    Definition,
    Family,
    License,
    Link,
    Member,
    Source,
    Statement,
    TextSeen,
)

_RESTRICTED = re.compile(r"\bnc\b|non-?commercial|research|academic", re.IGNORECASE)
RELATIONS = {"finetune", "adapter", "merge", "quantized"}
LIMITS = {
    "non-commercial": "non-commercial",
    "research-only": "research-only",
    "no-production": "no-production",
    "field-of-use": "field-of-use",
    "no-hosting": "no-hosting",
    "no-redistribution": "no-distribution",
    "no-derivatives": "no-derivatives",
    "no-competing": "no-competing",
    "output-training": "no-training",
    "use-policy": "use-restrictions",
    "remote-restriction": "remote-restriction",
}
"""Kinds of clauses -> limits; what is not here does not take a right away by itself."""


class FolderReport(Struct, frozen=True):
    """The verdicts on a folder, what they rest on, and what does not fit together."""

    report: Report
    findings: tuple[Finding, ...]
    evidence: tuple[Evidence, ...]
    seen: Seen

    @property
    def files(self) -> tuple[Any, ...]:
        """Every file that was looked at."""
        return tuple(self.seen.files)

    def form(self) -> dict[str, Any]:
        """The JSON form: that of `check` with files, evidence and findings."""
        return {
            **self.report.form(),
            "files": to_builtins(self.seen.files),
            "evidence": to_builtins(self.evidence),
            "findings": to_builtins(self.findings),
        }


class FolderFacts:
    """The knowledge base, and the licenses that stand in the folder and nowhere else."""

    def __init__(self, base: KnowledgeBase, own: dict[str, License]) -> None:
        self.base, self.own = base, own

    def license(self, id: str) -> License | None:
        """The license with this id."""
        return self.own.get(id) or self.base.license(id)

    def find(self, id: str) -> tuple[Family, Member | None] | None:
        """The family or member with this id."""
        return self.base.find(id)

    def definition(self, id: str) -> Definition:
        """The definition with this id."""
        return self.base.definition(id)


def check_folder(
    path: Path,
    *,
    base: KnowledgeBase | None = None,
    users: int | None = None,
    revenue: int | None = None,
    territory: str | None = None,
    elsewhere: Sequence[File] = (),
    known: Mapping[str, Any] = {},
) -> FolderReport:
    """Judge a folder or file by what is in it. Raises BrokenInput when there is nothing there.

    `elsewhere` are files that belong to it but were not brought here; `known` are more fields of a
    policy's `Subject`, such as its source.
    """
    base = base or open_base()
    seen = read_folder(path, base)
    here = {file.path for file in seen.files}
    seen.files.extend(file for file in elsewhere if file.path not in here)
    evidence = list(_evidence(seen, base))
    own = {made.id: made for file in _texts(seen) if (made := _own_license(file, base))}
    for made in list(_beside(seen, evidence, base)):
        own[made.id] = made
        evidence.append(Evidence("beside", made.name, "forbids a use", made.id))
    family = _family(seen, evidence, base)
    who = Situation(users=users, revenue=revenue, territory=territory)
    facts = FolderFacts(base, own)
    report = report_on(facts, base, family, None, who)
    report = with_policy(report, facts, base, **judged_from_files(seen), **known)
    rows = tuple(evidence)
    return FolderReport(report, tuple(findings(seen, rows, report, base)), rows, seen)


def _texts(seen: Seen) -> list[LicenseFile]:
    """The license texts that bind: at the top, beside weights, or in a folder of licenses."""
    beside = {_parent(f.path) for f in seen.files if f.kind == "weights"}
    beside |= {"", "licenses", "licences"}
    return [
        file
        for file in seen.licenses
        if file.kind == "license"
        and (_parent(file.path) in beside or _parent(file.path).casefold() in beside)
    ]


def _beside(seen: Seen, evidence: list[Evidence], base: KnowledgeBase) -> Iterator[License]:
    """Policies, notices and cards that forbid something which no license here forbids yet."""
    known = [license.limits for e in evidence if e.id and (license := base.license(e.id))]
    limits = {limit for row in known for limit in row}
    for file in seen.licenses:
        if file.kind != "license" and file.found.relation != "exact" and not _parent(file.path):
            told = {LIMITS[clause.kind] for clause in file.found.terms if clause.kind in LIMITS}
            if told - limits:
                yield _limited(_own_id(file), file.path, sorted(told - limits))
    card: ModelCard | None = seen.first(ModelCard)
    told = {str(claim.claim) for claim in card.claims} if card else set()
    told &= {"non-commercial", "research-only"} - limits
    if told and not limits & {"non-commercial", "research-only"}:
        yield _limited("LicenseRef-words-of-the-card", "the model card", sorted(told))


def _limited(id: str, where: str, limits: list[str]) -> License:
    """A license of which nothing is believed but what it takes away."""
    return License(
        id=id,
        schema=1,
        name=f"What {where} forbids",
        short=f"the words of {where}",
        publisher="its publisher",
        kind="source-available",
        covers=("model",),
        text=TextSeen(read=False, checked=_today()),
        limits=tuple(limits),
    )


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _evidence(seen: Seen, base: KnowledgeBase) -> Iterator[Evidence]:
    """What is said of the license, nearest first: text, link, tag."""
    yield from _said_by_texts(seen)
    yield from _said_by_card(seen, base)
    for path, said in _headers(seen):
        if said.casefold() != "other":
            yield Evidence("tag", path, said, name_to_id(base, said))
    for one in seen.files:
        if one.kind == "license" and one.problem and not _parent(one.path):
            yield Evidence("text", one.path, "cannot be read", None)


def _said_by_texts(seen: Seen) -> Iterator[Evidence]:
    """What each license text is, or which license it only points at."""
    for file in _texts(seen):
        relation, ids = file.found.relation, file.found.ids
        if relation in ("exact", "several"):
            yield from (Evidence("text", file.path, relation, id) for id in ids)
        elif relation == "reference":
            yield from (Evidence("link", file.path, relation, id) for id in ids or (None,))
        else:
            yield Evidence("text", file.path, relation, _own_id(file))


def _said_by_card(seen: Seen, base: KnowledgeBase) -> Iterator[Evidence]:
    """What the model card says in its tags and in its prose."""
    card: ModelCard | None = seen.first(ModelCard)
    if not card:
        return
    path = next(path for path, _ in seen.all(ModelCard))
    named = [name for name in card.licenses if name.casefold() not in ("other", "unknown")]
    for name in named or [n for n in (card.license_name,) if n]:
        yield Evidence("tag", path, name, name_to_id(base, name))
    for claim in card.claims:
        if claim.about == "license":
            yield Evidence("prose", path, claim.says, name_to_id(base, claim.says))


def _headers(seen: Seen) -> Iterator[tuple[str, str]]:
    """(path, license) as the headers of weights name it."""
    for path, thing in seen.things:
        said = getattr(thing, "license", None) if isinstance(thing, Gguf | Tflite) else None
        if isinstance(thing, Safetensors):
            said = thing.metadata.get("license")
        if said:
            yield path, said


def _own_id(file: LicenseFile) -> str:
    """An id for a text that is no known license, the same for the same path and terms."""
    told = repr((file.path, [(c.kind, c.value) for c in file.found.terms], file.found.differences))
    return f"{UNRECOGNIZED}{sha256(told.encode()).hexdigest()[:8]}"


def _own_license(file: LicenseFile, base: KnowledgeBase) -> License | None:
    """A license of which only the limits are believed: nothing it grants counts as granted.

    A changed license keeps the limits of the known one.
    """
    if file.found.relation not in ("changed", "unknown"):
        return None
    known = [license.limits for id in file.found.ids if (license := base.license(id))]
    told = [LIMITS[clause.kind] for clause in file.found.terms if clause.kind in LIMITS]
    limits = tuple(dict.fromkeys([*(limit for row in known for limit in row), *told]))
    like = f", like {file.found.ids[0]} with changes" if file.found.ids else ""
    made = _limited(_own_id(file), file.path, list(limits))
    return replace(made, name=f"The text in {file.path}{like}", short=f"the text in {file.path}")


def _family(seen: Seen, evidence: list[Evidence], base: KnowledgeBase) -> Family:
    """The folder as facts: what was seen, in the words of the knowledge base."""
    card: ModelCard | None = seen.first(ModelCard)
    said = [row for row in evidence if row.level not in ("prose", "link") or row.id]
    said = [row for row in said if row.level != "prose"]
    texts = [row for row in said if row.level == "text" and row.id]
    first = next((row for row in [*texts, *said] if row.id), None)
    source = "none" if first is None else "text" if first.level == "text" else "tag"
    return Family(
        id=f"folder/{seen.name}",
        schema=1,
        name=seen.name,
        maker="the publisher of this folder",
        country="INT",
        kind="model",
        summary="Judged by the files in a folder.",
        source="files",
        sources=_sources(),
        tasks=(card.pipeline_tag,) if card and card.pipeline_tag else (),
        inputs=_inputs(card),
        gated=bool(card and card.gated),
        members=(Member(id="files"),),
        components=tuple(_components(seen, first.id if first else None, source)),
        lineage=tuple(_lineage(seen, base)),
        statements=(*_license_statements(said, first), *_claims(card)),
    )


def _sources() -> dict[str, Source]:
    """Text and tag of one folder weigh the same: where they differ, the stricter holds."""
    return {
        "text": Source(by="the license file", rank="license-text", checked=_today()),
        "tag": Source(by="the tag", rank="license-text", checked=_today()),
        "files": Source(by="the files", rank="publisher", checked=_today()),
        "card": Source(by="the model card", rank="publisher", checked=_today()),
        "none": Source(by="nobody", rank="unconfirmed", checked=_today()),
    }


def _inputs(card: ModelCard | None) -> tuple[str, ...]:
    tag = (card.pipeline_tag or "") if card else ""
    kinds = {"image": "image", "video": "video", "audio": "audio", "speech": "audio"}
    return ("text", *dict.fromkeys(kind for word, kind in kinds.items() if word in tag))


def _components(seen: Seen, license: str | None, source: str) -> Iterator[Component]:
    names = [file.path.casefold() for file in seen.files]
    weights = any(name.endswith(WEIGHTS) for name in names)
    yield Component(
        kind="model-parameters",
        state="released" if weights else "unknown",
        source=source,
        license=license,
        note=None if weights else "No weights lie in this folder.",
    )
    if any(True for _ in seen.all(ModelCard)):
        yield Component(kind="model-card", state="released", source="files", license=license)
    card: ModelCard | None = seen.first(ModelCard)
    if card and card.datasets:
        note = f"Named: {', '.join(card.datasets[:20])}; whether these are all is not said."
        yield Component(kind="datasets", state="unknown", source="card", note=note)
    if any(re.search(r"(?:^|/)checkpoint-\d+/", name) for name in names):
        yield Component(
            kind="intermediate-parameters", state="released", source="files", license=license
        )


def _lineage(seen: Seen, base: KnowledgeBase) -> Iterator[Link]:
    """What the card, an adapter, a merge or a GGUF header name as its base, each once."""
    found: dict[str, str] = {}
    card: ModelCard | None = seen.first(ModelCard)
    if card:
        known = card.relation if card.relation in RELATIONS else None
        relation = known or _guess(seen, len(card.base_models))
        found |= dict.fromkeys(card.base_models, relation)
    for _, adapter in seen.all(Adapter):
        if adapter.base:
            found[adapter.base] = "adapter"
    for _, merge in seen.all(Merge):
        found |= dict.fromkeys(merge.models, "merge")
    for _, head in seen.all(Gguf):
        for name in head.base_models:
            found.setdefault(name, "finetune")
    for name in _configured(seen):
        found.setdefault(name, "finetune")
    if seen.cut:
        found["the files that were left out"] = "component"
    for name, relation in found.items():
        hit = base.find(name)
        id = (hit[1].id if hit[1] else hit[0].id) if hit else name
        yield Link(base=id, relation=relation, source="files")


def _configured(seen: Seen) -> Iterator[str]:
    """Repositories that a configuration says it was loaded from, other than its own."""
    for _, config in seen.all(Config):
        name = config.name_or_path or ""
        if name.count("/") == 1 and name[0] not in "./" and name.split("/")[1] != seen.name:
            yield name


def _guess(seen: Seen, count: int) -> str:
    """The relation when the card names none, as the Hub infers it."""
    if seen.first(Adapter):
        return "adapter"
    if count > 1:
        return "merge"
    return "quantized" if seen.first(Gguf) else "finetune"


def _license_statements(said: list[Evidence], first: Evidence | None) -> Iterator[Statement]:
    for row in said:
        id = row.id or f"LicenseRef-unknown-{row.level}"  # known to nobody, so it allows nothing
        if first is None or id != first.id:
            source = "text" if row.level == "text" else "tag"
            yield Statement(about="license", says=row.says[:300] or "?", source=source, license=id)


def _claims(card: ModelCard | None) -> Iterator[Statement]:
    for claim in card.claims if card else ():
        if claim.claim in OPEN and _RESTRICTED.search(claim.says):
            continue  # it names the restriction itself
        yield Statement(about=claim.about, says=claim.says[:300], claim=claim.claim, source="card")


def _today() -> date:
    return datetime.now(UTC).date()
