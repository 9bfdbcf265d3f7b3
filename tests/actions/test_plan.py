"""A plan tells what a model takes, part by part, whether it fits, and what would make it fit."""

import pytest

from freehold.actions.plan import Plan, plan
from freehold.core.errors import FreeholdError, NotFound, UsageError
from freehold.knowledge.base import KnowledgeBase
from freehold.store.ledger import Ledger

GIB = 2**30


def planned(base: KnowledgeBase, model: str = "llama-3.2-1b", **wishes: object) -> Plan:
    return plan(model, base=base, **wishes)  # type: ignore[arg-type]


def test_parts_add_up_and_the_form_has_what_scripts_rely_on(shipped: KnowledgeBase) -> None:
    form = planned(shipped, context=8192, memory=8 * GIB).form()
    assert form["fits"] is True
    assert form["peak"] >= sum(form["parts"].values())
    assert {"model", "engine", "fits", "parts", "peak", "limits", "speed", "notes"} <= form.keys()
    assert form["parts"].keys() == {"weights", "state", "compute", "overhead"}
    assert form["limits"].keys() == {"context", "parallel"}


def test_the_widest_precision_that_fits_is_taken_where_it_is_fluent(shipped: KnowledgeBase) -> None:
    card = {"on": "RTX 4090"}
    assert planned(shipped, memory=8 * GIB, **card).precision == "f16"
    assert planned(shipped, memory=2 * GIB, **card).precision == "q8_0"


def test_a_narrower_precision_is_taken_where_the_widest_is_too_slow_to_read_along(
    shipped: KnowledgeBase,
) -> None:
    assert planned(shipped, memory=8 * GIB).precision == "q8_0"
    assert planned(shipped, "qwen3-8b", memory=30 * GIB).precision == "q4_K_M"


def test_a_precision_that_was_said_is_taken(shipped: KnowledgeBase) -> None:
    assert planned(shipped, precision="Q4_K_M", memory=8 * GIB).precision == "q4_K_M"


def test_what_does_not_fit_says_what_would_make_it_fit(shipped: KnowledgeBase) -> None:
    found = planned(shipped, "qwen3-8b", context=32768, memory=8 * GIB)
    assert not found.fitted.fits
    assert found.fitted.ways
    for way in found.fitted.ways:
        assert way.peak <= 8 * GIB


def test_narrower_keys_and_values_take_less(shipped: KnowledgeBase) -> None:
    wide, narrow = (planned(shipped, kv=kv, memory=8 * GIB) for kv in ("f16", "q8_0"))
    assert narrow.fitted.parts.state < wide.fitted.parts.state
    assert narrow.fitted.limits.parallel > wide.fitted.limits.parallel


def test_a_context_beyond_what_it_was_made_for_is_refused_with_both_numbers(
    shipped: KnowledgeBase,
) -> None:
    with pytest.raises(UsageError, match=r"131,072 tokens, not 1,000,000"):
        planned(shipped, context=1_000_000)


def test_a_family_of_several_members_asks_which_one(shipped: KnowledgeBase) -> None:
    with pytest.raises(UsageError, match=r"llama-3\.2-1b"):
        planned(shipped, "llama-3.2")


def test_an_unknown_precision_names_those_there_are(shipped: KnowledgeBase) -> None:
    with pytest.raises(NotFound, match="q4_K_M"):
        planned(shipped, precision="q4_K_N")


def test_earlier_runs_that_took_more_correct_the_next_plan_here_and_it_says_so(
    shipped: KnowledgeBase,
) -> None:
    before = planned(shipped, memory=8 * GIB)
    peak = before.fitted.parts.peak
    ran(peak, 1.5)
    after = planned(shipped, memory=8 * GIB, precision=before.precision)
    assert after.fitted.parts.peak == pytest.approx(peak * 1.5, rel=1e-6)
    assert any("corrected by +50%" in note for note in after.notes)
    elsewhere = planned(shipped, on="RTX 4090", precision=before.precision)
    assert not any("corrected" in note for note in elsewhere.notes)


def test_what_runs_taught_holds_for_every_precision_and_every_way_out(
    shipped: KnowledgeBase,
) -> None:
    before = planned(shipped, memory=8 * GIB, precision="f16")
    ran(before.fitted.parts.peak, 1.5)
    after = planned(shipped, memory=2 * GIB, precision="f16")
    for old, new in zip(before.choices, after.choices, strict=True):
        assert new.peak == pytest.approx(old.peak * 1.5, rel=1e-6)
    narrower = next(way for way in after.fitted.ways if way.kind == "precision")
    assert narrower.peak in [choice.peak for choice in after.choices if choice.fits]


def test_errors_are_told_against_the_plan_before_it_was_corrected(shipped: KnowledgeBase) -> None:
    before = planned(shipped, memory=8 * GIB)
    ran(before.fitted.parts.peak, 1.5)
    after = planned(shipped, memory=8 * GIB, precision=before.precision)
    assert after.prediction(512)["expected"] == before.prediction(512)["expected"]


def ran(predicted: int, times: float) -> None:
    """Write into the ledger a run of Llama 3.2 that took so many times what was predicted."""
    run = {
        "model": "llama-3.2-1b", "engine": "llama.cpp", "architecture": "llama-3.2",
        "predicted": {"peak": predicted}, "measured": {"peak": int(predicted * times)},
    }  # fmt: skip
    with Ledger.open() as ledger:
        ledger.append("run", run)


@pytest.mark.parametrize("what", ["x" * 5_000, "~nobody", "~nobody/x.gguf", "http://[", "\0"])
def test_what_names_nothing_is_refused(what: str, shipped: KnowledgeBase) -> None:
    with pytest.raises(FreeholdError) as caught:
        planned(shipped, what)
    assert caught.value.exit_code in (2, 3)


def test_each_plan_is_a_row_of_the_ledger_and_a_prediction_alone_is_none(
    shipped: KnowledgeBase,
) -> None:
    made = planned(shipped, memory=8 * GIB)
    planned(shipped, memory=8 * GIB, record=False)
    with Ledger.open() as ledger:
        (row,) = ledger.rows("plan")
        assert ledger.verify() == []
    assert row.facts["model"] == "llama-3.2-1b"
    assert row.facts["predicted"]["peak"] == made.fitted.parts.peak
