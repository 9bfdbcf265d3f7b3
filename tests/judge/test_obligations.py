"""Obligations are a list a person can work through: what, when, and the exact text."""

from freehold.judge.obligations import _WHEN, OCCASIONS, obligations, relevant
from freehold.knowledge.types import Duty, UsePolicy
from tests.invented import SHIPPED, a_license

SENTENCES = SHIPPED.words["conditions"]
SHOWN = Duty(kind="display", when="product", string="Built with Lama", where="a page", clause="1")


def test_every_condition_has_an_occasion_and_every_occasion_a_sentence() -> None:
    assert _WHEN.keys() == SENTENCES.keys()
    assert set(_WHEN.values()) <= OCCASIONS.keys()
    assert SHIPPED.words["occasions"].keys() <= OCCASIONS.keys()


def test_a_duty_names_the_exact_text_and_the_place() -> None:
    (row,) = obligations(a_license(duties=(SHOWN,)), SENTENCES)
    assert row.text == "Built with Lama"
    assert row.do == "Show “Built with Lama” (a page)."
    assert row.when == "product"


def test_a_condition_that_a_duty_spells_out_is_not_repeated() -> None:
    rows = obligations(a_license(duties=(SHOWN,), conditions=("display", "attribution")), SENTENCES)
    assert [row.do for row in rows] == [
        "Show “Built with Lama” (a page).",
        "Name the author, the source and the license.",
    ]


def test_a_use_policy_is_an_obligation_and_says_when_it_may_change() -> None:
    policy = UsePolicy(where="linked", url="https://example.org/p", moving=True)
    (row,) = obligations(a_license(use_policy=policy), SENTENCES)
    assert "https://example.org/p" in row.do
    assert "look again" in row.do


def test_private_use_calls_up_no_duties_of_distribution() -> None:
    rows = obligations(a_license(conditions=("include-license", "report")), SENTENCES)
    assert [row.when for row in relevant(rows, ["use"])] == ["always"]
    assert {row.when for row in relevant(rows, ["redistribute"])} == {"always", "distribute"}


def test_without_a_stated_use_everything_is_listed() -> None:
    rows = obligations(a_license(conditions=("include-license", "report")), SENTENCES)
    assert relevant(rows, []) == rows
