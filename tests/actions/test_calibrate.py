"""Measuring this machine through an engine: what is kept, what is said when none is there."""

import json
import sys
from pathlib import Path

import pytest

from freehold.actions import calibrate as action
from freehold.actions import calibration as kept
from freehold.actions.calibrate import calibrate
from freehold.actions.calibration import known
from freehold.actions.machine import machine
from freehold.knowledge.base import KnowledgeBase
from freehold.store.ledger import Ledger
from tests.conftest import MEASURED
from tests.engines.stubs import stub

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="engines need Linux or macOS")


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in that answers at 100 tokens per second."""
    monkeypatch.setenv("FREEHOLD_LLAMA_SERVER", str(stub(tmp_path, answer="x" * 64)))
    monkeypatch.setattr(kept, "QUIET", 0.0)  # it sleeps where an engine would compute


@pytest.mark.usefixtures("engine")
def test_speeds_are_measured_kept_and_written_down() -> None:
    heard: list[str] = []
    found = calibrate(heard.append)
    assert (found.engine, found.version, found.missing) == ("llama.cpp", "b9999-stub", None)
    assert found.bandwidth > 10**8
    (point,) = found.points
    assert point.decode_speed == pytest.approx(100)
    assert point.prefill_speed == pytest.approx(action.PROMPT / 0.02)
    assert point.rounds == action.ROUNDS
    assert known() == found
    with Ledger.open() as ledger:
        (row,) = ledger.rows("calibration")
    assert row.facts["points"][0]["model"] == MEASURED[0].name
    assert heard[0] == "memory bandwidth"
    assert "1 of 1" in heard[1]


@pytest.mark.usefixtures("engine")
def test_a_pass_is_told_to_the_judge_by_its_bytes_sums_and_layers() -> None:
    alone, together = calibrate().measurements()
    assert (alone.tokens, together.tokens) == (1, action.PROMPT)
    head = 2 * MEASURED[0].vocabulary * MEASURED[0].width
    assert together.operations == (alone.operations - head) * action.PROMPT + head
    assert together.looking > alone.looking == 0
    assert alone.bytes_read > together.bytes_read > 0
    assert (alone.layers, alone.grade) == (2, "8-bit")


@pytest.mark.usefixtures("engine")
def test_past_its_budget_each_model_gets_one_short_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(action, "BUDGET", 0.0)
    (point,) = calibrate().points
    assert point.rounds == 1
    assert point.prompt == action.LEAST_PROMPT


@pytest.mark.usefixtures("engine")
def test_what_was_measured_beside_other_work_is_told_but_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quiet = calibrate()
    monkeypatch.setattr(kept, "QUIET", 0.85)
    busy = calibrate()
    assert busy.points[0].share < 0.85
    assert busy.busy
    assert known() == quiet


def test_without_an_engine_only_memory_is_measured_and_the_next_step_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("freehold.engines.llamacpp.Engine.find", lambda self: None)
    found = calibrate()
    assert (found.engine, found.points) == (None, ())
    assert found.bandwidth > 10**8
    assert found.missing is not None
    assert "freehold runtime install llama.cpp" in found.missing


@pytest.mark.usefixtures("engine")
def test_the_machine_shows_what_was_measured(shipped: KnowledgeBase) -> None:
    assert machine(base=shipped).calibration is None
    measured = machine(remeasure=True, base=shipped).calibration
    assert machine(base=shipped).calibration == measured
    form = machine(base=shipped).form()["calibration"]
    assert form["points"][0]["tokens_per_second"]["decode"] == pytest.approx(100)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("key", ["decode", "prefill", "prompt", "weights", "layers"])
def test_a_broken_record_counts_as_none(home: Path, key: str) -> None:
    calibrate()
    (file,) = (home / "state").glob("calibration-*.json")
    record = json.loads(file.read_text())
    record["points"][0][key] = 0
    file.write_text(json.dumps(record))
    assert known() is None
    file.write_text('{"measured": 3}')
    assert known() is None


def test_the_real_engine_measures_too(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("xllamacpp")
    monkeypatch.setattr(action, "PROMPT", 64)
    monkeypatch.setattr(action, "ANSWER", 8)
    monkeypatch.setattr(action, "LEAST_PROMPT", 16)
    monkeypatch.setattr(action, "LEAST_ANSWER", 4)
    monkeypatch.setattr(kept, "QUIET", 0.0)
    (point,) = calibrate().points
    assert point.decode > 0
    assert point.prefill > 0
    assert point.peak > point.weights
