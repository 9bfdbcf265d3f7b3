"""Tuning: ways are tried, the fastest that keeps the quality is kept, run and plan say so."""

import json
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from math import log
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from freehold.actions import tune_conversions, tune_search
from freehold.actions.plan import plan
from freehold.actions.run import Wishes, prepare, run
from freehold.actions.tune_engine import _moved, tune
from freehold.actions.tune_trying import Tried, Way, measured
from freehold.actions.tuning import Tuned, folder, kept_for, stale
from freehold.core.errors import EnvironmentProblem, UsageError
from freehold.core.machine import probe
from freehold.engines.base import ENGINES, Found, Job
from freehold.engines.hosting import native
from freehold.engines.hosting.memory import Memory
from freehold.engines.llamacpp import Engine
from freehold.formats.invented_llama import Shape
from freehold.judge.fitting.parts import Setting
from freehold.judge.tuning import Timed, Workload
from freehold.store.ledger import Ledger
from freehold.tasks.base import Spent, Times
from freehold.tasks.text_generation import Request, Result
from tests.cli.running import freehold
from tests.engines.stubs import stub, tiny

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="engines need Linux or macOS")
SMALL = Workload(prompt=64, answer=8)
WIDE = Shape(layers=2, width=128, feed=256, heads=4, kv_heads=2, context=2048, kind="F16")
LOGS = ({"a": log(0.5), "b": log(0.5)},) * 4
OTHER = ({"a": log(0.8), "b": log(0.2)},) * 4
QUANTIZER = f"""#!{sys.executable} -I
import sys
print("[ 1/ 2] token_embd", flush=True)
open(sys.argv[2], "wb").write(open(sys.argv[1], "rb").read() + sys.argv[3].encode())
"""
Speeds = Callable[[Way], float]


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny model on a machine whose llama-server is a stand-in."""
    monkeypatch.setenv("FREEHOLD_LLAMA_SERVER", str(stub(tmp_path)))
    return tiny(tmp_path, WIDE)


@pytest.fixture
def quantizer(home: Path) -> None:
    """A native build with a stand-in for llama-quantize."""
    at = home / "share" / "runtimes" / "llamacpp_native"
    at.mkdir(parents=True)
    (at / "llama-quantize").write_text(QUANTIZER)
    (at / "llama-quantize").chmod(0o755)
    seen = probe()
    native.write(
        at,
        native.Native(
            version="7", sha256="0" * 64, processor=seen.processor,
            instructions=seen.instructions, compiler="c++", built="2026-11-28", seconds=1.0,
            programs=("llama-quantize",),
        ),
    )  # fmt: skip


def trying(monkeypatch: pytest.MonkeyPatch, speed: Speeds, *, wild: str = "") -> list[Way]:
    """Let every way have the speed that is said; `wild` is a precision that loses quality."""
    heard: list[Way] = []

    def attempt(way: Way, work: Workload, best: float | None, *, quality: bool) -> Tried:
        heard.append(way)
        found = speed(way)
        figures = Timed(
            prefill=found, decode=found, first_token=0.1, load=0.1, peak=1, share=1.0, rounds=3
        )
        logs = OTHER if way.precision == wild else LOGS
        return Tried(timed=figures, logs=logs if quality else (), version="7")

    monkeypatch.setattr(tune_search, "attempt", attempt)
    return heard


def test_one_change_after_the_other_is_tried_on_the_best(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def speed(way: Way) -> float:
        return 100 + 50 * (way.job.setting.batch == 1024) + 50 * ("guess" in way.job.options)

    heard = trying(monkeypatch, speed)
    found = tune(model, workload=SMALL)
    assert (found.batch, found.options) == (1024, {"guess": "3,8"})
    assert (found.timed.decode, found.before.decode) == (200, 100)
    assert found.setting == "batches of 1024, drafts by prompt lookup"
    assert len(found.trials) == len(heard) - 1
    assert not found.made


def test_the_best_runs_again_and_a_lucky_one_loses(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def speed(way: Way) -> float:
        if way.job.setting.flash:
            return 100
        seen.append(True)
        return 90 if seen[1:] else 500

    trying(monkeypatch, speed)
    found = tune(model, workload=SMALL)
    assert (found.setting, found.timed.decode) == ("as it is", 100)
    assert len(seen) > 1


def test_of_the_two_runs_of_the_best_the_slower_figures_count(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def speed(way: Way) -> float:
        if way.changed:
            return 90
        seen.append(True)
        return 100 if seen == [True] else 200

    trying(monkeypatch, speed)
    assert tune(model, workload=SMALL).timed.decode == 100
    assert len(seen) > 1


def test_what_is_not_faster_changes_nothing(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trying(monkeypatch, lambda way: 100)
    found = tune(model, workload=SMALL)
    assert (found.setting, found.precision) == ("as it is", "F16")


def test_a_narrower_precision_that_keeps_the_quality_is_made_kept_and_said(
    model: Path, quantizer: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    trying(monkeypatch, _narrow_is_fast, wild="Q4_0")
    found = tune(model, workload=SMALL)
    assert (found.precision, found.made) == ("Q8_0", True)
    assert Path(found.file).read_bytes().endswith(b"Q8_0")
    assert sorted(path.suffix for path in folder().iterdir()) == [".gguf", ".json"]
    ready = prepare(model, Wishes())
    assert ready.job.model == Path(found.file)
    assert any("runs in Q8_0" in note for note in ready.notes)
    assert prepare(model, Wishes(tuned=False)).job.model == model
    with Ledger.open() as ledger:
        (row,) = ledger.rows("adaptation")
    assert (row.facts["change"], row.facts["precision"]) == ("quantized", "Q8_0")
    assert row.facts["base_digest"] == found.digest


def _narrow_is_fast(way: Way) -> float:
    return {"F16": 100.0, "Q8_0": 200.0, "Q4_K_M": 150.0, "Q4_0": 400.0}[way.precision]


class Rounding(Engine):
    """An engine that rounds the weights of every model."""

    name = "another"
    exact = False


def test_an_engine_that_rounds_weights_is_not_what_others_are_held_against(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("freehold.actions.tune_engine.able", lambda *_: [Rounding(), Engine()])
    heard = trying(monkeypatch, lambda way: 100)
    tune(model, workload=SMALL)
    assert [(way.engine.name, way.same) for way in heard[:2]] == [
        ("llama.cpp", True),
        ("another", False),
    ]


def test_a_model_is_converted_for_other_engines_and_the_winner_stays(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = ENGINES.get("ctranslate2")

    def convert(source: Path, target: Path, *, precision: str, **_: object) -> None:
        if precision == "int4":
            raise EnvironmentProblem("no room")
        target.mkdir()
        (target / "weights").write_text("narrow")

    monkeypatch.setattr(tune_conversions, "kinds", lambda *_: [(engine, "int8"), (engine, "int4")])
    monkeypatch.setattr(tune_conversions, "convert_model", convert)
    place = Found("package", Path(sys.executable), "7")
    monkeypatch.setattr(type(engine), "places", lambda self: (place,))
    heard: list[str] = []
    trying(monkeypatch, lambda way: 300 if way.engine.name == "ctranslate2" else 100)
    found = tune(model, workload=SMALL, say=heard.append)
    assert (found.engine, found.precision, found.made) == ("ctranslate2", "int8", True)
    assert (Path(found.file) / "weights").read_text() == "narrow"
    assert any("int4 is left out: no room" in line for line in heard)
    assert stale(found) is None
    trying(monkeypatch, lambda way: 100)
    tune(model, workload=SMALL)
    assert not Path(found.file).exists()


def test_all_figures_are_in_the_ledger_and_the_choice_is_in_the_plan(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trying(monkeypatch, lambda way: 100 if way.job.setting.flash else 150)
    found = tune(model, workload=SMALL)
    with Ledger.open() as ledger:
        (row,) = ledger.rows("tuning")
    assert len(row.facts["trials"]) == len(found.trials)
    assert row.facts["timed"]["decode"] == 150
    assert any("attention not fused" in note for note in plan(model).notes)
    assert prepare(model, Wishes()).job.setting.flash is False


def test_run_takes_what_was_found_and_why_shows_the_figures(
    model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trying(monkeypatch, lambda way: 100 if way.job.setting.batch == 512 else 150)
    tune(model, workload=SMALL)
    form = json.loads(freehold(capsys, "run", str(model), "--why", "--json").out)
    assert form["tuned"]["timed"]["decode"] == 150
    assert "the fastest of" in freehold(capsys, "run", str(model), "--why").out
    untuned = json.loads(freehold(capsys, "run", str(model), "--why", "--json", "--untuned").out)
    assert untuned["tuned"] is None


def test_threads_that_are_asked_for_stay(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trying(monkeypatch, lambda way: 100 + (way.job.threads == 1))
    tune(model, workload=SMALL)
    assert prepare(model, Wishes(threads=2)).job.threads == 2


def test_what_was_found_for_another_machine_does_not_count(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trying(monkeypatch, lambda way: 100)
    digest = tune(model, workload=SMALL).digest
    monkeypatch.setattr("freehold.actions.tuning.usable_cores", lambda: 99)
    assert kept_for(digest) is None


def test_when_what_was_found_is_gone_it_is_said(
    model: Path, quantizer: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    trying(monkeypatch, _narrow_is_fast)
    found = tune(model, workload=SMALL)
    Path(found.file).unlink()
    ready = prepare(model, Wishes())
    assert ready.job.model == model
    assert any("not there any more" in note for note in ready.notes)


def test_tuning_anew_leaves_only_the_new_file(
    model: Path, quantizer: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    trying(monkeypatch, _narrow_is_fast)
    first = tune(model, workload=SMALL)
    trying(monkeypatch, lambda way: 500 if way.precision == "Q8_0" else 100)
    second = tune(model, workload=SMALL)
    assert (first.precision, second.precision) == ("Q4_0", "Q8_0")
    assert [p.name for p in folder().glob("*.gguf")] == [Path(second.file).name]


def test_a_folder_that_won_takes_the_place_of_the_one_before(model: Path, tmp_path: Path) -> None:
    folder().mkdir(parents=True)
    won: Any = SimpleNamespace(digest="0123456789abcdef0123")
    for turn in ("first", "second"):
        made = tmp_path / turn / "openvino-int8"
        made.mkdir(parents=True)
        (made / "model.bin").write_text(turn)
        place = _moved(made, won)
    assert (place / "model.bin").read_text() == "second"
    assert [each.name for each in folder().iterdir()] == ["0123456789abcdef-openvino-int8"]


def test_a_model_that_runs_in_no_way_is_an_error_that_says_why(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tune_search, "attempt", lambda *_, **__: Tried(wrong="a wrong magic"))
    with pytest.raises(EnvironmentProblem, match="a wrong magic"):
        tune(model, workload=SMALL)
    assert not list(folder().iterdir())


def test_a_workload_longer_than_the_context_is_refused(model: Path) -> None:
    with pytest.raises(UsageError, match="2,048"):
        tune(model, workload=Workload(3000, 10))


def test_the_command_prints_what_was_tried_and_kept(
    model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trying(monkeypatch, lambda way: 100)
    done = freehold(capsys, "tune-engine", str(model), "--prompt-tokens", "64")
    assert done.code == 0
    assert "Kept for run and plan" in done.out
    form = json.loads(freehold(capsys, "tune-engine", str(model), "--json").out)
    assert form["workload"] == {"prompt": 512, "answer": 64}


def test_get_tunes_what_it_brought_when_asked(
    model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trying(monkeypatch, lambda way: 100)
    came = json.loads(freehold(capsys, "get", str(model), "--name", "mine", "--tune", "--json").out)
    assert came["tuned"]["engine"] == "llama.cpp"
    assert prepare("mine", Wishes()).tuned is not None
    assert freehold(capsys, "get", str(model), "--tune", "--dry-run").code == 2


def test_an_engine_that_cannot_go_on_past_an_end_is_measured_all_the_same() -> None:
    asked: list[tuple[bool, int | None]] = []
    spoken = Result(text="x", thinking="", finish="stop", seed=1, spent=Spent(100, 9),
                    times=Times(0.5, 0.5, 0.1, 8))  # fmt: skip

    class Ending:
        job = Job(model=Path("m"), task="text-generation", setting=Setting(context=256))
        load_seconds = 1.0

        class process:  # noqa: N801
            computed = staticmethod(lambda: 1.0)

        @staticmethod
        def memory() -> Memory:
            return Memory(1, 2)

        @staticmethod
        def ask(request: Request) -> Iterator[Result]:
            asked.append((request.ignore_end, request.seed))
            if request.ignore_end or request.seed is not None:
                raise UsageError("it does not honor this")
            yield spoken

    figures = measured(Ending(), SMALL, None)  # type: ignore[arg-type]
    assert (figures.prefill, figures.decode) == (200, 80)
    assert asked[-3:] == [(True, 1), (False, 1), (False, None)]


@pytest.mark.slow
@pytest.mark.skipif(not find_spec("xllamacpp"), reason="needs xllamacpp")
def test_with_the_real_engine_the_same_weights_say_the_same(tmp_path: Path) -> None:
    found: Tuned = tune(tiny(tmp_path), workload=SMALL)
    assert found.quality is not None
    assert found.quality.nats < 1e-3
    assert found.quality.exact
    assert all(trial.timed for trial in found.trials)
    assert run(tiny(tmp_path), "Why?", max_tokens=4).result.spent.generated == 4
