"""Openness is decided by components and terms, and what is unknown never counts as open."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.judge.openness import LEVELS, Openness, openness
from freehold.knowledge.types import Component, Family
from tests.invented import SHIPPED, Book, a_component, a_family, a_license, made_from

CLOSED = a_license("Closed-1.0", limits=("non-commercial",), osi=False)
CONTENT = a_license("Content-1.0", osi=False, open_content=True)
ALL = tuple(a_component(kind) for kind in SHIPPED.words["components"] if kind != "public-api")


def judged(family: Family, *more: Any) -> Openness:
    """The verdicts on a family."""
    return openness(Book(CLOSED, CONTENT, family, *more), family)


def with_change(kind: str, **changes: Any) -> Family:
    """A release of which everything is out, but for one component."""
    changed = tuple(c if c.kind != kind else a_component(kind, **changes) for c in ALL)
    return a_family(components=changed)


def without(kind: str) -> Family:
    """A release of which nothing is known about one component."""
    return a_family(components=tuple(c for c in ALL if c.kind != kind))


def test_a_release_with_everything_out_is_fully_open_by_all_definitions() -> None:
    verdict = judged(a_family(components=ALL))
    assert verdict.level == "fully open"
    assert verdict.osaid.verdict == "meets"
    assert verdict.mof.mof_class == "I"
    assert verdict.osai.score == 1.0


def test_weights_alone_are_open_weights() -> None:
    verdict = judged(a_family())
    assert verdict.level == "open weights"
    assert verdict.osaid.verdict == "not verifiable"
    assert verdict.mof.mof_class == "none"


NEEDED = ("data-preprocessing-code", "training-code", "evaluation-code", "inference-code")


@pytest.mark.parametrize("kind", NEEDED)
def test_withheld_code_fails_the_definition(kind: str) -> None:
    verdict = judged(with_change(kind, state="withheld", license=None))
    assert verdict.osaid.verdict == "fails"
    assert verdict.level == "open weights"


@pytest.mark.parametrize("kind", NEEDED)
def test_unknown_code_cannot_be_verified(kind: str) -> None:
    assert judged(without(kind)).osaid.verdict == "not verifiable"


@pytest.mark.parametrize("kind", NEEDED)
def test_code_under_a_license_that_is_not_approved_fails(kind: str) -> None:
    assert judged(with_change(kind, license="Closed-1.0")).osaid.verdict == "fails"


def test_code_needs_a_license_for_programs_while_data_may_be_open_content() -> None:
    assert judged(with_change("training-code", license="Content-1.0")).osaid.verdict == "fails"
    assert judged(with_change("datasets", license="Content-1.0")).osaid.verdict == "meets"


def test_given_data_stand_for_an_account_of_them() -> None:
    assert judged(without("data-information")).osaid.verdict == "meets"


def test_withheld_data_without_an_account_fail() -> None:
    rows = [c for c in ALL if c.kind not in ("datasets", "data-information")]
    rows += [a_component(kind, "withheld", None) for kind in ("datasets", "data-information")]
    assert judged(a_family(components=tuple(rows))).osaid.verdict == "fails"


def test_a_partly_given_component_does_not_count_for_the_definition() -> None:
    verdict = judged(with_change("training-code", state="partial"))
    assert verdict.osaid.verdict == "fails"


def test_a_component_without_a_license_is_unknown() -> None:
    assert judged(with_change("training-code", license=None)).osaid.verdict == "not verifiable"


def test_a_rumor_of_a_release_is_unknown() -> None:
    rumor = Component(kind="training-code", state="released", source="rumor", license="Free-1.0")
    rows = tuple(rumor if c.kind == "training-code" else c for c in ALL)
    assert judged(a_family(components=rows)).osaid.verdict == "not verifiable"


def test_files_that_open_only_after_asking_are_not_given_to_everybody() -> None:
    verdict = judged(a_family(components=ALL, gated=True))
    assert verdict.osaid.verdict == "fails"
    assert verdict.level == "open weights"
    assert {d.id: d.answer for d in verdict.osai.dimensions}["end-weights"] == "partial"


def test_a_restricted_license_makes_restricted_weights() -> None:
    verdict = judged(with_change("model-parameters", license="Closed-1.0"))
    assert verdict.level == "restricted weights"


def test_weights_without_a_license_are_on_no_level() -> None:
    assert judged(a_family(license=None)).level == "unknown"


def test_a_model_made_from_closed_data_does_not_meet_the_definition() -> None:
    base = a_family(
        "base",
        components=(a_component("model-parameters"), a_component("training-code", "withheld")),
    )
    tuned = a_family("tuned", components=ALL, lineage=made_from("base"))
    verdict = judged(tuned, base)
    assert verdict.osaid.verdict == "fails"
    assert verdict.level == "open weights"


def test_a_model_made_from_a_restricted_one_is_restricted() -> None:
    base = a_family("base", license="Closed-1.0")
    assert judged(a_family("tuned", components=ALL, lineage=made_from("base")), base).level == (
        "restricted weights"
    )


def test_a_model_made_from_an_unknown_one_is_on_no_level() -> None:
    tuned = a_family("tuned", components=ALL, lineage=made_from("some/thing"))
    assert judged(tuned).level == "unknown"


@pytest.mark.parametrize(("api", "level"), [("released", "open API"), ("withheld", "proprietary")])
def test_a_service_is_an_open_api_only_when_anyone_may_sign_up(api: str, level: str) -> None:
    rows = (a_component("model-parameters", "withheld", None), a_component("public-api", api, None))
    assert judged(a_family(kind="service", members=(), components=rows)).level == level


def test_a_toolkit_is_judged_by_its_source_code() -> None:
    tool = a_family(kind="toolkit", members=(), components=(a_component("source-code"),))
    closed = a_family(
        kind="toolkit", members=(), components=(a_component("source-code", "withheld"),)
    )
    assert judged(tool).level == "fully open"
    assert judged(closed).level != "fully open"


def test_a_method_is_as_open_as_the_model_it_runs() -> None:
    base = a_family("base", license="Closed-1.0")
    method = a_family(
        "method", kind="method", members=(), components=(), lineage=made_from("base", "method")
    )
    assert judged(method, base).level == "restricted weights"


@pytest.mark.parametrize(
    ("missing", "reached"),
    [
        ("data-card", "none"),
        ("evaluation-data", "III"),
        ("datasets", "II"),
        ("sample-outputs", "I"),
    ],
)
def test_the_classes_of_the_framework_build_on_each_other(missing: str, reached: str) -> None:
    assert judged(without(missing)).mof.mof_class == reached


def test_a_paper_may_stand_for_the_technical_report() -> None:
    assert judged(without("technical-report")).mof.mof_class == "I"


def test_a_license_for_another_kind_of_content_counts_with_a_warning() -> None:
    code_only = a_license("Code-1.0", covers=("code",))
    family = with_change("datasets", license="Code-1.0")
    rows = {f.id: f for f in openness(Book(code_only, family), family).mof.criteria}
    assert rows["datasets"].answer == "yes"
    assert "not written for" in rows["datasets"].because


def test_the_index_counts_what_is_unknown_as_closed_and_says_how_much() -> None:
    verdict = judged(a_family()).osai
    assert verdict.unknown > 5
    assert verdict.score < 0.3


@given(st.data())
def test_taking_something_away_never_makes_a_release_more_open(data: st.DataObject) -> None:
    kept = data.draw(st.sets(st.sampled_from(ALL), min_size=1))
    gone = data.draw(st.sampled_from(sorted(kept, key=lambda c: c.kind)))
    more, less = (
        judged(a_family(components=tuple(kept))),
        judged(a_family(components=tuple(kept - {gone}))),
    )
    assert LEVELS.index(less.level) >= LEVELS.index(more.level)
    assert less.osai.score <= more.osai.score
    assert not (less.osaid.verdict == "meets" and more.osaid.verdict != "meets")
