"""`transformers serve` itself, in the jail, says what Transformers says."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from freehold.engines.base import Contract, Found, Job, Running, start
from freehold.engines.transformers_serve import Engine
from freehold.judge.fitting.parts import Setting
from freehold.tasks.text_generation import Message, Request, Result

pytestmark = pytest.mark.runtime
PROMPT = "the quick brown fox"


@pytest.fixture(scope="module")
def model(installed: Callable[[Contract], Found], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Llama in its publisher's layout, and what Transformers says with it."""
    folder = tmp_path_factory.mktemp("models") / "llama"
    script = Path(__file__).with_name("tiny_llama.py")
    words = (str(installed(Engine()).at), "-I", str(script), str(folder), "llama")
    subprocess.run(words, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def running(model: Path) -> Iterator[Running]:
    """The server with this model."""
    job = Job(
        model=model,
        task="text-generation",
        setting=Setting(context=256),
        precision="f32",
        threads=1,
    )
    with start(Engine(), job, patience=120) as running:
        yield running


def asked(running: Running, **more: Any) -> Result:
    *pieces, result = running.ask(Request(**{"max_tokens": 16, "temperature": 0.0, **more}))
    assert isinstance(result, Result)
    assert "".join(piece.text for piece in pieces) == result.text
    return result


def test_a_chat_and_a_text_are_answered_as_the_library_answers_them(
    running: Running, model: Path
) -> None:
    expected = json.loads((model / "expected.json").read_text())
    chat = asked(running, messages=(Message("user", PROMPT),))
    assert chat.text == expected["chat"]
    assert chat.spent.prompt == len(expected["chat_prompt"])
    assert asked(running, text=PROMPT).text == expected["text"]


def test_it_samples_when_it_is_told_to_and_the_same_seed_says_the_same(running: Running) -> None:
    wishes = {"text": PROMPT, "temperature": 1.0, "top_k": 50}
    texts = [asked(running, seed=seed, **wishes).text for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_it_runs_without_a_network(running: Running) -> None:
    assert running.here
    assert running.memory().peak > 2**25
    assert "network" in running.process.held or "privileges" in running.process.held
