"""Vectors, ranking and moderation: the same numbers as the library's, from the published files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from freehold.core.errors import UsageError
from freehold.engines.base import Contract, Found
from freehold.tasks import feature_extraction as vectors
from freehold.tasks import text_classification as moderation
from freehold.tasks import text_ranking as ranking
from freehold.tasks.base import File
from freehold.tasks.feature_extraction import floats
from tests.runtimes.language import Maker, asking, expected, last, makers

pytestmark = pytest.mark.runtime

NAMES = (
    *("bge_m3", "e5", "embedqa", "rerankqa", "bge_reranker", "qwen3_reranker", "clip", "dinov2"),
    *("hap", "shieldgemma", "granite_guardian", "llama_guard"),
)
CLOSE = 1e-5


@pytest.fixture(scope="module")
def tiny(installed: Callable[[Contract], Found], tmp_path_factory: pytest.TempPathFactory) -> Maker:
    """A tiny model by its name."""
    return makers(installed, tmp_path_factory, "tiny_retrieval.py", (NAMES,))


def dense(result: Any) -> list[list[float]]:
    return [floats(vector) for vector in result.dense]


def near(wanted: Any) -> Any:
    return [pytest.approx(vector, abs=CLOSE) for vector in wanted]


def image(model: Path) -> File:
    return File(model / "picture.png", "image")


def test_bge_m3_gives_dense_sparse_and_many_vectors(tiny: Maker) -> None:
    model = tiny("bge_m3")
    told = expected(model)
    items = tuple(told["texts"])
    with asking(model, "feature-extraction") as running:
        one = last(running, vectors.Request(items=items))
        weights = last(running, vectors.Request(items=items, form="sparse"))
        many = last(running, vectors.Request(items=items, form="multi-vector"))
        with pytest.raises(UsageError, match="tokens and the model takes 64"):
            last(running, vectors.Request(items=("fox " * 99,)))
        cut = last(running, vectors.Request(items=("it", "fox " * 99), truncate=True))
    assert dense(one) == near(told["dense"])
    assert [pytest.approx(w, abs=CLOSE) for w in told["sparse"]] == list(weights.sparse)
    assert [floats(v) for v in many.several] == near(told["several"])
    assert cut.cut == (1,)


def test_pooling_prompts_and_linear_steps_come_from_the_files(tiny: Maker) -> None:
    model = tiny("e5")
    told = expected(model)
    with asking(model, "feature-extraction") as running:
        for role in ("query", "document", None):
            request = vectors.Request(items=tuple(told["texts"]), role=role, normalize=False)
            assert dense(last(running, request)) == near(told[role or "none"])
        with pytest.raises(UsageError, match="no sparse vectors"):
            last(running, vectors.Request(items=("it",), form="sparse"))
        with pytest.raises(UsageError, match="have 8 numbers"):
            last(running, vectors.Request(items=("it",), dimensions=9))


def test_a_llama_that_reads_in_both_directions(tiny: Maker) -> None:
    model = tiny("embedqa")
    told = expected(model)
    with asking(model, "feature-extraction") as running:
        result = last(running, vectors.Request(items=tuple(told["texts"])))
        bare = last(running, vectors.Request(items=("query: fox", "passage: fox")))
        question = last(running, vectors.Request(items=("fox",), role="query"))
        passage = last(running, vectors.Request(items=("fox",), role="document"))
    assert dense(result) == near(told["dense"])
    assert [*dense(question), *dense(passage)] == near(dense(bare))


@pytest.mark.parametrize("name", ["rerankqa", "bge_reranker", "qwen3_reranker"])
def test_documents_are_ranked_with_the_scores_of_the_library(name: str, tiny: Maker) -> None:
    model = tiny(name)
    told = expected(model)
    context = 1024 if name == "qwen3_reranker" else 200
    with asking(model, "text-ranking", context) as running:
        request = ranking.Request(query=told["query"], documents=tuple(told["texts"]))
        result = last(running, request)
        best = last(running, ranking.Request(query="fox", documents=("a", "fox"), top=1))
    scores = {one.index: one.score for one in result.ranked}
    assert [scores[n] for n in range(3)] == pytest.approx(told["scores"], abs=CLOSE)
    assert [one.score for one in result.ranked] == sorted(scores.values(), reverse=True)
    assert result.scale == "probability"
    assert len(best.ranked) == 1


def test_texts_and_pictures_in_one_space(tiny: Maker) -> None:
    model = tiny("clip")
    told = expected(model)
    with asking(model, "feature-extraction") as running:
        items = (*told["texts"], image(model))
        result = last(running, vectors.Request(items=items))
    assert dense(result) == near([*told["texts_"], told["image"]])
    with asking(model, "text-ranking") as running:
        request = ranking.Request(query=told["texts"][-1], documents=(image(model), "it"))
        found = last(running, request)
    scores = {one.index: one.score for one in found.ranked}
    assert scores[0] == pytest.approx(told["score"], abs=1e-4)
    assert found.scale == "logit"


def test_a_model_of_pictures_alone(tiny: Maker) -> None:
    model = tiny("dinov2")
    with asking(model, "feature-extraction") as running:
        result = last(running, vectors.Request(items=(image(model),)))
        with pytest.raises(UsageError, match="pictures only"):
            last(running, vectors.Request(items=("a text",)))
    assert dense(result) == near([expected(model)["image"]])


def test_a_classifier_tells_harm_only_where_labels_or_options_say_it(tiny: Maker) -> None:
    model = tiny("hap")
    told = expected(model)
    request = moderation.Request(items=tuple(told["texts"]), threshold=0.3)
    with asking(model, "text-classification", options={"unsafe": "LABEL_1"}) as running:
        result = last(running, request)
    scores = [verdict.scores["LABEL_1"] for verdict in result.verdicts]
    assert scores == pytest.approx(told["scores"], abs=CLOSE)
    assert [v.safe for v in result.verdicts] == [score < 0.3 for score in told["scores"]]
    with asking(model, "text-classification") as running:
        result = last(running, request)
    assert not result.harm
    assert "say nothing of harm" in " ".join(result.notes)


def test_a_guard_with_a_guideline_answers_yes_or_no(tiny: Maker) -> None:
    model = tiny("shieldgemma")
    told = expected(model)
    with asking(model, "text-classification") as running:
        request = moderation.Request(items=tuple(told["texts"]), policy="no dogs")
        result = last(running, request)
        own = last(running, moderation.Request(items=("it",)))
    scores = [verdict.scores["policy"] for verdict in result.verdicts]
    assert scores == pytest.approx(told["scores"], abs=CLOSE)
    assert set(own.verdicts[0].scores) == {"dangerous", "harassment", "hate", "sexual"}


def test_a_guard_with_named_risks_is_asked_for_each(tiny: Maker) -> None:
    model = tiny("granite_guardian")
    told = expected(model)
    request = moderation.Request(items=tuple(told["texts"]), categories=("harm", "violence"))
    with asking(model, "text-classification") as running:
        result = last(running, request)
    for risk, wanted in told["scores"].items():
        scores = [verdict.scores[risk] for verdict in result.verdicts]
        assert scores == pytest.approx(wanted, abs=CLOSE)


def test_a_guard_that_says_safe_or_unsafe(tiny: Maker) -> None:
    model = tiny("llama_guard")
    told = expected(model)
    with asking(model, "text-classification") as running:
        request = moderation.Request(items=tuple(told["texts"]), threshold=0.0)
        result = last(running, request)
        safe = last(running, moderation.Request(items=tuple(told["texts"]), threshold=1.0))
    scores = [verdict.scores["unsafe"] for verdict in result.verdicts]
    assert scores == pytest.approx(told["scores"], abs=CLOSE)
    first = [name.strip() for name in told["named"].splitlines()[0].split(",") if name.strip()]
    assert set(result.verdicts[0].scores) == {"unsafe", *first}
    assert [set(verdict.scores) for verdict in safe.verdicts] == [{"unsafe"}] * 3
