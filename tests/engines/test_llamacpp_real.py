"""llama.cpp itself, from its wheel: what the stand-in promises holds for the real engine."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from freehold.core.errors import EnvironmentProblem, UsageError
from freehold.engines.base import ENGINES, Running, start
from freehold.formats.invented_llama import Shape
from freehold.tasks.text_generation import Message, Request, Result
from tests.engines.stubs import TINY, job, tiny

pytest.importorskip("xllamacpp")
GRAMMAR = 'root ::= "yes" | "no"'
SCHEMA = {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One engine with one model for the tests that only ask."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "/usr/bin:/bin")
        with start(ENGINES.get("llama.cpp"), job(tiny(tmp_path_factory.mktemp("real")))) as found:
            yield found


def asked(running: Running, **more: object) -> Result:
    """The result for a short chat, or for what is said instead."""
    turns = () if "text" in more else (Message("user", "hello"),)
    request = Request(**{"messages": turns, "max_tokens": 12, "seed": 1, **more})  # type: ignore[arg-type]
    *pieces, result = running.ask(request)
    assert "".join(piece.text for piece in pieces) == result.text
    assert isinstance(result, Result)
    return result


def test_the_same_seed_writes_the_same(running: Running) -> None:
    texts = [asked(running, seed=seed).text for seed in (5, 5, 6)]
    assert texts[0] == texts[1] != texts[2]


def test_a_seed_is_drawn_and_told_where_none_is_given(running: Running) -> None:
    first = asked(running, seed=None)
    assert asked(running, seed=first.seed).text == first.text


def test_tokens_and_times_are_told(running: Running) -> None:
    found = asked(running, text="abcd", ignore_end=True, max_tokens=12)
    assert (found.spent.generated, found.finish, found.times.steps) == (12, "length", 11)
    assert found.spent.prompt >= 5
    assert found.times.prompt > 0
    assert found.times.decode > 0
    assert found.times.first_token > 0


def test_a_grammar_and_a_schema_are_held_to(running: Running) -> None:
    assert asked(running, grammar=GRAMMAR).text in ("yes", "no")
    assert asked(running, text="x", grammar=GRAMMAR).text in ("yes", "no")
    assert list(json.loads(asked(running, schema=SCHEMA, max_tokens=100).text)) == ["a"]


def test_a_broken_grammar_is_the_fault_of_the_question(running: Running) -> None:
    with pytest.raises(UsageError, match="refuses the request"):
        asked(running, grammar="root ::= (")


def test_a_long_prompt_is_refused_with_both_numbers_or_cut(running: Running) -> None:
    with pytest.raises(UsageError, match=r"the prompt has [\d,]+ tokens and the context holds 256"):
        asked(running, text="hello " * 200)
    turns = (Message("user", "hello " * 200),)
    found = asked(running, messages=turns, truncate="middle")
    assert found.cut is not None
    assert found.cut.total - found.cut.tokens <= 256 - 12 + 2
    assert found.spent.prompt <= 256 - 12


def test_it_runs_confined_and_its_memory_is_known(running: Running) -> None:
    assert running.version
    assert running.memory().peak > 2**20
    assert {"privileges"} <= set(running.process.held)


def test_a_model_it_does_not_know_ends_with_its_own_words(tmp_path: Path) -> None:
    file = tiny(tmp_path)
    file.write_bytes(file.read_bytes().replace(b"llama", b"lloma"))
    with pytest.raises(EnvironmentProblem, match="unknown model architecture: 'lloma'"):
        start(ENGINES.get("llama.cpp"), job(file))


@pytest.mark.parametrize("kind", ["F16", "Q4_K"])
def test_each_precision_that_measures_a_machine_loads(tmp_path: Path, kind: str) -> None:
    shape = Shape(layers=1, width=256, feed=512, heads=4, kv_heads=2, kind=kind)
    assert shape.kind != TINY.kind
    with start(ENGINES.get("llama.cpp"), job(tiny(tmp_path, shape))) as found:
        assert asked(found, text="a").spent.generated > 0
