"""What the ledger says of earlier runs is taken for what it can be."""

from typing import Any

import pytest

from freehold.actions.history import history
from freehold.actions.plan import plan
from freehold.knowledge.base import KnowledgeBase
from freehold.store.ledger import Ledger

PACE = {"bytes_read": 1e9, "operations": 2e9, "layers": 16}
MEASURED = {"peak": 2**30, "decode_steps": 20, "decode_seconds": 2.0, "share": 1.0}


def ran(measured: Any, predicted: Any = None) -> None:
    """Write down one run."""
    facts = {"model": "m", "engine": "llama.cpp", "architecture": "llama-3.2",
             "measured": measured, "predicted": predicted}  # fmt: skip
    with Ledger.open() as ledger:
        ledger.append("run", facts)


@pytest.mark.parametrize(
    ("measured", "predicted"),
    [
        (5, []),
        ({"peak": 0.5}, {"peak": 5}),
        ({"peak": -5}, {"peak": -3}),
        ({"peak": 2**62}, {"peak": 1}),
        (MEASURED | {"decode_seconds": 1e-308}, {"peak": 2**30, "pace": PACE}),
        (MEASURED | {"decode_steps": 1e300, "decode_seconds": 1e-5}, {"pace": PACE}),
        (MEASURED, {"peak": 1e308, "pace": PACE | {"bytes_read": 5e300}}),
        (MEASURED, {"pace": PACE | {"operations": -1, "layers": 1e-300}}),
    ],
)
def test_figures_that_cannot_be_stop_no_plan(
    measured: Any, predicted: Any, shipped: KnowledgeBase
) -> None:
    before = plan("llama-3.2-1b", base=shipped)
    ran(measured, predicted)
    after = plan("llama-3.2-1b", base=shipped)
    assert after.fitted.parts.peak == before.fitted.parts.peak
    history().form()


@pytest.mark.parametrize(("share", "counts"), [(1.0, True), (0.5, False), (0, False)])
def test_a_run_beside_other_work_says_nothing_of_speed(share: float, counts: bool) -> None:
    ran(MEASURED | {"share": share}, {"peak": 2**30, "pace": PACE})
    (run,) = history().runs
    assert run.decode == 10
    assert (run.pass_ is not None) == counts
