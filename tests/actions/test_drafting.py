"""A smaller model that drafts: of the same words, allowed, counted in the plan, kept if it wins."""

import sys
from pathlib import Path

import pytest

from freehold.actions.drafting import differs
from freehold.actions.plan import plan
from freehold.actions.run import Wishes, prepare
from freehold.actions.tune_engine import tune
from freehold.actions.tune_trying import Way
from freehold.actions.tuning import Tuned, kept_for, stale
from freehold.core.errors import UsageError
from freehold.formats.invented_llama import Shape, write_llama
from freehold.judge.fitting.parts import Parts, beside
from tests.actions.test_tune_engine import SMALL, trying
from tests.cli.running import freehold
from tests.engines.stubs import stub

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="engines need Linux or macOS")
LARGE = Shape(layers=4, width=128, feed=256, heads=4, kv_heads=2, context=2048)
LITTLE = Shape(layers=1, width=64, feed=128, heads=2, kv_heads=1, context=2048)


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FREEHOLD_LLAMA_SERVER", str(stub(tmp_path)))
    return written(tmp_path, "large", LARGE)


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    return written(tmp_path, "little", LITTLE)


def written(folder: Path, name: str, shape: Shape) -> Path:
    file = folder / f"{name}.gguf"
    write_llama(file, shape)
    return file


def test_the_draft_reaches_the_engine_and_its_memory_the_plan(model: Path, draft: Path) -> None:
    alone, helped = (
        prepare(model, Wishes(context=512)),
        prepare(model, Wishes(context=512, draft=draft)),
    )
    assert helped.job.draft == draft
    assert alone.plan is not None
    assert helped.plan is not None
    own, both = alone.plan.fitted.parts, helped.plan.fitted.parts
    assert both.weights - own.weights == pytest.approx(draft.stat().st_size, rel=0.3)
    assert both.state > own.state
    assert both.overhead == own.overhead
    assert any("which drafts" in note for note in helped.plan.notes)


def test_a_plan_counts_the_draft(model: Path, draft: Path) -> None:
    alone, both = plan(model, context=512), plan(model, context=512, draft=draft)
    assert both.fitted.parts.peak > alone.fitted.parts.peak
    assert both.form()["parts"]["weights"] > alone.form()["parts"]["weights"]


def test_two_models_in_one_process_have_its_overhead_once() -> None:
    one = Parts(weights=10, state=2, compute=3, overhead=7, loading=4, notes=("a",))
    two = Parts(weights=5, state=1, compute=1, overhead=7, loading=2, bound=True, notes=("a", "b"))
    both = beside(one, two)
    assert (both.total, both.loading, both.bound, both.notes) == (
        15 + 3 + 4 + 7,
        4,
        True,
        ("a", "b"),
    )


def test_a_model_of_other_words_cannot_draft(tmp_path: Path, model: Path) -> None:
    other = Shape(layers=1, width=64, feed=128, heads=2, kv_heads=1, vocabulary=900)
    file = written(tmp_path, "other", other)
    with pytest.raises(UsageError, match="one knows 512 tokens, the other 900"):
        prepare(model, Wishes(context=512, draft=file))


def test_one_changed_token_is_found_and_named(model: Path, draft: Path) -> None:
    data = draft.read_bytes()
    old = data.index(b"<0x41>")
    draft.write_bytes(data[:old] + b"<0xZZ>" + data[old + 6 :])
    assert differs(model, draft) == "token 68 is '<0x41>' in one and '<0xZZ>' in the other"
    assert differs(model, model) is None


def test_a_draft_must_be_smaller(model: Path) -> None:
    with pytest.raises(UsageError, match="no smaller"):
        prepare(model, Wishes(context=512, draft=model))


def test_nothing_drafts_for_vectors(model: Path, draft: Path) -> None:
    with pytest.raises(UsageError, match="nothing drafts"):
        prepare(model, Wishes(context=512, draft=draft), "feature-extraction")


@pytest.mark.parametrize("wins", [True, False])
def test_tuning_keeps_a_draft_only_where_it_wins(
    model: Path, draft: Path, monkeypatch: pytest.MonkeyPatch, wins: bool
) -> None:
    def speed(way: Way) -> float:
        return (150 if wins else 50) if way.job.draft else 100

    heard = trying(monkeypatch, speed)
    found = tune(model, workload=SMALL, draft=draft)
    assert any(way.job.draft for way in heard)
    assert heard[0].job.draft is None
    assert found.draft == (str(draft) if wins else None)
    ready = prepare(model, Wishes(context=512))
    assert ready.job.draft == (draft if wins else None)


def test_a_tuned_draft_that_is_gone_is_said(
    model: Path, draft: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trying(monkeypatch, lambda way: 150 if way.job.draft else 100)
    found: Tuned = tune(model, workload=SMALL, draft=draft)
    draft.unlink()
    assert stale(found) == "little.gguf, which drafted, is not there any more"
    ready = prepare(model, Wishes(context=512))
    assert ready.job.draft is None
    assert kept_for(found.digest) == found


def test_the_command_takes_a_draft_and_why_names_it(
    model: Path, draft: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = freehold(capsys, "run", str(model), "--draft", str(draft), "--why")
    assert "little.gguf proposes what to write" in done.out
