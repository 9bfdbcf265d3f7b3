"""What the tests of models of language share: tiny models made once, and an engine to ask."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from freehold.engines.base import Contract, Found, Job, Running, start
from freehold.engines.transformers import Engine
from freehold.judge.fitting.parts import Setting

Maker = Callable[[str], Path]


def make(python: Path, script: str, folder: Path, *names: str) -> None:
    """Run a script that makes models, in the Python of the runtime."""
    clean = {"PATH": os.environ["PATH"], "HOME": str(folder), "HF_HUB_OFFLINE": "1"}
    words = (str(python), "-I", str(Path(__file__).with_name(script)), str(folder), *names)
    done = subprocess.run(words, check=False, capture_output=True, text=True, env=clean)
    assert done.returncode == 0, done.stderr[-2000:]


def makers(
    installed: Callable[[Contract], Found],
    folders: pytest.TempPathFactory,
    script: str,
    groups: Sequence[Sequence[str]],
) -> Maker:
    """A function from the name of a tiny model to its folder; a group is made at once."""
    python, made = installed(Engine()).at, dict[int, Path]()

    def find(name: str) -> Path:
        number = next(n for n, group in enumerate(groups) if name in group)
        if number not in made:
            made[number] = folders.mktemp("models")
            make(python, script, made[number], *groups[number])
        return made[number] / name

    return find


def expected(model: Path) -> Any:
    """What the library said of a model."""
    return json.loads((model / "expected.json").read_text())


@contextmanager
def asking(model: Path, task: str, context: int = 200, **words: Any) -> Iterator[Running]:
    """The engine with this model."""
    job = Job(model=model, task=task, setting=Setting(context=context), threads=1, **words)
    with start(Engine(), job, patience=120) as running:
        yield running


def last(running: Running, request: Any) -> Any:
    """The result alone."""
    return list(running.ask(request))[-1]
