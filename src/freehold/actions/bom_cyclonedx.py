"""`check --bom cyclonedx`: a report as a CycloneDX 1.6 bill of materials for a model."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from freehold.actions import bom
from freehold.actions.check import Report
from freehold.judge.terms import license_statements
from freehold.knowledge.base import KnowledgeBase, open_base
from freehold.knowledge.types import License

Json = dict[str, Any]

_TYPES = {"toolkit": "application"}
_REFERENCES = {
    "hub": "distribution", "license": "license", "policy": "other", "homepage": "website",
    "source": "evidence",
}  # fmt: skip
_PARTS = {
    "model-card": "model-card", "data-card": "documentation", "technical-report": "documentation",
    "research-paper": "documentation", "peer-reviewed-paper": "documentation",
    "code-documentation": "documentation", "hardware-documentation": "documentation",
    "model-architecture": "source-distribution", "training-code": "source-distribution",
    "inference-code": "source-distribution", "evaluation-code": "source-distribution",
    "data-preprocessing-code": "source-distribution", "source-code": "source-distribution",
    "model-parameters": "distribution", "datasets": "distribution",
    "evaluation-results": "quality-metrics", "model-metadata": "configuration",
}  # fmt: skip


def cyclonedx(report: Report, at: datetime, *, base: KnowledgeBase | None = None) -> Json:
    """The report as a CycloneDX 1.6 document; the same report and moment give the same document."""
    base = base or open_base()
    kind = _TYPES.get(report.family.kind, "machine-learning-model")
    subject = {"type": kind, "bom-ref": f"release:{report.id}", "name": _name(report)}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{bom.identity(report, at)}",
        "version": 1,
        "metadata": {"timestamp": bom.stamp(at), "tools": _tools(), "component": subject},
        "components": [_model(base, report, kind), *map(_data, bom.datasets(base, report))],
        "dependencies": [{"ref": subject["bom-ref"], "dependsOn": [_ref(report.id)]}],
    }


def _tools() -> Json:
    tool = {"type": "application", "name": "freehold", "version": bom.tool_version()}
    return {"components": [tool]}


def _name(report: Report) -> str:
    return report.member.id if report.member else report.family.name


def _ref(id: str) -> str:
    return f"model:{id}"


def _model(base: KnowledgeBase, report: Report, kind: str) -> Json:
    family = report.family
    rows = {
        "type": kind,
        "bom-ref": _ref(report.id),
        "manufacturer": {"name": family.maker, "address": {"country": family.country}},
        "publisher": family.maker,
        "name": _name(report),
        "description": family.summary,
        "licenses": _licenses(bom.bound(report.terms.bindings)),
        "pedigree": _pedigree(bom.ancestors(base, report), {report.id}),
        "externalReferences": [_reference(row) for row in bom.references(report)],
        "evidence": _evidence(base, report),
        "modelCard": _card(base, report) if kind == "machine-learning-model" else None,
        "properties": _properties([*bom.verdicts(report), *_facts(report)]),
    }
    return _filled(rows)


def _filled(rows: Json) -> Json:
    """The rows that say something."""
    return {key: value for key, value in rows.items() if value}


def _properties(rows: Iterable[tuple[str, str]]) -> list[Json]:
    return [{"name": name, "value": value} for name, value in rows]


def _facts(report: Report) -> Iterator[tuple[str, str]]:
    family, member = report.family, report.member
    yield "freehold:id", report.id
    yield "freehold:family", family.id
    yield "freehold:kind", family.kind
    released = bom.released_on(report)
    if released:
        yield "freehold:released", released.isoformat()
    if member and member.parameters:
        yield "freehold:parameters", str(member.parameters)


def _licenses(found: bom.Licenses) -> list[Json]:
    """Declared and concluded; what is unknown is said, so that nothing looks freer than it is."""
    rows = [_license(li, acknowledgement="declared") for li in found.declared]
    rows += [_license(li, acknowledgement="concluded") for li in found.concluded]
    if found.doubts:
        because = _properties(("freehold:because", reason) for reason in found.doubts)
        unknown = {"name": "Unknown", "acknowledgement": "concluded", "properties": because}
        rows.append({"license": unknown})
    return rows


def _license(license: License, **more: Any) -> Json:
    named = license.id.startswith("LicenseRef-")
    row: Json = {"name": license.name} if named else {"id": license.id}
    row |= {"url": license.text.url} if license.text.url else {}
    properties = [("freehold:license-id", license.id)] if named else []
    properties += [] if license.text.read else [("freehold:text-read", "no")]
    more["properties"] = _properties(properties) + more.get("properties", [])
    return {"license": row | _filled(more)}


def _evidence(base: KnowledgeBase, report: Report) -> Json:
    """Who says which license, nearest source first."""
    if report.family.kind == "method":
        return {}
    rows = []
    for rank, id, who in license_statements(report.family, report.member):
        license = base.license(id) if id else None
        if license:
            said = [("freehold:said-by", who), ("freehold:source-rank", rank)]
            rows.append(_license(license, properties=_properties(said)))
    return _filled({"licenses": rows})


def _pedigree(found: Iterable[bom.Ancestor], seen: set[str]) -> Json:
    return _filled({"ancestors": [_ancestor(row, seen) for row in found]})


def _ancestor(row: bom.Ancestor, seen: set[str]) -> Json:
    """One ancestor; only its first mention carries the reference and its own ancestors."""
    first = row.id not in seen
    seen.add(row.id)
    hub = {"type": "distribution", "url": f"{bom.HUB}{row.hub}"} if row.hub else None
    properties = [("freehold:relation", row.relation)]
    properties += [("freehold:note", row.note)] if row.note else []
    return _filled(
        {
            "type": _TYPES.get(row.kind, "machine-learning-model"),
            "bom-ref": _ref(row.id) if first else None,
            "publisher": row.maker,
            "name": row.id,
            "licenses": _licenses(row.licenses),
            "pedigree": _pedigree(row.bases, seen) if first else None,
            "externalReferences": [hub] if hub else None,
            "properties": _properties(properties),
        }
    )


def _data(row: bom.Data) -> Json:
    contents = {"contents": {"url": row.url}} if row.url else {}
    data = {"type": "dataset", "name": row.name, **contents}
    properties = [("freehold:state", row.state), ("freehold:part", row.kind)]
    return _filled(
        {
            "type": "data",
            "bom-ref": f"data:{row.id}",
            "name": row.name,
            "description": row.note,
            "licenses": _licenses(row.licenses),
            "data": [data],
            "properties": _properties(properties),
        }
    )


def _card(base: KnowledgeBase, report: Report) -> Json:
    tasks, inputs, outputs = bom.traits_of(report)
    parameters = {
        "task": ", ".join(tasks),
        "datasets": [{"ref": f"data:{row.id}"} for row in bom.datasets(base, report)],
        "inputs": [{"format": kind} for kind in inputs],
        "outputs": [{"format": kind} for kind in outputs],
    }
    considerations = {
        "useCases": list(bom.uses(report)),
        "technicalLimitations": list(bom.limits(base, report)),
    }
    card = {
        "bom-ref": f"card:{report.id}",
        "modelParameters": _filled(parameters),
        "considerations": _filled(considerations),
    }
    return _filled(card)


def _reference(row: bom.Reference) -> Json:
    kind = _PARTS.get(row.says, "other") if row.kind == "part" else _REFERENCES[row.kind]
    return {"type": kind, "url": row.url, "comment": row.says}
