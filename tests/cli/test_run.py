"""`freehold run`: what is printed where, exit codes, the input, and being interrupted."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from freehold.core.errors import UsageError
from tests.cli.running import freehold
from tests.engines.stubs import running, stub, tiny
from tests.engines.test_hosting import gone
from tests.waiting import LONG

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="engines need Linux or macOS")
Capsys = pytest.CaptureFixture[str]
ANSWER = "Blue, because it scatters."


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("FREEHOLD_LLAMA_SERVER", str(stub(tmp_path)))
    return str(tiny(tmp_path))


def test_the_answer_alone_is_printed_and_what_it_took_goes_to_the_error_stream(
    capsys: Capsys, model: str
) -> None:
    done = freehold(capsys, "run", model, "Why?")
    assert done.code == 0
    assert done.out == ANSWER + "\n"
    assert "llama.cpp b9999-stub; loaded in" in done.err
    assert "100.0 tokens per second" in done.err


def test_a_terminal_is_told_what_is_waited_for_and_steered_by_nobody_else(
    capsys: Capsys, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub(tmp_path, answer="\x1b[2Jred\n")
    for stream in (sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    done = freehold(capsys, "run", model, "Why?")
    assert done.out == "[2Jred\n\n"
    assert done.err.startswith("loading the model ...\r\x1b[K")


def test_json_is_one_table(capsys: Capsys, model: str) -> None:
    done = freehold(capsys, "run", model, "Why?", "--max-tokens", "4", "--json")
    form = json.loads(done.out)
    assert (form["text"], form["finish"]) == ("Blue", "length")
    assert list(form) == [
        *("model", "file", "task", "engine", "text", "thinking", "finish", "seed", "usage"),
        *("seconds", "speed", "peak_memory", "context", "cut", "notes"),
    ]
    assert set(form["engine"]) == {"name", "version"}
    assert set(form["usage"]) == {"prompt", "generated"}
    assert set(form["seconds"]) == {"load", "first_token", "prompt", "decode"}
    assert set(form["speed"]) == {"prefill", "decode"}


def test_a_zero_is_a_wish_like_any_other(
    capsys: Capsys, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from freehold.actions import run as action

    heard: dict[str, object] = {}

    def stream(model: str, prompt: str, folder: object, **wishes: object) -> None:
        heard.update(wishes)
        raise UsageError("heard")

    monkeypatch.setattr(action, "stream", stream)
    zeros = ("--temperature", "0", "--seed", "0", "--gpu-layers", "0", "--top-p", "0")
    assert freehold(capsys, "run", model, "Why?", *zeros).code == 2
    assert heard == {"temperature": 0, "seed": 0, "gpu_layers": 0, "top_p": 0, "kv": "f16"}


def test_the_end_by_max_tokens_is_said(capsys: Capsys, model: str) -> None:
    assert (
        "the answer ends at --max-tokens"
        in freehold(capsys, "run", model, "Why?", "--max-tokens", "4").err
    )


def test_the_prompt_may_come_from_the_input(
    capsys: Capsys, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in (["-"], []):
        monkeypatch.setattr("sys.stdin", io.StringIO("Why?\n"))
        done = freehold(capsys, "run", model, *words, "--json")
        assert json.loads(done.out)["usage"]["prompt"] == len("user:Why?\n\n")


def test_without_a_model_our_own_reads_the_input(
    capsys: Capsys, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a chatbot, open source"))
    missing = freehold(capsys, "run")
    assert missing.code == 2
    assert "freehold-seed is not installed" in missing.err
    monkeypatch.setattr("freehold.actions.seed.seed_model", lambda: Path(model))
    monkeypatch.setattr("sys.stdin", io.StringIO("a chatbot, open source"))
    assert freehold(capsys, "run").out == ANSWER + "\n"


def test_why_explains_and_starts_nothing(capsys: Capsys, model: str) -> None:
    Path(os.environ["FREEHOLD_LLAMA_SERVER"]).with_name("behavior.json").unlink()
    done = freehold(capsys, "run", model, "--why")
    assert done.code == 0
    assert "taken: the first that can" in done.out
    assert json.loads(freehold(capsys, "run", model, "--why", "--json").out)["context"] == 2048


def test_each_kind_of_failure_has_its_exit_code(capsys: Capsys, model: str, tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"GGUF")
    (tmp_path / "list.json").write_text("[]")
    cases = (
        (2, [model, "x" * 3000], "the prompt has 3,006 tokens and the context holds 2,048"),
        (2, [model, " "], "the prompt is empty"),
        (2, [str(tmp_path / "no.gguf"), "x"], "check the path"),
        (3, [str(tmp_path / "broken.gguf"), "x"], "broken.gguf"),
        (3, [model, "x", "--schema", str(tmp_path / "list.json")], "a schema is a table"),
        (3, [model, "x", "--grammar", str(tmp_path / "no.gbnf")], "cannot be read"),
        (4, ["llama-3.2-1b", "x"], "is not on this machine"),
    )
    for code, words, says in cases:
        done = freehold(capsys, "run", *words)
        assert (done.code, says in done.err) == (code, True), done.err


def test_a_dead_engine_ends_with_four_and_its_own_words(
    capsys: Capsys, model: str, tmp_path: Path
) -> None:
    stub(tmp_path, crashes_after=3)
    done = freehold(capsys, "run", model, "Why?")
    assert done.code == 4
    assert "out of pages" in done.err


def test_what_was_cut_is_said(capsys: Capsys, model: str) -> None:
    done = freehold(capsys, "run", model, "x" * 3000, "--truncate", "middle", "--max-tokens", "9")
    assert done.code == 0
    assert "967 of 3,006 tokens were cut from the middle of the prompt" in done.err


def test_an_interrupt_ends_it_with_130_and_leaves_no_engine(model: str, tmp_path: Path) -> None:
    program = stub(tmp_path, stalls_after=1)
    process = subprocess.Popen(
        (sys.executable, "-m", "freehold", "run", model, "Why?"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    assert process.stdout.read(1) == b"B"
    engines = running(program)
    assert engines
    process.send_signal(signal.SIGINT)
    assert process.wait(LONG) == 130
    process.stdout.close()
    assert gone(*engines)


def test_engines_and_runtimes_are_listed(capsys: Capsys, model: str) -> None:
    assert "installed  program" in freehold(capsys, "engines").out
    listed = json.loads(freehold(capsys, "engines", "--json").out)
    (engine,) = [one for one in listed if one["name"] == "llama.cpp"]
    assert set(engine) == {
        *("name", "kind", "installed", "how", "at", "version", "native", "install"),
        *("tasks", "formats", "architectures", "devices", "precisions"),
    }
    runtime, *_ = json.loads(freehold(capsys, "runtime", "list", "--json").out)
    assert set(runtime) == {"engine", "state", "needs", "folder", "native"}
    assert "xllamacpp" in freehold(capsys, "runtime", "list").out


def test_the_doctor_tells_what_engines_are_held_to(capsys: Capsys, model: str) -> None:
    done = freehold(capsys, "doctor")
    assert "engines are held to limits of" in done.out
    assert "llama.cpp" in done.out


def test_an_option_for_an_engine_has_a_name_and_a_value(capsys: Capsys, model: str) -> None:
    done = freehold(capsys, "run", model, "hi", "--option", "pooling")
    assert (done.code, "NAME=VALUE" in done.err) == (2, True)
    done = freehold(capsys, "run", model, "hi", "--option", "pooling=mean")
    assert "llama.cpp has no option 'pooling'" in done.err
