"""Folders in the layout of publishers get the verdict that their files bear out, none freer."""

import json
from pathlib import Path

import pytest

from freehold.actions.folder import Fetched, FolderReport, check_folder
from freehold.core.errors import BrokenInput
from tests.folders import Files, apache, card, gguf_file, lay, weights
from tests.invented import SHIPPED
from tests.model_folders.shape import Example, judged, kinds, verdict
from tests.model_folders.table import EXAMPLES, KNOWN, PAGE, rows, written

ALLOWING = ("yes", "conditional", "unknown", "no")
OPEN = ("fully open", "open weights")


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FolderReport]:
    """Every example, checked once."""
    place = tmp_path_factory.mktemp("folders")
    return {example.name: judged(example, place, SHIPPED) for example in EXAMPLES}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
def test_a_folder_gets_the_verdict_that_its_files_bear_out(
    reports: dict[str, FolderReport], example: Example, request: pytest.FixtureRequest
) -> None:
    if example.name in KNOWN:
        request.applymarker(pytest.mark.xfail(strict=True, reason=KNOWN[example.name]))
    report = reports[example.name]
    assert report.report.level == example.level, report.report.openness.because
    assert verdict(report) == example.commercial
    assert set(example.finds) <= kinds(report)
    assert not set(example.spares) & kinds(report)


def test_there_are_examples_of_enough_models() -> None:
    assert len(EXAMPLES) >= 50
    assert len({example.name for example in EXAMPLES}) == len(EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
def test_a_restricted_folder_lets_nobody_do_more_than_a_free_one(
    reports: dict[str, FolderReport], example: Example
) -> None:
    report = reports[example.name]
    if report.report.level in OPEN:
        texts = [row for row in report.evidence if row.level == "text"]
        assert verdict(report) == ("yes" if texts else "conditional")
    else:
        assert verdict(report) != "yes"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
def test_the_form_is_that_of_check_with_files_evidence_and_findings(
    reports: dict[str, FolderReport], example: Example
) -> None:
    form = json.loads(json.dumps(reports[example.name].form()))
    assert {"level", "license", "osaid", "mof", "osai", "lineage", "evidence"} <= form.keys()
    assert {file["path"] for file in form["files"]} == set(example.files)
    for row in form["findings"]:
        assert set(row) == {"kind", "severity", "text", "evidence"}
        assert row["kind"]
        assert row["severity"]
        assert row["text"].isprintable()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
def test_no_folder_is_certified(reports: dict[str, FolderReport], example: Example) -> None:
    openness = reports[example.name].report.openness
    assert openness.osaid.verdict in ("fails", "not verifiable")
    assert openness.mof.mof_class in ("none", "III")


def test_the_table_of_the_page_is_what_comes(reports: dict[str, FolderReport]) -> None:
    assert written(PAGE.read_text(encoding="utf-8")) == rows(reports.items())


def test_a_question_about_the_asker_is_settled_by_what_they_say(tmp_path: Path) -> None:
    place = lay(
        tmp_path / "Llama-3.2-1B",
        card("Llama 3.2", license="llama3.2", pipeline_tag="text-generation") | weights(),
    )
    many = check_folder(place, base=SHIPPED, users=900_000_000)
    few = check_folder(place, base=SHIPPED, users=1_000)
    assert verdict(many) == "no"
    assert ALLOWING.index(verdict(few)) < ALLOWING.index(verdict(many))


def test_a_license_that_leaves_out_europe_says_so_for_images(tmp_path: Path) -> None:
    place = lay(
        tmp_path / "Llama-3.2-11B-Vision",
        card("V", license="llama3.2", pipeline_tag="image-text-to-text") | weights(),
    )
    assert verdict(check_folder(place, base=SHIPPED, territory="DE")) == "no"
    assert verdict(check_folder(place, base=SHIPPED, territory="US", users=5)) != "no"


def test_one_file_alone_can_be_checked(tmp_path: Path) -> None:
    place = lay(tmp_path, gguf_file("m.gguf", architecture="llama", license="cc-by-nc-4.0"))
    report = check_folder(place / "m.gguf", base=SHIPPED)
    assert verdict(report) == "no"
    assert [file.path for file in report.files] == ["m.gguf"]


def test_a_license_file_alone_can_be_checked(tmp_path: Path) -> None:
    place = lay(tmp_path, {"LICENSE": apache()})
    report = check_folder(place / "LICENSE", base=SHIPPED)
    own = report.report.terms.own
    assert own is not None
    assert own.id == "Apache-2.0"
    assert report.report.level not in OPEN


def test_what_is_not_there_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(BrokenInput, match="nowhere"):
        check_folder(tmp_path / "nowhere", base=SHIPPED)


def a_tune(name: str, **files: bytes) -> Files:
    """A fine-tune of Llama 3.1 under its license, with a heading."""
    front = {"license": "llama3.1", "base_model": "meta-llama/Llama-3.1-8B"}
    return card(name, "Built with Llama.", **front) | weights() | files


def test_a_snapshot_of_the_cache_is_called_as_its_repository(tmp_path: Path) -> None:
    place = tmp_path / "models--lab--Llama-3.1-Wren" / "snapshots" / "0123abc"
    lay(place, a_tune("Llama 3.1 Wren"))
    assert "naming-duty" not in kinds(check_folder(place, base=SHIPPED))


def test_a_notice_that_says_something_else_is_not_the_notice(tmp_path: Path) -> None:
    report = check_folder(
        lay(tmp_path / "Llama-3.1-Wren", a_tune("Llama 3.1 Wren", NOTICE=b"Wren, by a lab.\n")),
        base=SHIPPED,
    )
    assert "missing-notice" in kinds(report)


@pytest.mark.parametrize("more", [{}, weights()], ids=["a card alone", "with weights"])
def test_a_tag_without_a_text_grants_nothing_for_sure(tmp_path: Path, more: Files) -> None:
    report = check_folder(lay(tmp_path / "W", card("W", license="mit") | more), base=SHIPPED)
    assert {p.verdict for p in report.report.permits} == {"conditional"}
    assert all("only its name" in p.because for p in report.report.permits)
    assert "tag-without-text" in kinds(report)


def test_a_tag_takes_away_as_much_as_a_text(tmp_path: Path) -> None:
    place = lay(tmp_path / "W", card("W", license="cc-by-nc-4.0") | weights())
    assert verdict(check_folder(place, base=SHIPPED)) == "no"


def test_a_tag_of_a_model_that_is_known_and_proven_is_enough(tmp_path: Path) -> None:
    place = lay(tmp_path / "Mistral-7B-v0.1", card("M", license="apache-2.0") | weights())
    fetched = Fetched("mistralai/Mistral-7B-v0.1")
    assert verdict(check_folder(place, base=SHIPPED, fetched=fetched)) == "yes"
    assert verdict(check_folder(place, base=SHIPPED)) == "conditional"
