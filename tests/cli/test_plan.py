"""`freehold plan` on the command line."""

import json
from pathlib import Path

import pytest

from freehold.store.ledger import Ledger
from tests.cli.running import freehold
from tests.gguf_models.zoo import zoo

Capsys = pytest.CaptureFixture[str]
RUN = {
    "model": "tiny", "engine": "llama.cpp", "architecture": "llama", "version": "1",
    "setting": {"context": 4096}, "predicted": {"peak": 2**30, "expected": 2**29, "decode": 10.0},
    "measured": {"peak": 2**29 + 2**27, "decode_steps": 20, "decode_seconds": 2.5},
}  # fmt: skip


def a_model(folder: Path) -> str:
    model = next(model for model in zoo() if model.name == "llama-42m")
    return str(model.hole(folder / "model.gguf"))


def test_the_form_of_a_plan(capsys: Capsys, tmp_path: Path) -> None:
    words = ("plan", a_model(tmp_path), "--engine", "llama.cpp", "--context", "2k", "--parallel",
             "2", "--kv", "q8_0", "--json")  # fmt: skip
    form = json.loads(freehold(capsys, *words).out)
    assert {"model", "engine", "fits", "parts", "peak", "limits", "speed", "notes"} <= form.keys()
    assert form["parts"].keys() == {"weights", "state", "compute", "overhead"}
    assert form["limits"].keys() == {"context", "parallel"}
    for name in ("decode", "prefill", "first_token"):
        assert form["speed"][name].keys() == {"value", "low", "high"}
    assert form["setting"] == {"context": 2048, "parallel": 2, "keys": "q8_0", "values": "q8_0"}


def test_what_does_not_fit_ends_with_one_and_shows_where_the_room_ends(
    capsys: Capsys, tmp_path: Path
) -> None:
    done = freehold(capsys, "plan", a_model(tmp_path), "--memory", "100MB")
    assert done.code == 1
    assert "does not fit" in done.out
    assert "▲" in done.out


def test_every_part_is_in_the_key_of_the_bar(capsys: Capsys, tmp_path: Path) -> None:
    out = freehold(capsys, "plan", a_model(tmp_path)).out
    for part in ("weights", "state", "compute", "overhead"):
        assert part in out


@pytest.mark.parametrize(
    "words",
    [
        ("plan",),
        ("plan", "llama-3.2-1b", "--size", "big"),
        ("plan", "llama-3.2-1b", "--context", "0"),
        ("plan", "llama-3.2-1b", "--parallel", "0"),
        ("plan", "llama-3.2-1b", "--kv", "f8"),
        ("plan", "llama-3.2-1b", "--gpu", "no such card"),
        ("plan", "no-such-model"),
        ("plan", ""),
        ("plan", "llama-3.2-1b", "--engine", "vllm"),
    ],
)
def test_what_cannot_be_understood_ends_with_two(capsys: Capsys, words: tuple[str, ...]) -> None:
    done = freehold(capsys, *words)
    assert done.code == 2
    assert done.err.strip()
    assert not done.out


def test_history_without_a_run_says_what_to_do(capsys: Capsys) -> None:
    assert "freehold run" in freehold(capsys, "plan", "--history").out


def test_history_shows_predicted_beside_measured(capsys: Capsys) -> None:
    with Ledger.open() as ledger:
        ledger.append("run", RUN)
        ledger.append("run", {"model": "of another version"})
    done = freehold(capsys, "plan", "--history")
    assert "-20.0%" in done.out
    assert "8.0" in done.out
    form = json.loads(freehold(capsys, "plan", "--history", "--json").out)
    (run,) = form["runs"]
    assert run["memory"]["predicted"] == 2**29
    assert form["errors"][0]["worst"] == pytest.approx(-0.2)
    assert json.loads(freehold(capsys, "plan", "other", "--history", "--json").out)["runs"] == []


def test_what_is_not_a_number_is_no_length_of_a_recording(capsys: Capsys, tmp_path: Path) -> None:
    done = freehold(capsys, "plan", a_model(tmp_path), "--seconds", "nan")
    assert done.code == 2
    assert "not a number" in done.err


def test_what_is_not_a_number_is_no_temperature(capsys: Capsys, tmp_path: Path) -> None:
    done = freehold(capsys, "run", a_model(tmp_path), "Hello", "--temperature", "nan")
    assert done.code == 2
    assert "not a number" in done.err
