"""`choose` on the facts that ship: real needs, and nothing forbidden is offered."""

from datetime import date

import pytest

import freehold
from freehold.core.errors import Contradiction, NotFound, UsageError
from freehold.knowledge.base import KnowledgeBase
from tests.invented import TODAY

GIB = 2**30
TASKS = [
    "chat",
    "code",
    "vision",
    "embed",
    "rerank",
    "transcribe",
    "tts",
    "image",
    "video",
    "guard",
    "forecast",
]


@pytest.mark.parametrize("task", TASKS)
def test_every_common_task_has_an_answer_for_a_business(shipped: KnowledgeBase, task: str) -> None:
    choice = freehold.choose(task, uses=["commercial"], memory=48 * GIB, base=shipped, today=TODAY)
    assert 1 <= len(choice.ranked) <= 5
    for candidate in choice.ranked:
        permit = next(p for p in candidate.found.permits if p.use == "commercial")
        assert permit.verdict in ("yes", "conditional")
        assert choice.reasons(candidate)


def test_non_commercial_models_are_near_misses_with_their_reason(shipped: KnowledgeBase) -> None:
    choice = freehold.choose(
        "image", uses=["commercial"], memory=200 * GIB, base=shipped, today=TODAY, most=20
    )
    assert "flux.1-dev" not in {c.family for c in choice.ranked}
    assert "jukebox" not in {c.family for c in choice.ranked}


def test_the_eu_is_kept_from_models_that_are_not_licensed_there(shipped: KnowledgeBase) -> None:
    choice = freehold.choose(
        "vision",
        territory="DE",
        uses=["use"],
        memory=999 * GIB,
        base=shipped,
        today=TODAY,
        most=20,
    )
    ids = {candidate.id for candidate in choice.ranked}
    assert not {id for id in ids if id.startswith("llama-3.2")}


def test_only_osi_licenses_when_asked(shipped: KnowledgeBase) -> None:
    choice = freehold.choose("chat", licenses=["osi"], memory=64 * GIB, base=shipped, today=TODAY)
    for candidate in choice.ranked:
        for binding in candidate.found.terms.bindings:
            if binding.binds:
                assert binding.license is not None
                assert binding.license.osi


def test_like_a_service_means_its_task_without_itself(shipped: KnowledgeBase) -> None:
    choice = freehold.choose(like="GPT-4o", memory=64 * GIB, base=shipped, today=TODAY)
    assert choice.need.like == "gpt-4o"
    assert "image" in choice.need.inputs
    assert choice.ranked
    assert all(c.found.family.kind == "model" for c in choice.ranked)


def test_like_and_another_task_contradict_each_other(shipped: KnowledgeBase) -> None:
    with pytest.raises(Contradiction, match="--task text-to-image and --like gpt-4o"):
        freehold.choose("image", like="gpt-4o", memory=GIB, base=shipped)


def test_like_a_toolkit_asks_for_a_task(shipped: KnowledgeBase) -> None:
    with pytest.raises(UsageError, match="toolkit without a task"):
        freehold.choose(like="pytorch", memory=GIB, base=shipped)


def test_no_need_at_all_is_wrong_usage(shipped: KnowledgeBase) -> None:
    with pytest.raises(UsageError, match="say what the model is for"):
        freehold.choose(base=shipped)


def test_the_same_need_gives_the_same_answer(shipped: KnowledgeBase) -> None:
    one, other = (
        freehold.choose("embed", memory=16 * GIB, base=shipped, today=TODAY).form()
        for _ in range(2)
    )
    assert one == other


def test_evidence_carries_its_date_and_place(shipped: KnowledgeBase) -> None:
    choice = freehold.choose(
        "transcribe", languages=["English"], memory=16 * GIB, base=shipped, today=TODAY
    )
    best = choice.ranked[0]
    assert best.standings
    assert best.standings[0].dated <= date.today()
    assert "place" in choice.reasons(best)[0]


def test_missing_evidence_is_said(shipped: KnowledgeBase) -> None:
    choice = freehold.choose("text-to-audio", memory=64 * GIB, base=shipped, today=TODAY)
    assert any("no public measurement" in choice.reasons(c)[0] for c in choice.ranked)


def test_unknown_words_are_refused_with_the_nearest(shipped: KnowledgeBase) -> None:
    with pytest.raises(NotFound, match="French"):
        freehold.choose("chat", languages=["Frnch"], memory=GIB, base=shipped)
