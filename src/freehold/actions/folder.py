"""`check PATH`: judges a model by the files themselves: texts before tags, tags before prose."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from freehold.actions.check import Report, report_on, with_policy
from freehold.actions.folder_beside import beside, today
from freehold.actions.folder_findings import Finding, findings
from freehold.actions.folder_known import Known, known_model, publishers, remark, with_known
from freehold.actions.folder_licenses import own_id, own_license
from freehold.actions.folder_lineage import lineage
from freehold.actions.folder_parts import parts, signs
from freehold.actions.folder_policy import signed_fact, subject_of_files
from freehold.actions.folder_reading import (
    Evidence,
    File,
    LicenseFile,
    Seen,
    read_folder,
)
from freehold.actions.scan import Safety, forms, scan
from freehold.formats.gguf import Gguf
from freehold.formats.model_card import ModelCard
from freehold.formats.safetensors import Safetensors
from freehold.formats.tflite import Tflite
from freehold.judge.claims import OPEN
from freehold.judge.licensing import Situation
from freehold.judge.policy import Subject
from freehold.judge.terms import declared
from freehold.knowledge.base import KnowledgeBase, open_base
from freehold.knowledge.license_names import name_to_id
from freehold.knowledge.types import (
    Definition,
    Family,
    License,
    Member,
    Source,
    Statement,
)

_RESTRICTED = re.compile(r"\bnc\b|non-?commercial|research|academic", re.IGNORECASE)


class FolderReport(Struct, frozen=True):
    """The verdicts on a folder, what they rest on, and what does not fit together."""

    report: Report
    findings: tuple[Finding, ...]
    evidence: tuple[Evidence, ...]
    seen: Seen
    subject: Subject
    safety: tuple[Safety, ...] = ()

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
            "safety": forms(self.safety),
        }


class Fetched(Struct, frozen=True):
    """Where a folder was fetched from: repository, branches, files that were not brought here."""

    repo: str | None
    elsewhere: tuple[File, ...] = ()
    branches: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


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
    fetched: Fetched | None = None,
    source: str | None = None,
) -> FolderReport:
    """Judge a folder or file by what is in it. Raises BrokenInput when there is nothing there.

    `fetched` tells of a folder that was brought from elsewhere what else belongs to it; `source`
    is the word of a policy for where it comes from.
    """
    base = base or open_base()
    seen = read_folder(path, base)
    if fetched:
        here = {file.path for file in seen.files}
        seen.files.extend(file for file in fetched.elsewhere if file.path not in here)
        seen.repo, seen.branches, seen.tags = fetched.repo, fetched.branches, fetched.tags
    evidence = list(_evidence(seen, base))
    own = {made.id: made for file in _texts(seen) if (made := own_license(file, base))}
    for made in list(beside(seen, evidence, base)):
        own[made.id] = made
        evidence.append(Evidence("beside", made.name, "forbids a use", made.id))
    family, known = _family(seen, evidence, base), known_model(seen, base, path)
    if known and known.proven:
        family = with_known(family, known)
    who = Situation(users=users, revenue=revenue, territory=territory)
    facts = FolderFacts(base, own)
    report = report_on(facts, base, family, None, who)
    if _is_declared_only(evidence, known):
        report = _declared(report)
    papers_only = bool(fetched and fetched.elsewhere)
    signed = None if papers_only else signed_fact(path, base)
    subject = replace(
        subject_of_files(facts, report, seen),
        makers=publishers(known), source=source, signed=signed,
    )  # fmt: skip
    report = with_policy(report, base, subject)
    safety = () if papers_only else scan(path).files  # of papers alone nothing can be told
    found = (*findings(seen, tuple(evidence), report, base), *_remark(known, report, base))
    return FolderReport(report, found, (*evidence, *signs(seen)), seen, subject, safety)


def _is_declared_only(evidence: list[Evidence], known: Known | None) -> bool:
    """Whether a license is named, but no text of one was read: neither here nor for this model."""
    named = any(row.id for row in evidence if row.level in ("tag", "link"))
    read = any(row.level == "text" and row.id for row in evidence)
    return named and not read and not (known and known.proven)


def _declared(report: Report) -> Report:
    """The report, with every yes as what it is: somebody's word."""
    because = f"{report.openness.because}; by a name alone, no license text is here"
    return replace(
        report,
        permits=declared(report.permits, "only its name is given, no text of it is here"),
        openness=replace(report.openness, because=because),
    )


def _remark(known: Known | None, report: Report, base: KnowledgeBase) -> Iterator[Finding]:
    if known:
        yield Finding("known-model", "note", remark(known, report.level, base), known.where)


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
            yield Evidence("text", file.path, relation, own_id(file))


def _said_by_card(seen: Seen, base: KnowledgeBase) -> Iterator[Evidence]:
    """What the model cards say in their tags and in their prose."""
    for path, card in seen.cards:
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
        gated=any(card.gated for _, card in seen.cards),
        members=(Member(id="files"),),
        components=tuple(parts(seen, first.id if first else None, source, base)),
        lineage=tuple(lineage(seen, base)),
        statements=(*_license_statements(said, first), *_claims(seen)),
    )


def _sources() -> dict[str, Source]:
    """Text and tag of one folder weigh the same: where they differ, the stricter holds."""
    return {
        "text": Source(by="the license file", rank="license-text", checked=today()),
        "tag": Source(by="the tag", rank="license-text", checked=today()),
        "files": Source(by="the files", rank="publisher", checked=today()),
        "card": Source(by="the model card", rank="publisher", checked=today()),
        "none": Source(by="nobody", rank="unconfirmed", checked=today()),
    }


def _inputs(card: ModelCard | None) -> tuple[str, ...]:
    tag = (card.pipeline_tag or "") if card else ""
    kinds = {"image": "image", "video": "video", "audio": "audio", "speech": "audio"}
    return ("text", *dict.fromkeys(kind for word, kind in kinds.items() if word in tag))


def _license_statements(said: list[Evidence], first: Evidence | None) -> Iterator[Statement]:
    for row in said:
        id = row.id or f"LicenseRef-unknown-{row.level}"  # known to nobody, so it allows nothing
        if first is None or id != first.id:
            source = "text" if row.level == "text" else "tag"
            yield Statement(about="license", says=row.says[:300] or "?", source=source, license=id)


def _claims(seen: Seen) -> Iterator[Statement]:
    for claim in (claim for _, card in seen.cards for claim in card.claims):
        if claim.claim in OPEN and _RESTRICTED.search(claim.says):
            continue  # it names the restriction itself
        yield Statement(about=claim.about, says=claim.says[:300], claim=claim.claim, source="card")
