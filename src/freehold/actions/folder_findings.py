"""What does not fit together in a folder: each finding with its kind, weight and evidence."""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from freehold.actions.check import Report
from freehold.actions.folder_parts import datasets_of
from freehold.actions.folder_reading import EXECUTABLE, Evidence, LicenseFile, Seen
from freehold.actions.license_text import Identification
from freehold.formats.config import Config
from freehold.formats.diffusers_index import Pipeline
from freehold.formats.model_card import ModelCard
from freehold.formats.tokenizer import Tokenizer
from freehold.judge.licensing import ANYONE, UNRECOGNIZED, permit
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.license_names import name_to_id
from freehold.knowledge.types import Duty, License

STRICTNESS = ("yes", "conditional", "unknown", "no")


class Finding(Struct, frozen=True):
    """One thing that a person should look at."""

    kind: str
    severity: Literal["problem", "warning", "note"]
    text: str
    evidence: str


def findings(
    seen: Seen, evidence: tuple[Evidence, ...], report: Report, base: KnowledgeBase
) -> Iterator[Finding]:
    """Everything found, the license first."""
    yield from _license_texts(seen)
    yield from _tags(evidence)
    yield from _lineage(report)
    yield from _naming(seen, report)
    yield from _washing(report)
    yield from _data(seen, report, base)
    yield from _files(seen)


def _license_texts(seen: Seen) -> Iterator[Finding]:
    kinds = {
        "changed": ("changed-license", "problem"),
        "unknown": ("unknown-license", "problem"),
        "reference": ("reference-only", "warning"),
        "several": ("several-licenses", "note"),
    }
    for file in seen.licenses:
        relation = file.found.relation
        if file.kind == "license" and relation in kinds:
            kind, severity = kinds[relation]
            severity = "note" if "/" in file.path else severity  # somebody else's, further down
            yield Finding(kind, severity, _described(file.path, file.found), file.path)  # type: ignore[arg-type]


def _described(path: str, found: Identification) -> str:
    names = ", ".join(found.ids)
    added = next((d.text for d in found.differences if d.text), None)
    if found.beginning is not None:
        return f"{path} holds only the beginning of {names}"
    return {
        "changed": f"{path} is {names} with changes" + (f": “{added[:160]}”" if added else ""),
        "reference": f"{path} only points to {names or 'a page'}; the text is not here",
        "unknown": f"{path} is no license that is known",
    }.get(found.relation, f"{path} holds {names}")


def _tags(evidence: tuple[Evidence, ...]) -> Iterator[Finding]:
    texts = {row.id for row in evidence if row.level == "text" and row.id}
    tags = [row for row in evidence if row.level == "tag"]
    if not evidence:
        yield Finding("no-license", "problem", "no license is named anywhere in these files", "")
    for tag in tags:
        if tag.id is None:
            text = f"the tag {tag.says!r} is no license that is known"
            yield Finding("unknown-license", "warning", text, tag.path)
        elif texts and not {_plain(tag.id)} & {_plain(id) for id in texts}:
            held = {"no known license" if id.startswith(UNRECOGNIZED) else id for id in texts}
            text = f"the tag says {tag.id}, the license file holds {', '.join(sorted(held))}"
            yield Finding("tag-against-text", "problem", text, tag.path)
    if tags and not texts:
        text = f"the tag says {tags[0].says}, but no license text is here"
        yield Finding("tag-without-text", "warning", text, tags[0].path)


def _plain(id: str) -> str:
    return id.removesuffix("-only").removesuffix("-or-later")


def _lineage(report: Report) -> Iterator[Finding]:
    own = [b.license for b in report.terms.bindings if b.bond == "own" and b.license]
    for binding in report.terms.bindings:
        if binding.bond == "unknown" and binding.relation:
            yield Finding("unknown-base", "warning", binding.because, binding.via)
        if binding.bond not in ("inherited", "outputs") or binding.license is None:
            continue
        if binding.relation == "adapter":
            text = f"an adapter; it runs only on {binding.via} ({binding.license.short})"
            yield Finding("adapter", "note", text, binding.via)
        base = permit(binding.license, "commercial", ANYONE)
        mine = permit(own[0], "commercial", ANYONE) if own else None
        if mine and STRICTNESS.index(base.verdict) > STRICTNESS.index(mine.verdict):
            text = f"{binding.because}: {base.because}; it says {mine.because}"
            yield Finding("base-more-restrictive", "problem", text, binding.via)


