"""llama.cpp with a smaller model that drafts: the answer is the same, right drafts are taken."""

from pathlib import Path
from typing import Any

import pytest

from freehold.engines.base import ENGINES, start
from freehold.engines.hosting.llama_tuning import draft_parameters, draft_words, guess_words
from freehold.engines.hosting.loop import wait
from freehold.formats.invented_llama import Shape
from freehold.tasks.text_generation import Request, Result
from tests.engines.stubs import job, tiny
from tests.gguf_models.told import write_told

LITTLE = Shape(layers=1, width=64, feed=128, heads=2, kv_heads=1, context=2048)
SAYS = ("one ", "two ", "three ", "four")


@pytest.fixture(autouse=True)
def _only_the_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


def written(model: Path, draft: Path | None) -> tuple[str, dict[str, Any]]:
    """What a model writes with this help, and what its server counted."""
    pytest.importorskip("xllamacpp")
    asked = {"prompt": "x", "max_tokens": 24, "temperature": 0.0}
    with start(ENGINES.get("llama.cpp"), job(model, draft=draft)) as running:
        *_, result = running.ask(Request(text="x", max_tokens=24, seed=1, temperature=0.0))
        told = wait(running.wire.post("/v1/completions", asked))
    assert isinstance(result, Result)
    return result.text, told["timings"]


def test_drafts_that_are_right_are_taken(tmp_path: Path) -> None:
    (tmp_path / "beside").mkdir()
    model = write_told(tmp_path / "told.gguf", SAYS)
    text, times = written(model, write_told(tmp_path / "beside" / "draft.gguf", SAYS))
    assert text == "".join(SAYS)
    assert times["draft_n_accepted"] > 0


def test_drafts_that_are_wrong_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "beside").mkdir()
    model = write_told(tmp_path / "told.gguf", SAYS)
    data, forgotten = model.read_bytes(), model.stat().st_size // 4
    draft = tmp_path / "beside" / "draft.gguf"
    draft.write_bytes(data[:-forgotten] + bytes(forgotten))
    text, times = written(model, draft)
    assert text == "".join(SAYS)
    assert times["draft_n"] > times["draft_n_accepted"]


def test_both_ways_to_start_llama_cpp_are_told_of_the_draft(tmp_path: Path) -> None:
    told = job(tiny(tmp_path), draft=tmp_path / "draft.gguf")
    words = dict[str, str](draft_words(told, 7))  # type: ignore[arg-type]
    assert words["--spec-type"] == "draft-simple"
    assert words["--spec-draft-model"] == str(told.draft)
    assert words["--spec-draft-ngl"] == "7"
    assert words["--spec-draft-type-k"] == "f16"
    assert draft_parameters(told, 7)["speculative.draft.mparams.path"] == str(told.draft)
    assert draft_words(job(told.model), 7) == []
    assert guess_words(told) == []
