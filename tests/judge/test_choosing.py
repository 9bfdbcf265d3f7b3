"""Demands come first, then evidence, age and openness; the number of parameters never counts."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.judge.choosing import Candidate, Place, consider, near_misses, rank
from freehold.judge.fitting.first import GIB, Room
from freehold.judge.needs import Need, contradictions
from freehold.judge.quality import Evidence, evidence, ratings
from freehold.knowledge.types import Board, Family
from tests.invented import TODAY, Book, a_family, a_license, a_member

CLOSED = a_license("Closed-1.0", limits=("non-commercial",), osi=False)
NOTHING = Evidence((), {}, {})


def need(**changes: Any) -> Need:
    """A need for a chat model, with these changes."""
    return Need(**({"task": "text-generation"} | changes))


def considered(
    wanted: Need, *families: Family, found: Evidence = NOTHING, memory: int = 64 * GIB
) -> list[Candidate]:
    """All candidates among these families."""
    place = Place(Room("memory", memory), found, TODAY)
    return consider(wanted, Book(CLOSED, *families), families, place)


def ranked(wanted: Need, *families: Family, found: Evidence = NOTHING) -> list[str]:
    """The ids of the ranked members."""
    return [c.id for c in rank(considered(wanted, *families, found=found))]


def a_board(**changes: Any) -> Board:
    """A board that measures text generation in English."""
    facts: dict[str, Any] = {
        "id": "board",
        "schema": 1,
        "name": "The Board",
        "publisher": "Somebody",
        "tasks": ("text-generation",),
        "metric": "points",
        "unit": "points",
        "better": "higher",
        "url": "https://example.org",
        "license": "Free-1.0",
        "dated": TODAY,
        "checked": TODAY,
        "says": "Measures.",
    }
    return Board(**(facts | changes))


def test_what_is_measured_better_comes_first() -> None:
    board = a_board(results={"good-7b": 90.0, "bad-7b": 10.0})
    found = evidence([board], need(), {"good-7b", "bad-7b"})
    assert ranked(need(), a_family("bad"), a_family("good"), found=found) == ["good-7b", "bad-7b"]


def test_lower_is_better_where_the_board_says_so() -> None:
    board = a_board(better="lower", results={"good-7b": 5.0, "bad-7b": 20.0})
    found = evidence([board], need(), {"good-7b", "bad-7b"})
    assert ranked(need(), a_family("bad"), a_family("good"), found=found)[0] == "good-7b"


def test_without_measurements_the_newer_comes_first() -> None:
    old = a_family("old", released=date(2023, 1, 1))
    assert ranked(need(), old, a_family("new")) == ["new-7b", "old-7b"]


def test_of_equals_the_more_open_comes_first() -> None:
    closed = a_family("aaa", license="Closed-1.0")
    assert ranked(need(), closed, a_family("zzz")) == ["zzz-7b", "aaa-7b"]


@given(st.lists(st.integers(10**6, 10**11), min_size=2, max_size=6))
def test_the_number_of_parameters_never_moves_a_release(sizes: list[int]) -> None:
    families = [
        a_family(
            f"f{n}", released=date(2026, 1, 1 + n), members=(a_member(f"f{n}-x", parameters=size),)
        )
        for n, size in enumerate(sizes)
    ]
    place = Place(Room("memory", 10**15), NOTHING, TODAY)
    order = [c.id for c in rank(consider(need(), Book(*families), families, place), 9)]
    assert order == sorted(order, reverse=True)


def test_services_on_a_board_do_not_push_open_models_down() -> None:
    board = a_board(results={"gpt": 99.0, "claude": 98.0, "good-7b": 90.0, "bad-7b": 10.0})
    found = evidence([board], need(), {"good-7b", "bad-7b"})
    (good,) = found.results["good-7b"]
    assert (good.place, good.of) == (3, 4)
    assert found.ratings == {"good-7b": 1.0, "bad-7b": 0.5}
    assert "gpt" not in found.results


def test_the_first_of_a_few_small_models_is_not_rated_above_the_best_of_all() -> None:
    large = a_board(id="large", results={"a": 90, "b": 80, "c": 70, "d": 60, "small": 10})
    few = a_board(id="few", results={"small": 9.0, "tiny": 1.0, "toy": 0.5})
    rated = ratings([large, few], {"a", "b", "c", "d", "small", "tiny", "toy"})
    assert rated["a"] > rated["b"] > rated["small"] > rated["tiny"]
    assert rated["d"] > rated["small"]


def test_a_result_in_a_language_shows_that_a_multilingual_model_handles_it() -> None:
    board = a_board(languages=("fr",), results={"x-7b": 50.0, "y-7b": 40.0})
    found = evidence([board], need(languages=("fr",)), {"x-7b", "y-7b"})
    multilingual = a_family("x", languages=("mul", "en"))
    english = a_family("y", languages=("en",))
    assert ranked(need(languages=("fr",)), multilingual, english, found=found) == ["x-7b"]


def test_a_measured_model_never_counts_less_than_one_that_nobody_measured() -> None:
    found = evidence([a_board(results={"last-7b": 1.0, "x": 9.0})], need(), {"last-7b", "x"})
    measured, unmeasured = a_family("last"), a_family("zzz")
    assert ranked(need(), measured, unmeasured, found=found)[0] == "last-7b"


def test_one_member_stands_for_its_release_the_largest_that_runs_well() -> None:
    members = (a_member("x-1b", parameters=10**9), a_member("x-7b"))
    assert ranked(need(), a_family("x", members=members)) == ["x-7b"]


def test_a_measured_member_stands_for_its_release() -> None:
    members = (a_member("x-1b", parameters=10**9), a_member("x-7b"))
    found = evidence([a_board(results={"x-1b": 50.0, "other": 1.0})], need(), {"x-1b"})
    assert ranked(need(), a_family("x", members=members), found=found) == ["x-1b"]


def test_a_model_that_only_continues_text_gives_way_to_a_tuned_sibling() -> None:
    members = (a_member("x-base", tuning="base", parameters=9 * 10**9), a_member("x-chat"))
    assert ranked(need(), a_family("x", members=members)) == ["x-chat"]


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"uses": ("commercial",)}, "commercial not allowed"),
        ({"licenses": ("Free-1.0",)}, "license: Closed-1.0 is not Free-1.0"),
        ({"licenses": ("osi",)}, "license: Closed-1.0 is not osi"),
        ({"openness": "open weights"}, "openness: restricted weights, not open weights"),
        ({"languages": ("fr",)}, "language: fr is not among its languages"),
        ({"context": 100_000}, "context: 8,192 tokens, not 100,000"),
        ({"modalities": ("image",)}, "modality: no image"),
        ({"max_parameters": 10**9}, "parameters: 7,000,000,000, more than 1,000,000,000"),
        ({"not_from": ("FR",)}, "maker: from FR"),
    ],
)
def test_a_demand_that_is_not_met_refuses_with_its_reason(
    wanted: dict[str, Any], reason: str
) -> None:
    (candidate,) = considered(need(**wanted), a_family(license="Closed-1.0"))
    assert candidate.refusals[0].startswith(reason)


def test_a_model_that_is_too_large_is_refused_with_both_numbers() -> None:
    (candidate,) = considered(need(), a_family(), memory=2 * GIB)
    assert "needs about" in candidate.refusals[0]
    assert "2.0 GiB" in candidate.refusals[0]


def test_a_use_that_is_not_known_to_be_allowed_refuses() -> None:
    (candidate,) = considered(need(uses=("commercial",)), a_family(license=None))
    assert candidate.refusals[0].startswith("commercial not known to be allowed")


def test_many_languages_that_are_not_listed_are_not_taken_as_a_yes() -> None:
    (candidate,) = considered(need(languages=("fr",)), a_family(languages=("mul", "en")))
    assert candidate.refusals == ("language: whether it handles fr is not known",)


def test_near_misses_have_the_fewest_reasons_first_and_never_a_ranked_family() -> None:
    once = a_family("once", license="Closed-1.0")
    twice = a_family("twice", license="Closed-1.0", languages=("en",))
    good = a_family("good", languages=("fr",))
    once = a_family("once", license="Closed-1.0", languages=("fr",))
    rows = considered(need(uses=("commercial",), languages=("fr",)), once, twice, good)
    assert [c.family for c in near_misses(rows, rank(rows))] == ["once", "twice"]


def test_a_model_that_is_far_too_large_is_no_near_miss_before_one_that_almost_fits() -> None:
    large = a_family("aaa", members=(a_member("aaa-big", parameters=900 * 10**9),))
    close = a_family("zzz", members=(a_member("zzz-near", parameters=20 * 10**9),))
    rows = considered(need(), large, close, memory=10 * GIB)
    assert [c.family for c in near_misses(rows, [])] == ["zzz", "aaa"]


def test_services_and_toolkits_are_not_offered() -> None:
    assert ranked(need(), a_family("api", kind="service"), a_family("tool", kind="toolkit")) == []


def test_a_board_of_another_language_does_not_speak_for_this_one() -> None:
    french, english = a_board(id="fr", languages=("fr",)), a_board(id="en", languages=("en",))
    assert [b.id for b in evidence([french, english], need(languages=("fr",)), ()).boards] == ["fr"]
    assert [b.id for b in evidence([french, english], need(), ()).boards] == ["en"]


def test_a_board_of_one_ability_speaks_only_when_asked_or_when_no_other_does() -> None:
    code, chat = a_board(id="code", abilities=("code",)), a_board(id="chat")
    assert [b.id for b in evidence([code, chat], need(), ()).boards] == ["chat"]
    assert [b.id for b in evidence([code, chat], need(abilities=("code",)), ()).boards] == ["code"]
    assert [b.id for b in evidence([code], need(), ()).boards] == ["code"]


@pytest.mark.parametrize(
    ("wanted", "first", "second"),
    [
        (
            {"licenses": ("Closed-1.0",), "uses": ("commercial",)},
            "--license Closed-1.0",
            "--for commercial",
        ),
        (
            {"licenses": ("Closed-1.0",), "openness": "open weights"},
            "--license Closed-1.0",
            "--openness",
        ),
        ({"users": 10, "uses": ("large-scale",)}, "--users 10", "--for large-scale"),
        ({"territory": "US", "uses": ("eu",)}, "--territory US", "--for eu"),
        (
            {"task": "text-to-speech", "modalities": ("image",)},
            "--task text-to-speech",
            "--modality image",
        ),
    ],
)
def test_two_demands_that_cannot_both_hold_are_both_named(
    wanted: dict[str, Any], first: str, second: str
) -> None:
    ((one, other, why),) = contradictions(need(**wanted), Book(CLOSED))
    assert one == first
    assert other.startswith(second)
    assert why


def test_demands_that_can_hold_together_are_no_contradiction() -> None:
    together = need(licenses=("Closed-1.0", "Free-1.0"), uses=("commercial",), territory="DE")
    assert list(contradictions(together, Book(CLOSED))) == []


def test_a_member_that_fits_only_with_a_shorter_context_yields_to_one_that_fits_whole() -> None:
    large = a_member("big-7b", parameters=7_000_000_000, kv_bytes_per_token=400_000)
    small = a_member("big-3b", parameters=3_000_000_000, kv_bytes_per_token=100_000)
    family = a_family("big", members=(large, small), context=8192)
    found = considered(need(), family, memory=6 * GIB)
    assert {c.id: c.found.fit.fits for c in found} == {"big-7b": "shorter", "big-3b": "yes"}
    assert [c.id for c in rank(found)] == ["big-3b"]
    asked = considered(need(context=8192), family, memory=6 * GIB)
    assert [c.id for c in asked if not c.refusals] == ["big-3b"]
