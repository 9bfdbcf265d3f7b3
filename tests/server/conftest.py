"""A server whose engine is a stand-in, shared where tests do not change it."""

import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.engines.stubs import stub, tiny

if TYPE_CHECKING:
    from tests.server.running import Here

if sys.platform == "win32" or not (find_spec("starlette") and find_spec("uvicorn")):
    collect_ignore_glob = ["*"]  # what serves is not installed here

TASKS = ("text-generation", "feature-extraction", "text-ranking")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Here]":
    """One server for all tests of a file."""
    from tests.server.running import config, serving

    folder = tmp_path_factory.mktemp("server")
    before = {name: os.environ.get(name) for name in ("FREEHOLD_LLAMA_SERVER", "FREEHOLD_HOME")}
    os.environ["FREEHOLD_LLAMA_SERVER"] = str(stub(folder))
    os.environ["FREEHOLD_HOME"] = str(folder / "home")
    try:
        with serving(config(tiny(folder), tasks=TASKS)) as here:
            here.post("/v1/chat/completions", ask("hi"))  # its engines start while it is theirs
            here.post("/v1/embeddings", {"model": "tiny", "input": "hi"})
            here.post("/v1/rerank", {"model": "tiny", "query": "hi", "documents": ["hi"]})
            yield here
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny model on a machine whose llama-server is a stand-in."""
    monkeypatch.setenv("FREEHOLD_LLAMA_SERVER", str(stub(tmp_path)))
    return tiny(tmp_path)


def ask(text: str, **more: object) -> dict[str, object]:
    """The body of a chat."""
    return {"model": "tiny", "messages": [{"role": "user", "content": text}], **more}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is looked at once a second is looked at all the time here."""
    monkeypatch.setattr("freehold.server.doorman.LOOK", 0.02)
    monkeypatch.setattr("freehold.server.pool.LOOK", 0.1)
