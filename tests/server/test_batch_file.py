"""`freehold batch`: every line is answered once, also when it was killed in the middle."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from freehold.core.errors import BrokenInput, UsageError
from freehold.server.batch_file import Done, batch, line_of_row, lines_of
from freehold.server.config import Config, Model, Server
from tests.cli.running import freehold
from tests.engines.stubs import stub

CHAT = "/v1/chat/completions"


def line(id: str, text: str = "Why?", url: str = CHAT, **body: object) -> str:
    said = {"model": "tiny", "messages": [{"role": "user", "content": text}], **body}
    return json.dumps({"custom_id": id, "method": "POST", "url": url, "body": said})


@pytest.fixture
def source(tmp_path: Path) -> Path:
    found = tmp_path / "in.jsonl"
    found.write_text("\n".join(line(str(n), f"q{n}") for n in range(12)) + "\n")
    return found


@pytest.fixture
def here(model: Path) -> Config:
    return Config(server=Server(record="off"), models=(Model(model=str(model), name="tiny"),))


def answers(out: Path) -> dict[str, dict[str, object]]:
    lines = [json.loads(text) for text in out.read_text().splitlines()]
    found = {told["custom_id"]: told for told in lines}
    assert len(found) == len(lines)
    return found


def test_every_line_gets_its_answer(here: Config, source: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    out = tmp_path / "out.jsonl"
    assert batch(here, source, out, lambda *now: seen.append(now)) == Done(12, 0, 0)
    found = answers(out)
    assert set(found) == {str(n) for n in range(12)}
    assert found["3"]["response"]["body"]["choices"][0]["message"]["content"]  # type: ignore[index]
    assert seen[-1] == (12, 0)


def test_what_has_an_answer_is_not_asked_again(here: Config, source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text('{"custom_id": "4", "mine": 1}\n{"custom_id": "5", "cut o')
    assert batch(here, source, out) == Done(11, 1, 0)
    assert answers(out)["4"] == {"custom_id": "4", "mine": 1}
    assert batch(here, source, out) == Done(0, 12, 0)


def test_a_line_that_cannot_be_answered_has_its_error_and_the_others_their_answers(
    here: Config, tmp_path: Path
) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text("\n".join([line("a"), line("b", url="/v1/images"), line("c", model="none")]))
    out = tmp_path / "out.jsonl"
    assert batch(here, source, out) == Done(1, 0, 2)
    assert "batches are for" in answers(out)["b"]["error"]["message"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "line 1"),
        ('{"custom_id": 3}', "line 1"),
        (line("a") + "\n" + line("a"), "line 2: the id 'a' is taken"),
        ("x" * (2**22 + 2), "line 1 has over"),
    ],
)
def test_a_broken_source_is_told_with_the_line(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "in.jsonl").write_text(text)
    with pytest.raises(BrokenInput, match=says):
        list(lines_of(tmp_path / "in.jsonl"))


def test_an_output_that_is_none_is_refused(here: Config, source: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no folder"):
        batch(here, source, tmp_path / "none" / "out.jsonl")
    with pytest.raises(UsageError, match="no file that can be written"):
        batch(here, source, tmp_path)


def test_rows_of_a_table_become_lines() -> None:
    row = {"custom_id": "a", "url": CHAT, "body": '{"model": "m"}', "method": "POST"}
    assert json.loads(line_of_row(row))["body"] == {"model": "m"}
    row["body"] = {"model": "m", "seed": None, "messages": [{"role": "user", "name": None}]}  # type: ignore[assignment]
    told = {"model": "m", "messages": [{"role": "user"}]}
    assert json.loads(line_of_row(row))["body"] == told


def test_the_command_says_how_many_and_fails_where_some_failed(
    capsys: pytest.CaptureFixture[str], model: Path, source: Path, tmp_path: Path
) -> None:
    out = str(tmp_path / "out.jsonl")
    done = freehold(capsys, "batch", str(source), out, "--model", str(model))
    assert (done.code, done.out) == (0, "12 answered, 0 failed\n"), done.err
    source.write_text(source.read_text() + line("more", model="none"))
    done = freehold(capsys, "batch", str(source), out, "--model", str(model), "--json")
    assert (done.code, json.loads(done.out)) == (1, {"answered": 0, "before": 12, "failed": 1})


@pytest.mark.slow
def test_a_batch_that_is_killed_goes_on_and_loses_nothing(
    model: Path, source: Path, tmp_path: Path
) -> None:
    stub(tmp_path, pause=0.02)
    out = tmp_path / "out.jsonl"
    words = (
        sys.executable,
        "-m",
        "freehold",
        "batch",
        str(source),
        str(out),
        "--model",
        str(model),
    )
    running = subprocess.Popen(words, env=os.environ, stdout=subprocess.DEVNULL)
    while not (out.exists() and out.read_text().count("\n") > 2):
        assert running.poll() is None
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.wait()
    before = len(out.read_bytes().splitlines())
    assert before < 12
    done = subprocess.run((*words, "--json"), env=os.environ, capture_output=True, check=True)
    assert json.loads(done.stdout)["answered"] >= 12 - before
    assert set(answers(out)) == {str(n) for n in range(12)}
