"""Freehold's own small model: where it is, and how it is asked what a need says."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from freehold.core.errors import EnvironmentProblem
from freehold.judge.said import Said, read_said

NAME = "freehold-seed"
PACKAGE = "freehold_seed"
FILE = "freehold-seed.gguf"
HINT = "in Freehold's repository: pip install xllamacpp ./models/freehold-seed/package"
CONTEXT = 256
"""Tokens: twice what it was trained on. A long text in rare letters takes more and is refused."""
LONGEST_ANSWER = 200
"""Tokens: more than any need of the closed form takes."""


def seed_model() -> Path | None:
    """The GGUF file of freehold-seed; None where its package is not installed."""
    spec = find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(folder) / FILE).is_file():
            return Path(folder) / FILE
    return None


@contextmanager
def reading() -> Iterator[tuple[Callable[[str, str], Said], str | None]]:
    """The model, started: a function from a folded text and a grammar to the need, and a version.

    The version is that of the engine. Raises EnvironmentProblem where model or engine are missing;
    the function raises UsageError for a text of too many tokens, with both numbers.
    """
    from freehold.engines.base import Job, start
    from freehold.engines.llamacpp import Engine
    from freehold.judge.fitting.parts import Setting
    from freehold.tasks.text_generation import Message, Request, Result

    model = seed_model()
    if model is None:
        raise EnvironmentProblem("the package freehold-seed is not installed", hint=HINT)
    setting = Setting(context=CONTEXT)
    job = Job(model=model, task="text-generation", setting=setting, threads=1, gpu_layers=0)
    with start(Engine(), job) as running:

        def read(folded: str, rules: str) -> Said:
            request = Request(
                messages=(Message("user", folded or "?"),),
                temperature=0.0, seed=0, max_tokens=LONGEST_ANSWER, grammar=rules,
            )  # fmt: skip
            *_, result = running.ask(request)
            assert isinstance(result, Result)
            return read_said(result.text)

        yield read, running.version