def _naming(seen: Seen, report: Report) -> Iterator[Finding]:
    """Naming and notice duties of what it was made from that the folder does not keep."""
    said: set[str] = set()
    for binding in report.terms.bindings:
        if binding.bond != "inherited" or binding.license is None:
            continue
        for duty in binding.license.duties:
            text = duty.string or ""
            kept = text in said or duty.kind not in ("name-prefix", "notice-file")
            if kept or duty.when not in ("derivative", "distribute") or not text:
                continue
            said.add(text)
            yield from _duty(seen, duty, binding.license)


def _duty(seen: Seen, duty: Duty, license: License) -> Iterator[Finding]:
    text = duty.string or ""
    if duty.kind == "name-prefix" and not seen.name.casefold().startswith(text.casefold()):
        told = f"the name {seen.name!r} does not begin with {text!r}, as {license.short} asks"
        yield Finding("naming-duty", "problem", told, license.id)
    if duty.kind == "notice-file" and not any(holds(text, n.text) for n in _notices(seen)):
        told = f"no notice file here holds the text that {license.short} asks for: “{text}”"
        yield Finding("missing-notice", "problem", told, license.id)


def _notices(seen: Seen) -> list[LicenseFile]:
    return [file for file in seen.licenses if file.kind in ("notice", "license")]


def holds(wanted: str, text: str) -> bool:
    """Whether a text holds the wanted one, white space and case aside."""
    return " ".join(wanted.casefold().split()) in " ".join(text.casefold().split())


def _washing(report: Report) -> Iterator[Finding]:
    for row in report.open_washing:
        text = f"“{row.says[:200]}” — holds: {row.holds}"
        yield Finding("open-washing", "problem", text, row.by)


def _files(seen: Seen) -> Iterator[Finding]:
    for file in seen.files:
        if file.problem:
            yield Finding("broken-file", "warning", file.problem, file.path)
        if file.path.casefold().endswith(EXECUTABLE):
            text = f"{file.path} is in a format that can execute code when it is loaded"
            yield Finding("executable-format", "warning", text, file.path)
        elif file.runs:
            yield Finding("executable-format", "warning", f"{file.path} is {file.runs}", file.path)
    if seen.cut:
        text = "there are more files than are looked at; the rest is left out"
        yield Finding("broken-file", "warning", text, "")
    yield from _remote_code(seen)
    for path in [path for path, card in seen.cards if card.gated][:1]:
        yield Finding("gated", "note", "the files open only after one is let in", path)


def _remote_code(seen: Seen) -> Iterator[Finding]:
    asks = [(p, t.remote_code) for kind in (Config, Tokenizer) for p, t in seen.all(kind)]
    asks += [(path, index.custom_code) for path, index in seen.all(Pipeline)]
    for path, names in asks:
        if names:
            text = f"it asks to run code of its own: {', '.join(names[:5])}"
            yield Finding("remote-code", "warning", text, path)


def _data(seen: Seen, report: Report, base: KnowledgeBase) -> Iterator[Finding]:
    """Data below the model, or named by its card, that forbid a business what the model allows."""
    mine = next((p for p in report.permits if p.use == "commercial"), None)
    if mine is None or mine.verdict == "no":
        return
    for path, card in seen.all(ModelCard):
        for name in card.licenses if "/" in path else ():
            license = base.license(name_to_id(base, name) or "")
            if license and permit(license, "commercial", ANYONE).verdict == "no":
                text = f"the data in {path} are under {license.short}, which forbids business"
                yield Finding("dataset-license", "problem", text, path)
    for path, data in datasets_of(seen, base):
        license = base.license(data.license)
        if license and permit(license, "commercial", ANYONE).verdict == "no":
            text = f"the card names {data.name}, under {license.short}, which forbids business"
            yield Finding("dataset-license", "problem", text, path)
