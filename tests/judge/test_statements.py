"""What is said of a model is held against what holds; contradictions and open-washing are named."""

import pytest

from freehold.core.counts import spoken
from freehold.judge.claims import RULES, Case
from freehold.judge.openness import openness
from freehold.judge.statements import Judged, judge_statements
from freehold.judge.terms import terms
from freehold.knowledge.types import Family, Statement
from tests.invented import SHIPPED, Book, a_family, a_license, a_member, made_from, said

CLOSED = a_license("Closed-1.0", limits=("non-commercial",), osi=False)


def judged(family: Family, *statements: Statement) -> list[Judged]:
    """The statements after judgment, as if they stood in the family's file."""
    changed = a_family(
        **{n: getattr(family, n) for n in family.__struct_fields__} | {"statements": statements}
    )
    book = Book(CLOSED, changed)
    case = Case(book, changed, None, terms(book, changed), openness(book, changed))
    return list(judge_statements(case))


def test_every_word_of_the_vocabulary_has_a_rule() -> None:
    assert RULES.keys() == SHIPPED.words["claims"].keys()


def test_a_right_license_holds_and_a_wrong_one_is_contradicted() -> None:
    right, wrong = judged(
        a_family(), said("license", license="Free-1.0"), said("license", license="Closed-1.0")
    )
    assert right.standing == "holds"
    assert wrong.standing == "contradicted"
    assert wrong.holds == "Free-1.0"
    assert "nearer to it than the word of The Newspaper" in wrong.because


def test_claiming_an_open_license_for_a_restricted_model_is_open_washing() -> None:
    (claim,) = judged(a_family(license="Closed-1.0"), said("license", license="Free-1.0"))
    assert claim.standing == "contradicted"
    assert claim.open_washing


def test_claiming_a_stricter_license_is_wrong_but_no_open_washing() -> None:
    (claim,) = judged(a_family(), said("license", license="Closed-1.0"))
    assert claim.standing == "contradicted"
    assert not claim.open_washing


def test_an_equal_word_of_the_publisher_makes_a_contradiction_where_the_stricter_holds() -> None:
    (claim,) = judged(a_family(), said("license", license="Closed-1.0", source="paper"))
    assert claim.standing == "contradicted"
    assert "stricter" in claim.because


@pytest.mark.parametrize("claim", ["open-source", "fully-open"])
def test_open_weights_alone_are_not_open_source(claim: str) -> None:
    (row,) = judged(a_family(), said("openness", claim=claim))
    assert row.standing == "contradicted"
    assert row.open_washing
    assert row.holds == "open weights"


def test_a_claim_about_the_definition_stays_open_while_facts_are_missing() -> None:
    (row,) = judged(a_family(), said("openness", claim="osaid-compliant"))
    assert row.standing == "not verifiable"
    assert not row.open_washing


def test_research_only_is_contradicted_by_a_license_that_allows_business() -> None:
    (row,) = judged(a_family(), said("use", claim="research-only"))
    assert row.standing == "contradicted"


def test_unrestricted_is_contradicted_by_inherited_limits() -> None:
    family = a_family(lineage=made_from("base"))
    changed = a_family(lineage=family.lineage, statements=(said("use", claim="unrestricted"),))
    book = Book(CLOSED, a_family("base", license="Closed-1.0"), changed)
    case = Case(book, changed, None, terms(book, changed), openness(book, changed))
    (row,) = judge_statements(case)
    assert row.standing == "contradicted"
    assert row.open_washing


def test_sizes_are_compared_as_people_round_them() -> None:
    family = a_family(members=(a_member("x-8b", parameters=8_030_000_000),))
    near, far = judged(
        family, said("sizes", sizes=(8_000_000_000,)), said("sizes", sizes=(405_000_000_000,))
    )
    assert near.standing == "holds"
    assert far.standing == "contradicted"
    assert "405B" in far.because


def test_own_terms_hold_only_where_the_license_is_no_standard_one() -> None:
    own = a_license("LicenseRef-mine-1.0", limits=("threshold",), osi=False)
    family = a_family(
        license="LicenseRef-mine-1.0", statements=(said("license", claim="custom-terms"),)
    )
    book = Book(own, family)
    (row,) = judge_statements(Case(book, family, None, terms(book, family), openness(book, family)))
    assert row.standing == "holds"
    (row,) = judged(a_family(), said("license", claim="custom-terms"))
    assert row.standing == "contradicted"


def test_one_license_for_all_is_contradicted_when_a_member_differs() -> None:
    members = (a_member("thing-3b", license="Closed-1.0"), a_member("thing-7b"))
    (row,) = judged(a_family(members=members), said("license", license="Free-1.0"))
    assert row.standing == "contradicted"
    assert "thing-3b is under Closed-1.0" in row.because


def test_a_statement_about_a_member_is_judged_by_that_member() -> None:
    members = (a_member("thing-3b", license="Closed-1.0"), a_member("thing-7b"))
    statement = said("license", license="Free-1.0", members=("thing-7b",))
    (row,) = judged(a_family(members=members), statement)
    assert row.standing == "holds"


def test_a_statement_about_one_member_does_not_concern_another() -> None:
    about = said("license", license="Closed-1.0", members=("thing-7b",))
    other = a_member("other")
    family = a_family(members=(a_member("thing-7b"), other), statements=(about,))
    book = Book(CLOSED, family)
    case = Case(book, family, other, terms(book, family, other), openness(book, family, other))
    assert judge_statements(case) == ()


@pytest.mark.parametrize(
    ("size", "words"),
    [(8_030_000_000, "8.03B"), (568_000_000, "568M"), (1_600_000_000_000, "1.6T"), (12, "12")],
)
def test_counts_are_spoken_as_people_say_them(size: int, words: str) -> None:
    assert spoken(size) == words
