"""The notice file and both bills of materials, held against the official schemas."""

import ast
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from jsonschema import Draft7Validator  # type: ignore[import-untyped]
from spdx_python_model import load_data
from spdx_python_model.bindings import v3_0_1

import freehold
from freehold.actions import bom
from freehold.actions.bom_cyclonedx import cyclonedx
from freehold.actions.bom_spdx import AI_DEMANDS, NO_ASSERTION, UNKNOWN, spdx
from freehold.actions.check import Report
from freehold.actions.notice import WIDTH, notice
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.types import Family
from tests.cli.running import freehold as run
from tests.invented import SHIPPED

Json = dict[str, Any]
BY_SCHEMA = JsonStrictValidator(SchemaVersion.V1_6)
AFRESH = KnowledgeBase()
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
CASES = (
    "llama-3.2", "llama-3.2-11b-vision-instruct", "llama-4", "gemma-2", "gemma-3", "olmo-2",
    "deepseek-r1-distill", "deepseek-r1-distill-llama-70b", "deepseek-v3", "kimi-k2", "qwen-2.5",
    "qwen2.5-3b", "qwen-3", "mistral-7b", "codestral", "command-r", "falcon-h1", "phi-4", "bloom",
    "stable-diffusion-3.5", "stable-diffusion-xl", "flux.1-dev", "flux.1-schnell", "flux.2-dev",
    "kandinsky-5", "deepfloyd-if", "musicgen", "jukebox", "whisper", "vista-3d", "molmo",
    "nvlm-1.0", "vila-1.5", "bge-m3", "jina-embeddings-v5", "jina-reranker-v3", "starcoder2",
    "csm", "canary-qwen", "sam-2.1", "dinov3",
    "chatgpt", "claude-5", "gpt-4o", "codestral-api", "cohere-embed",
    "axolotl", "ctranslate2",
    "consistory",
)  # fmt: skip
"""Open, restricted, inherited, contradicted and unknown; services, toolkits and a method."""


@cache
def report(name: str) -> Report:
    """What `check` says of a model that ships."""
    return freehold.check(name, base=SHIPPED)


def models() -> Iterator[Report]:
    """Every family that ships and the first member of each."""
    for family in SHIPPED.families():
        for name in (family.id, *(member.id for member in family.members[:1])):
            yield report(name)


def in_cyclonedx(name: str) -> Json:
    """The CycloneDX document of a model."""
    return cyclonedx(report(name), NOON, base=SHIPPED)


def in_spdx(name: str) -> Json:
    """The SPDX document of a model."""
    return spdx(report(name), NOON, base=SHIPPED)


def elements(document: Json, kind: str) -> list[Json]:
    """The elements of one class."""
    return [row for row in document["@graph"] if row["type"] == kind]


def edges(document: Json, kind: str) -> list[tuple[str, str]]:
    """The relationships of one kind."""
    rows = (r for r in elements(document, "Relationship") if r["relationshipType"] == kind)
    return [(row["from"], to) for row in rows for to in row["to"]]


def named(licenses: list[Json], word: str) -> list[str]:
    """The ids or names of the licenses that are declared, or concluded."""
    rows = [row["license"] for row in licenses if row["license"]["acknowledgement"] == word]
    return [row.get("id") or row["name"] for row in rows]


def pedigree(component: Json) -> Iterator[str]:
    """The names of all ancestors of a component."""
    for row in component.get("pedigree", {}).get("ancestors", ()):
        yield row["name"]
        yield from pedigree(row)


def lineage(base: KnowledgeBase, family: Family, member: str | None) -> Iterator[set[str]]:
    """The names that each ancestor may go by, over all steps."""
    for link in family.lineage:
        if link.members and member and member not in link.members:
            continue
        found = base.find(link.base)
        if found is None:
            yield {link.base}
            continue
        origin, of = found
        yield {of.id if of else origin.id}
        if origin.id != family.id:
            yield from lineage(base, origin, of.id if of else None)


def test_the_cases_are_of_all_kinds_and_levels() -> None:
    reports = [report(name) for name in CASES]
    assert len({r.family.id for r in reports}) >= 40
    assert {r.family.kind for r in reports} == {"model", "service", "toolkit", "method"}
    assert {r.level for r in reports} >= {"fully open", "restricted weights", "unknown"}
    bonds = {b.bond for r in reports for b in r.terms.bindings}
    assert bonds >= {"own", "inherited", "contradiction", "unknown", "member"}


