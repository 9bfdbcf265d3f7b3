"""A right counts only when the text gives it and was read; limits count always."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.judge.licensing import RESTRICTIVE, USES, Situation, is_open, permit, permits
from freehold.knowledge.types import Outputs, Territory, Threshold, UsePolicy
from tests.invented import EVERYTHING, SHIPPED, a_license

SEPARATE = Threshold(
    metric="monthly-active-users",
    value=700_000_000,
    period="month",
    measured="release-date",
    effect="separate-license",
    clause="2",
)
REVENUE = Threshold(
    metric="annual-revenue",
    value=10_000_000,
    inclusive=True,
    period="year",
    measured="ongoing",
    effect="no-commercial",
    clause="5",
)


def test_a_permissive_license_allows_every_use() -> None:
    assert {p.verdict for p in permits(a_license())} == {"yes"}


def test_what_the_text_does_not_give_is_unknown() -> None:
    assert permit(a_license(permissions=("use",)), "host").verdict == "unknown"


def test_a_text_that_was_not_read_never_gives_a_yes() -> None:
    unread = a_license(read=False)
    assert {p.verdict for p in permits(unread)} == {"unknown"}


def test_limits_count_even_when_the_text_was_not_read() -> None:
    unread = a_license(read=False, limits=("non-commercial",))
    assert permit(unread, "commercial").verdict == "no"


@pytest.mark.parametrize(
    ("limit", "use"),
    [
        ("non-commercial", "commercial"),
        ("research-only", "commercial"),
        ("no-production", "host"),
        ("no-hosting", "host"),
        ("no-modification", "modify"),
        ("no-distribution", "redistribute"),
        ("no-training", "train-on-outputs"),
        ("non-commercial", "large-scale"),
    ],
)
def test_a_limit_refuses_the_use_it_is_about(limit: str, use: str) -> None:
    assert permit(a_license(limits=(limit,)), use).verdict == "no"


def test_a_non_commercial_license_allows_other_uses_only_under_that_condition() -> None:
    answer = permit(a_license(limits=("non-commercial",)), "modify")
    assert answer.verdict == "conditional"
    assert "only non-commercially" in answer.because


def test_a_use_policy_makes_every_use_conditional() -> None:
    policy = UsePolicy(where="linked", url="https://example.org/policy")
    limited = a_license(limits=("use-restrictions",), use_policy=policy)
    assert {p.verdict for p in permits(limited)} == {"conditional"}
    assert "https://example.org/policy" in permit(limited, "use").because


def test_a_threshold_is_conditional_until_the_size_is_said() -> None:
    limited = a_license(limits=("threshold",), thresholds=(SEPARATE,))
    assert permit(limited, "commercial").verdict == "conditional"
    assert permit(limited, "commercial", Situation(users=1000)).verdict == "yes"
    assert permit(limited, "commercial", Situation(users=700_000_000)).verdict == "yes"
    assert permit(limited, "commercial", Situation(users=700_000_001)).verdict == "no"
    assert permit(limited, "large-scale").verdict == "no"


def test_an_inclusive_threshold_begins_at_its_value() -> None:
    limited = a_license(limits=("threshold",), thresholds=(REVENUE,))
    assert permit(limited, "commercial", Situation(revenue=9_999_999)).verdict == "yes"
    assert permit(limited, "commercial", Situation(revenue=10_000_000)).verdict == "no"


def test_a_threshold_that_ends_commercial_use_leaves_private_use() -> None:
    limited = a_license(limits=("threshold",), thresholds=(REVENUE,))
    assert permit(limited, "use", Situation(revenue=10**9)).verdict == "yes"


def test_a_territory_clause_covers_its_members_and_its_modalities() -> None:
    eu = Territory(excluded=("EU",), modalities=("image",))
    limited = a_license(limits=("territory",), territory=eu)
    assert permit(limited, "use", Situation(territory="DE"), ("text", "image")).verdict == "no"
    assert permit(limited, "use", Situation(territory="DE"), ("text",)).verdict == "yes"
    assert permit(limited, "use", Situation(territory="US"), ("image",)).verdict == "yes"
    assert permit(limited, "eu", modalities=("image",)).verdict == "no"
    assert permit(limited, "use", modalities=("image",)).verdict == "conditional"


def test_outputs_may_train_others_only_when_the_text_says_so() -> None:
    forbidden = a_license(permissions=("use",), outputs=Outputs(training="forbidden"))
    conditional = a_license(permissions=("use",), outputs=Outputs(training="conditional"))
    assert permit(forbidden, "train-on-outputs").verdict == "no"
    assert permit(conditional, "train-on-outputs").verdict == "conditional"


def test_service_terms_hand_nothing_over() -> None:
    service = a_license(kind="service-terms", permissions=(), osi=False)
    assert permit(service, "modify").verdict == "no"
    assert permit(service, "commercial").verdict == "unknown"


@given(limits=st.sets(st.sampled_from(sorted(RESTRICTIVE)), min_size=1))
def test_no_license_with_a_restriction_is_open(limits: set[str]) -> None:
    assert not is_open(a_license(limits=tuple(limits), fsf=True, open_content=True))


@given(
    granted=st.sets(st.sampled_from(EVERYTHING)),
    limits=st.sets(st.sampled_from(sorted(SHIPPED.words["limits"]))),
    more=st.sampled_from(sorted(SHIPPED.words["limits"])),
    use=st.sampled_from(USES),
)
def test_one_more_limit_never_allows_more(
    granted: set[str], limits: set[str], more: str, use: str
) -> None:
    strictness = ["yes", "conditional", "unknown", "no"]
    fewer = permit(a_license(permissions=tuple(granted), limits=tuple(limits)), use)
    stricter = permit(a_license(permissions=tuple(granted), limits=(*limits, more)), use)
    assert strictness.index(stricter.verdict) >= strictness.index(fewer.verdict)


@given(
    granted=st.sets(st.sampled_from(EVERYTHING)),
    limits=st.sets(st.sampled_from(sorted(SHIPPED.words["limits"]))),
    use=st.sampled_from(USES),
)
def test_every_answer_says_why(granted: set[str], limits: set[str], use: str) -> None:
    answer = permit(a_license(permissions=tuple(granted), limits=tuple(limits)), use)
    assert answer.because.startswith("Free-1.0: ")
    assert len(answer.because) > len("Free-1.0: ")
