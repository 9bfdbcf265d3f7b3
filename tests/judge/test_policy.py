"""What policies say: every rule by fact and name, the stricter counts, waivers end."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from freehold.judge.openness import grade
from freehold.judge.policy import OUTCOMES, Decision, Subject, asked, decide
from freehold.judge.policy_subject import subject
from freehold.judge.terms import terms
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.policy_types import (
    Files,
    Formats,
    Memory,
    Names,
    Openness,
    Placed,
    Policy,
    Tasks,
    Use,
    Waiver,
)
from freehold.knowledge.search import find_model

TODAY = date(2026, 11, 27)
SLOWLY = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def looked_at(base: KnowledgeBase, name: str) -> Subject:
    """A model as a policy sees it."""
    family, member = find_model(base, name)
    bound = terms(base, family, member)
    return subject(base, family, member, bound, grade(base, family, member, bound)[0])


def says(policy: Policy, seen: Subject, today: date = TODAY) -> Decision:
    """What one policy of the user says."""
    return decide((placed(policy),), seen, today)


def placed(policy: Policy, where: Any = "user") -> Placed:
    return Placed(where, "policy.toml", "0" * 64, policy)


def enforced(**rules: Any) -> Policy:
    return Policy(schema=1, mode="enforce", **rules)


def rules(decision: Decision) -> list[str]:
    return [objection.rule for objection in decision.objections]


@pytest.fixture
def llama(shipped: KnowledgeBase) -> Subject:
    return looked_at(shipped, "llama-3.2-1b")


@pytest.fixture
def apertus(shipped: KnowledgeBase) -> Subject:
    return looked_at(shipped, "apertus")


@pytest.mark.parametrize(
    ("broken", "rule", "fact"),
    [
        ({"licenses": Names(allow=("osi",))}, "licenses.allow", "is not allowed"),
        (
            {"licenses": Names(deny=("LicenseRef-scancode-llama-3.2-license-2024",))},
            "licenses.deny",
            "is denied",
        ),
        ({"openness": Openness(least="open weights")}, "openness.least", "restricted weights"),
        ({"openness": Openness(mof_class="I")}, "openness.mof-class", "not I"),
        ({"publishers": Names(deny=("us",))}, "publishers.deny", "US is denied"),
        ({"publishers": Names(allow=("Mistral AI", "FR"))}, "publishers.allow", "not among"),
        ({"tasks": Tasks(deny=("text-generation",))}, "tasks.deny", "text-generation"),
        ({"tasks": Tasks(allow=("text-to-image",))}, "tasks.allow", "not among"),
        (
            {"use": Use(permissions=("commercial",), users=800_000_000)},
            "use.permissions",
            "commercial is not",
        ),
    ],
)
def test_each_rule_objects_by_its_name_and_the_fact(
    llama: Subject, broken: dict[str, Any], rule: str, fact: str
) -> None:
    decision = says(enforced(**broken), llama)
    assert rules(decision)[0] == rule
    assert fact in decision.objections[0].fact
    assert decision.refused


def test_a_model_that_keeps_every_rule_is_allowed(apertus: Subject) -> None:
    strict = enforced(
        licenses=Names(allow=("osi",)),
        use=Use(permissions=("commercial", "modify", "host"), territory="DE"),
        openness=Openness(least="open weights", mof_class="III"),
        publishers=Names(allow=("ch",)),
        tasks=Tasks(allow=("text-generation",)),
    )
    assert says(strict, replace(apertus, mof_class=lambda: "II")) == Decision()


@pytest.mark.parametrize(
    ("seen", "broken"),
    [
        ({"source": "url"}, ["sources.allow"]),
        ({"source": "folder"}, []),
        ({"formats": ("safetensors", "pytorch")}, ["formats.allow", "formats.deny"]),
        ({"formats": ()}, ["formats.allow"]),
        ({"formats": ("safetensors",)}, []),
        ({"signed": False}, ["files.signature"]),
        ({"signed": True}, []),
        ({"remote_code": True}, ["files.remote-code"]),
        ({"memory_share": 0.9}, ["memory.share"]),
        ({"memory_share": 0.8}, []),
    ],
)
def test_files_are_judged_once_there_are_files(
    apertus: Subject, seen: dict[str, Any], broken: list[str]
) -> None:
    policy = enforced(
        sources=Names(allow=("folder",)),
        formats=Formats(allow=("safetensors",), deny=("pytorch",)),
        files=Files(signature=True, remote_code=False),
        memory=Memory(share=0.8),
    )
    assert len(says(policy, apertus).unjudged) == 6
    decision = says(policy, replace(apertus, **seen))
    assert rules(decision) == broken
    assert len(decision.unjudged) < 6


def test_who_took_part_in_a_model_can_be_denied_and_does_not_alone_allow_it(
    apertus: Subject,
) -> None:
    joint = replace(apertus, makers=("HKU and ByteDance", "CN"))
    assert rules(says(enforced(publishers=Names(deny=("bytedance",))), joint)) == [
        "publishers.deny"
    ]
    assert rules(says(enforced(publishers=Names(allow=("ByteDance",))), joint)) == [
        "publishers.allow"
    ]


def test_a_publisher_or_task_that_is_not_known_may_be_one_that_is_denied(apertus: Subject) -> None:
    policy = enforced(publishers=Names(deny=("CN",)), tasks=Tasks(deny=("summarization",)))
    assert rules(says(policy, apertus)) == []
    unknown = replace(apertus, makers=(), tasks=())
    assert rules(says(policy, unknown)) == ["publishers.deny", "tasks.deny"]


def test_a_license_that_is_not_known_is_never_on_a_list(apertus: Subject) -> None:
    unknown = replace(apertus, terms=replace(apertus.terms, bindings=()))
    assert rules(says(enforced(licenses=Names(allow=("osi",))), unknown)) == ["licenses.allow"]
    assert rules(says(enforced(licenses=Names(deny=("osi",))), unknown)) == ["licenses.deny"]
    both = Names(allow=("osi",), deny=("MIT",))
    assert rules(says(enforced(licenses=both), unknown)) == ["licenses.allow", "licenses.deny"]
    unread = replace(apertus.terms.bindings[0], license=None)
    bound = replace(apertus, terms=replace(apertus.terms, bindings=(unread,)))
    assert rules(says(enforced(licenses=Names(deny=("MIT",))), bound)) == ["licenses.deny"]


@pytest.mark.parametrize(
    ("mode", "outcome"),
    [("advise", "advised against"), ("audit", "noted"), ("enforce", "refused")],
)
def test_the_mode_says_what_an_objection_does(llama: Subject, mode: str, outcome: str) -> None:
    policy = Policy(schema=1, mode=mode, licenses=Names(allow=("osi",)))
    decision = says(policy, llama)
    assert decision.outcome == outcome
    assert decision.refused == (mode == "enforce")


def waiver(until: date, model: str = "llama-3.2-1b", rule: str = "licenses.allow") -> Waiver:
    return Waiver(rule=rule, model=model, reason="Contract", person="Ada", until=until)


def test_a_waiver_lifts_its_rule_for_its_model_through_its_last_day(llama: Subject) -> None:
    policy = enforced(licenses=Names(allow=("osi",)), waivers=(waiver(TODAY),))
    assert says(policy, llama).outcome == "allowed"
    assert "set aside until 2026-11-27 by Ada" in str(says(policy, llama).objections[0])
    late = says(policy, llama, date(2026, 11, 28))
    assert late.refused
    assert "ended on 2026-11-27" in str(late.objections[0])


@pytest.mark.parametrize(
    "other", [waiver(TODAY, "llama-3.1-8b"), waiver(TODAY, rule="licenses.deny")]
)
def test_a_waiver_lifts_nothing_else(llama: Subject, other: Waiver) -> None:
    assert says(enforced(licenses=Names(allow=("osi",)), waivers=(other,)), llama).refused


def test_the_waiver_of_a_user_does_not_lift_the_rule_of_the_organization(llama: Subject) -> None:
    rule = enforced(licenses=Names(allow=("osi",)))
    waived = replace(rule, waivers=(waiver(TODAY),))
    for both in (
        (placed(rule, "organization"), placed(waived)),
        (placed(waived, "organization"), placed(rule)),
    ):
        assert decide(both, llama, TODAY).refused
    assert not decide((placed(waived, "organization"), placed(waived)), llama, TODAY).refused


NAMES = st.lists(st.sampled_from(["US", "FR", "Meta", "osi"]), max_size=2).map(tuple)
POLICIES = st.builds(
    Policy,
    schema=st.just(1),
    mode=st.sampled_from(["advise", "enforce", "audit"]),
    publishers=st.builds(Names, allow=NAMES, deny=NAMES),
    licenses=st.builds(Names, allow=st.just(()) | st.just(("osi",)), deny=st.just(())),
    openness=st.builds(Openness, least=st.none() | st.just("open weights")),
    waivers=st.lists(st.just(waiver(TODAY)), max_size=1).map(tuple),
)


@given(st.lists(POLICIES, max_size=3), POLICIES)
@SLOWLY
def test_one_more_policy_never_allows_more(
    llama: Subject, held: list[Policy], more: Policy
) -> None:
    before = decide([placed(p) for p in held], llama, TODAY)
    after = decide([placed(p) for p in (*held, more)], llama, TODAY)
    assert OUTCOMES.index(after.outcome) >= OUTCOMES.index(before.outcome)
    assert after.objections[: len(before.objections)] == before.objections


@given(POLICIES)
@SLOWLY
def test_every_rule_is_judged_or_named_as_not_judged(llama: Subject, policy: Policy) -> None:
    decision = says(policy, llama)
    assert {*rules(decision), *decision.unjudged} <= {*asked(policy)}


def test_every_rule_has_its_sentence(shipped: KnowledgeBase) -> None:
    everything = Policy(
        schema=1, mode="advise", licenses=Names(allow=("a",), deny=("a",)),
        publishers=Names(allow=("a",), deny=("a",)), tasks=Tasks(allow=("a",), deny=("a",)),
        sources=Names(allow=("a",), deny=("a",)), formats=Formats(allow=("a",), deny=("a",)),
        use=Use(permissions=("use",)), openness=Openness(least="a", mof_class="I"),
        files=Files(signature=True, remote_code=False), memory=Memory(share=0.5),
    )  # fmt: skip
    assert {*asked(everything)} == {*shipped.words["policy-rules"]}


def everybody(base: KnowledgeBase) -> Iterator[str]:
    """Every fortieth family."""
    return (family.id for n, family in enumerate(base.families()) if n % 40 == 0)


def test_a_policy_that_asks_for_nothing_objects_to_nothing(shipped: KnowledgeBase) -> None:
    for name in everybody(shipped):
        assert says(enforced(), looked_at(shipped, name)) == Decision()