@pytest.fixture
def addresses_by_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold addresses to the narrower URI syntax: a pattern, where the IRI grammar takes 50 ms."""
    checkers = Draft7Validator.FORMAT_CHECKER.checkers
    monkeypatch.setitem(checkers, "iri-reference", checkers["uri-reference"])


@pytest.mark.usefixtures("addresses_by_pattern")
@pytest.mark.parametrize("name", CASES)
def test_cyclonedx_is_valid_by_its_official_schema(name: str) -> None:
    assert BY_SCHEMA.validate_str(json.dumps(in_cyclonedx(name))) is None


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_cyclonedx_is_valid_down_to_the_grammar_of_its_addresses(name: str) -> None:
    assert BY_SCHEMA.validate_str(json.dumps(in_cyclonedx(name))) is None


@pytest.mark.slow
@pytest.mark.usefixtures("addresses_by_pattern")
@pytest.mark.slow
def test_both_bills_of_everything_that_ships_are_valid() -> None:
    for one in models():
        first = cyclonedx(one, NOON, base=SHIPPED)
        assert BY_SCHEMA.validate_str(json.dumps(first)) is None, one.id
        _, objects = load_data(spdx(one, NOON, base=SHIPPED))
        assert {id for id in objects.link() if "NoAssertion" not in id} == set(), one.id


@pytest.mark.usefixtures("addresses_by_pattern")
@pytest.mark.parametrize(
    "broken",
    [
        {"type": "model"},
        {"licenses": [{"license": {"id": "Llama"}}]},
        {"externalReferences": [{"type": "license", "url": "https://a b"}]},
        {"modelCard": {"task": "chat"}},
    ],
)
def test_the_schema_refuses_what_is_broken(broken: Json) -> None:
    document = in_cyclonedx("olmo-2")
    document["components"][0] |= broken
    assert BY_SCHEMA.validate_str(json.dumps(document)) is not None


@pytest.mark.parametrize(
    "broken",
    [{"software_primaryPurpose": "brain"}, {"releaseTime": "yesterday"}, {"ai_color": "red"}],
)
def test_the_model_of_spdx_refuses_what_is_broken(broken: Json) -> None:
    document = in_spdx("olmo-2")
    elements(document, "ai_AIPackage")[0].update(broken)
    with pytest.raises((ValueError, TypeError, KeyError)):
        load_data(document)


@pytest.mark.parametrize("name", CASES)
def test_every_reference_of_cyclonedx_is_unique_and_leads_somewhere(name: str) -> None:
    document = in_cyclonedx(name)
    refs = list(_values(document, "bom-ref"))
    assert len(refs) == len(set(refs))
    assert set(_values(document, "ref")) <= set(refs)


def _values(node: Any, key: str) -> Iterator[str]:
    if isinstance(node, dict):
        yield from [node[key]] if key in node else []
    inside = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for one in inside:
        yield from _values(one, key)


@pytest.mark.parametrize("name", CASES)
def test_spdx_is_read_back_whole_by_its_official_model(name: str) -> None:
    document = in_spdx(name)
    _, objects = load_data(document)
    missing = objects.link()
    assert {id for id in missing if "NoAssertion" not in id} == set()
    v3_0_1.JSONLDSerializer().serialize_data(objects)
    assert len(list(objects.foreach_type(v3_0_1.Element))) == len(document["@graph"]) - 1


@pytest.mark.parametrize("name", CASES)
def test_every_package_of_spdx_has_one_declared_and_one_concluded_license(name: str) -> None:
    document = in_spdx(name)
    kinds = ("ai_AIPackage", "software_Package", "dataset_DatasetPackage")
    packages = sorted(row["spdxId"] for kind in kinds for row in elements(document, kind))
    for word in ("hasDeclaredLicense", "hasConcludedLicense"):
        assert sorted(start for start, _ in edges(document, word)) == packages


@pytest.mark.parametrize("name", CASES)
def test_spdx_claims_the_ai_profile_only_where_its_demands_are_met(name: str) -> None:
    document = in_spdx(name)
    by_id = {row.get("spdxId"): row for row in document["@graph"]}
    (collection,) = elements(document, "software_Sbom")
    inside = [by_id[id] for id in collection["element"]]
    packages = [row for row in inside if row["type"] == "ai_AIPackage"]
    met = bool(packages) and all(key in row for row in packages for key in AI_DEMANDS)
    assert ("ai" in collection["profileConformance"]) == met


@pytest.mark.parametrize("name", CASES)
def test_the_same_report_and_moment_give_the_same_files(name: str) -> None:
    again = freehold.check(name, base=AFRESH)
    assert notice(again) == notice(report(name))
    assert cyclonedx(again, NOON, base=AFRESH) == in_cyclonedx(name)
    assert spdx(again, NOON, base=AFRESH) == in_spdx(name)


def test_another_moment_gives_another_number() -> None:
    later = cyclonedx(report("olmo-2"), NOON.replace(hour=13), base=SHIPPED)
    assert later["serialNumber"] != in_cyclonedx("olmo-2")["serialNumber"]


def test_both_bills_of_every_model_tell_ancestors_licenses_and_obligations() -> None:
    for one in models():
        first = cyclonedx(one, NOON, base=SHIPPED)["components"][0]
        second = spdx(one, NOON, base=SHIPPED)
        no_ancestor_is_missing(one, first, second)
        every_license_that_binds_is_concluded(one, first, second)
        every_obligation_stands_there(one, first, second)


def no_ancestor_is_missing(one: Report, first: Json, second: Json) -> None:
    """Of what it was made from, every model is in both bills."""
    wanted = list(lineage(SHIPPED, one.family, one.member.id if one.member else None))
    wanted = [names for names in wanted if one.id not in names]
    in_first = set(pedigree(first))
    assert all(names & in_first for names in wanted), one.id
    kinds = ("ai_AIPackage", "software_Package")
    by_id = {r["spdxId"]: r["name"] for kind in kinds for r in elements(second, kind)}
    in_second = {by_id[to] for _, to in edges(second, "descendantOf")}
    assert all(names & in_second for names in wanted), one.id


def every_license_that_binds_is_concluded(one: Report, first: Json, second: Json) -> None:
    """In both bills, and that it is unknown where it is."""
    bound = [b.license for b in one.terms.bindings if b.binds and b.bond != "outputs"]
    concluded = named(first.get("licenses", []), "concluded")
    said = _concluded(second)
    for license in filter(None, bound):
        assert {license.id, license.name} & set(concluded), one.id
        assert license.id in said.split(" AND "), one.id
    if None in bound or any(not b.confirmed for b in one.terms.bindings if b.binds):
        assert "Unknown" in concluded, one.id
        assert said == NO_ASSERTION or UNKNOWN in said, one.id


def every_obligation_stands_there(one: Report, first: Json, second: Json) -> None:
    """In both bills, in its words."""
    rows = first["properties"]
    in_first = [row["value"] for row in rows if row["name"] == "freehold:obligation"]
    in_second = {row["statement"] for row in elements(second, "Annotation")}
    for row in one.obligations:
        said = f"{row.when}: {row.do} [{row.license}]"
        assert said in in_first, one.id
        assert f"freehold:obligation: {said}" in in_second, one.id


def _concluded(document: Json) -> str:
    """The concluded license expression of the model itself."""
    (collection,) = elements(document, "software_Sbom")
    (root,) = collection["rootElement"]
    to = dict(edges(document, "hasConcludedLicense"))[root]
    rows = elements(document, "simplelicensing_LicenseExpression")
    by_id = {row["spdxId"]: row["simplelicensing_licenseExpression"] for row in rows}
    return str(by_id.get(to, to))


def test_a_belief_is_concluded_with_a_doubt_and_never_declared() -> None:
    licenses = in_cyclonedx("axolotl")["components"][0]["licenses"]
    assert named(licenses, "declared") == []
    assert named(licenses, "concluded") == ["Apache-2.0", "Unknown"]
    document = in_spdx("axolotl")
    assert _concluded(document) == f"Apache-2.0 AND {UNKNOWN}"
    assert {to for _, to in edges(document, "hasDeclaredLicense")} == {NO_ASSERTION}


def test_what_is_declared_stands_beside_what_is_inherited() -> None:
    licenses = in_cyclonedx("deepseek-r1-distill-llama-70b")["components"][0]["licenses"]
    assert named(licenses, "declared") == ["MIT"]
    assert "Llama 3.3 Community License Agreement" in named(licenses, "concluded")


def test_data_are_components_and_training_points_at_them() -> None:
    document = in_cyclonedx("olmo-2")
    data = [row["bom-ref"] for row in document["components"] if row["type"] == "data"]
    card = document["components"][0]["modelCard"]["modelParameters"]
    assert [row["ref"] for row in card["datasets"]] == data != []
    in_second = in_spdx("olmo-2")
    packages = {row["spdxId"] for row in elements(in_second, "dataset_DatasetPackage")}
    assert {to for _, to in edges(in_second, "trainedOn")} == packages != set()


def test_the_verdicts_of_check_stand_in_both_bills() -> None:
    one = report("olmo-2")
    properties = in_cyclonedx("olmo-2")["components"][0]["properties"]
    by_name = {row["name"]: row["value"] for row in properties}
    assert by_name["freehold:level"] == one.level
    assert by_name["freehold:osaid"] == one.openness.osaid.verdict
    assert by_name["freehold:mof-class"] == one.openness.mof.mof_class
    assert float(by_name["freehold:osai-score"]) == one.openness.osai.score
    said = {row["statement"] for row in elements(in_spdx("olmo-2"), "Annotation")}
    assert f"freehold:level: {one.level}" in said


def test_a_toolkit_is_an_application_without_a_model_card() -> None:
    component = in_cyclonedx("axolotl")["components"][0]
    assert component["type"] == "application"
    assert "modelCard" not in component
    assert elements(in_spdx("axolotl"), "ai_AIPackage") == []


def test_every_required_text_stands_unbroken_in_the_notice() -> None:
    for one in models():
        written = notice(one)
        for row in one.obligations:
            assert row.text is None or row.text in written, (one.id, row.text)


def test_every_obligation_has_its_place_in_the_notice() -> None:
    for one in models():
        flat = " ".join(notice(one).split())
        for row in one.obligations:
            if row.do.startswith("Keep to its use policy:"):
                assert "Use policies" in flat, one.id
            elif row.text is None:
                assert row.do in flat, (one.id, row.do)


def test_every_use_policy_is_linked_in_the_notice() -> None:
    for one in models():
        written = notice(one)
        for license in bom.bound(one.terms.bindings).concluded:
            if license.use_policy and license.use_policy.url:
                assert license.use_policy.url in written, one.id


def test_every_license_that_binds_is_named_in_the_notice_with_its_reason() -> None:
    for one in models():
        flat = " ".join(notice(one).split())
        for binding in one.terms.bindings:
            if binding.binds:
                assert " ".join(binding.because.split()) in flat, one.id
                assert binding.license is None or binding.license.name in flat, one.id


def test_only_required_texts_and_addresses_are_wider_than_the_page() -> None:
    for one in models():
        texts = {line for row in one.obligations for line in (row.text or "").split("\n")}
        for line in notice(one).splitlines():
            plain = line.strip()
            assert len(line) <= WIDTH or plain in texts or "https://" in plain, (one.id, line)


def test_a_notice_leaves_room_for_changes_and_says_who_asks() -> None:
    written = notice(report("llama-2"))
    assert "[ ] Given on unchanged." in written
    assert "Asked for by: Apache 2.0." in notice(report("olmo-2"))
    assert "Changes" not in notice(report("chatgpt"))


def test_a_moment_is_written_in_utc() -> None:
    assert bom.stamp(datetime.fromisoformat("2026-11-21T14:30:05+02:00")) == "2026-11-21T12:30:05Z"


@pytest.mark.parametrize("kind", ["cyclonedx", "spdx"])
def test_the_command_prints_a_bill_as_json(capsys: pytest.CaptureFixture[str], kind: str) -> None:
    done = run(capsys, "check", "olmo-2", "--bom", kind)
    assert done.code == 0
    assert json.loads(done.out)


def test_the_command_prints_the_notice(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "check", "llama-3.2", "--notice").out == notice(report("llama-3.2"))


@pytest.mark.parametrize(
    "words",
    [
        ("--notice", "--json"),
        ("--notice", "--bom", "spdx"),
        ("--json", "--bom", "cyclonedx"),
        ("--json", "--notice", "--bom", "spdx"),
    ],
)
def test_two_forms_at_once_end_with_two(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    done = run(capsys, "check", "olmo-2", *words)
    assert done.code == 2
    assert "contradict each other" in done.err
    assert done.out == ""


def test_a_bill_that_nobody_knows_ends_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "check", "olmo-2", "--bom", "cyclone").code == 2


def test_nothing_of_the_package_imports_the_validators() -> None:
    validators = {"cyclonedx", "spdx_python_model", "jsonschema"}
    for file in Path(freehold.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.split(".")[0] for name in names} & validators, file
