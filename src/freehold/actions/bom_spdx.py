"""`check --bom spdx`: a report as an SPDX 3.0.1 document with its AI and Dataset classes."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from freehold.actions import bom
from freehold.actions.check import Report
from freehold.knowledge.base import KnowledgeBase, open_base
from freehold.knowledge.types import License

Json = dict[str, Any]

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
NO_ASSERTION = "expandedlicensing_NoAssertionLicense"
UNKNOWN = "LicenseRef-freehold-unknown"
AI_DEMANDS = (
    "suppliedBy", "software_downloadLocation", "software_packageVersion",
    "software_primaryPurpose", "releaseTime",
)  # fmt: skip
"""What the AI profile demands of each of its packages."""
_CREATION = "_:creation"
_REFERENCES = {
    "hub": "altDownloadLocation", "license": "license", "policy": "other",
    "homepage": "altWebPage", "part": "documentation", "source": "other",
}  # fmt: skip


def spdx(report: Report, at: datetime, *, base: KnowledgeBase | None = None) -> Json:
    """The report as an SPDX 3.0.1 document; the same report and moment give the same document."""
    graph = _Graph(report, at, base or open_base())
    return {"@context": CONTEXT, "@graph": graph.nodes()}


class _Graph:
    """Gathers the elements of one document, each once."""

    def __init__(self, report: Report, at: datetime, base: KnowledgeBase) -> None:
        self.report, self.at, self.base = report, at, base
        number = bom.identity(report, at)
        self.space = f"https://spdx.org/spdxdocs/freehold-{number}#"
        self.elements: dict[str, Json] = {}
        self.edges = 0

    def nodes(self) -> list[Json]:
        """All elements, the document first."""
        creation = self._creation()
        model = self._model()
        inside = [model, *(self._data(model, row) for row in bom.datasets(self.base, self.report))]
        self._lineage(model, bom.ancestors(self.base, self.report), {self.report.id})
        for n, (name, value) in enumerate(bom.verdicts(self.report)):
            self._add(
                f"annotation-{n}", "Annotation", annotationType="other", subject=model,
                statement=f"{name}: {value}",
            )  # fmt: skip
        collection = self._add(
            "bom", "software_Sbom", rootElement=[model], element=inside,
            profileConformance=self._profiles(inside),
        )  # fmt: skip
        document = self._document(collection)
        return [document, creation, *self.elements.values()]

    def _creation(self) -> Json:
        agent = self._add("agent", "SoftwareAgent", name="Freehold")
        tool = self._add("tool", "Tool", name=f"freehold {bom.tool_version()}")
        return {
            "type": "CreationInfo",
            "@id": _CREATION,
            "specVersion": "3.0.1",
            "created": bom.stamp(self.at),
            "createdBy": [agent],
            "createdUsing": [tool],
        }

    def _document(self, collection: str) -> Json:
        return {
            "type": "SpdxDocument",
            "spdxId": f"{self.space}document",
            "creationInfo": _CREATION,
            "name": f"Bill of materials of {self.report.id}",
            "profileConformance": self._profiles(self.elements),
            "rootElement": [collection],
            "element": list(self.elements),
        }

    def _profiles(self, inside: Iterable[str]) -> list[str]:
        """The profiles whose demands hold: facts that nobody knows are not made up for them."""
        rows = [self.elements[id] for id in inside]
        packages = [row for row in rows if row["type"] == "ai_AIPackage"]
        full = packages and all(key in row for row in packages for key in AI_DEMANDS)
        return ["core", "software", "simpleLicensing", *(["ai"] if full else [])]

    def _add(self, key: str, type_: str, /, **more: Any) -> str:
        """Add an element unless it is there; its id."""
        id = self.space + _fragment(key)
        said = {key: value for key, value in more.items() if value not in (None, [], "")}
        self.elements.setdefault(
            id, {"type": type_, "spdxId": id, "creationInfo": _CREATION, **said}
        )
        return id

    def _relate(self, start: str, kind: str, to: str, **more: Any) -> None:
        self.edges += 1
        self._add(
            f"relationship-{self.edges}", "Relationship", relationshipType=kind, to=[to],
            **{"from": start}, **more,
        )  # fmt: skip

    def _model(self) -> str:
        report = self.report
        family, member = report.family, report.member
        where = bom.repositories(report)
        model = self._package(
            f"model-{report.id}", family.kind,
            name=member.id if member else family.name,
            summary=family.summary,
            suppliedBy=self._maker(family.maker),
            software_downloadLocation=where[0] if where else None,
            software_homePage=family.homepage,
            externalRef=[_reference(row) for row in bom.references(report)],
            software_attributionText=[row.text for row in report.obligations if row.text],
            **_released(bom.released_on(report)),
            **(self._ai() if family.kind != "toolkit" else {}),
        )  # fmt: skip
        self._license(model, bom.bound(report.terms.bindings))
        return model

    def _package(self, key: str, kind: str, /, **more: Any) -> str:
        if kind == "toolkit":
            more |= {"software_primaryPurpose": "application"}
            return self._add(key, "software_Package", **more)
        return self._add(key, "ai_AIPackage", software_primaryPurpose="model", **more)

    def _ai(self) -> Json:
        member = self.report.member
        size = member.parameters if member else None
        entry = {"type": "DictionaryEntry", "key": "parameters", "value": str(size)}
        return {
            "ai_domain": list(bom.traits_of(self.report)[0]),
            "ai_informationAboutApplication": "\n".join(bom.uses(self.report)),
            "ai_limitation": "\n".join(bom.limits(self.base, self.report)),
            "ai_hyperparameter": [entry] if size else None,
        }

    def _maker(self, name: str) -> str:
        return self._add(f"organization-{name}", "Organization", name=name)

    def _data(self, model: str, row: bom.Data) -> str:
        direct = "directDownload" if row.state == "released" and row.url else None
        data = self._add(
            f"data-{row.id}", "dataset_DatasetPackage", name=row.name, summary=row.note,
            comment=f"state: {row.state}", dataset_datasetType=["noAssertion"],
            dataset_datasetAvailability=direct, software_downloadLocation=row.url,
            software_primaryPurpose="data",
        )  # fmt: skip
        self._license(data, row.licenses)
        self._relate(model, "testedOn" if row.kind == "evaluation-data" else "trainedOn", data)
        return data

    def _lineage(self, child: str, found: Iterable[bom.Ancestor], seen: set[str]) -> None:
        for row in found:
            where = f"{bom.HUB}{row.hub}" if row.hub else None
            parent = self._package(
                f"model-{row.id}", row.kind, name=row.id, software_downloadLocation=where,
                suppliedBy=self._maker(row.maker) if row.maker else None,
            )  # fmt: skip
            note = f"{row.relation}; {row.note}" if row.note else row.relation
            self._relate(child, "descendantOf", parent, comment=note)
            if row.id not in seen:
                seen.add(row.id)
                self._license(parent, row.licenses)
                self._lineage(parent, row.bases, seen)

    def _license(self, package: str, found: bom.Licenses) -> None:
        """Exactly one declared and one concluded license; a doubt is a part of the conclusion."""
        declared = self._expression([license.id for license in found.declared])
        doubt = [UNKNOWN] if found.doubts and found.concluded else []
        concluded = self._expression([*(license.id for license in found.concluded), *doubt])
        for license in (*found.declared, *found.concluded):
            self._text(license)
        if doubt:
            self._add(
                f"text-{UNKNOWN}", "simplelicensing_SimpleLicensingText", name="Unknown",
                simplelicensing_licenseText="More terms may bind it; they are not known.",
            )  # fmt: skip
        self._relate(package, "hasDeclaredLicense", declared)
        because = "; ".join(found.doubts) or None
        self._relate(package, "hasConcludedLicense", concluded, comment=because)

    def _expression(self, ids: list[str]) -> str:
        if not ids:
            return NO_ASSERTION
        own = [id for id in ids if id.startswith("LicenseRef-")]
        return self._add(
            f"license-{'-and-'.join(ids)}", "simplelicensing_LicenseExpression",
            simplelicensing_licenseExpression=" AND ".join(ids),
            simplelicensing_customIdToUri=[
                {"type": "DictionaryEntry", "key": id, "value": f"{self.space}text-{id}"}
                for id in own
            ],
        )  # fmt: skip

    def _text(self, license: License) -> None:
        """Where the text of a license outside the SPDX list stands; no text is copied."""
        if license.id.startswith("LicenseRef-"):
            where = license.text.url or f"the publisher, {license.publisher}"
            self._add(
                f"text-{license.id}", "simplelicensing_SimpleLicensingText", name=license.name,
                simplelicensing_licenseText=f"{license.name}. The text is not copied: {where}",
            )  # fmt: skip


def _released(day: date | None) -> Json:
    """The day it came out; models carry no other version that is known here."""
    if day is None:
        return {}
    return {"releaseTime": f"{day}T00:00:00Z", "software_packageVersion": day.isoformat()}


def _reference(row: bom.Reference) -> Json:
    kind = _REFERENCES[row.kind]
    return {
        "type": "ExternalRef", "externalRefType": kind, "locator": [row.url], "comment": row.says
    }  # fmt: skip


def _fragment(name: str) -> str:
    """The name with only those signs that may stand in the fragment of an address."""
    return "".join(_signs(name))


def _signs(name: str) -> Iterator[str]:
    for sign in name:
        yield sign if sign.isascii() and (sign.isalnum() or sign in "-._~") else f"_{ord(sign):x}_"
