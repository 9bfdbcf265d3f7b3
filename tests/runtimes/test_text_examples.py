"""The examples run as they are written, with tiny models."""

from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from freehold.engines.base import Contract, Found
from tests.runtimes.language import expected, makers

pytestmark = pytest.mark.runtime

EXAMPLES = Path(__file__).parents[2] / "examples"
Places = Callable[[str, str], Path]


@pytest.fixture(scope="module")
def tiny(
    installed: Callable[[Contract], Found], tmp_path_factory: pytest.TempPathFactory
) -> Places:
    """A tiny model by the script that makes it and its name."""
    names = {"text": ("llama",), "seeing": ("llava",),
             "retrieval": ("bge_m3", "bge_reranker", "llama_guard")}  # fmt: skip
    made = {
        kind: makers(installed, tmp_path_factory, f"tiny_{kind}.py", (group,))
        for kind, group in names.items()
    }
    return lambda kind, name: made[kind](name)


def example(name: str) -> Any:
    """The function of an example."""
    spec = spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def test_the_example_of_a_chat(tiny: Places, capsys: pytest.CaptureFixture[str]) -> None:
    said = example("chat")(str(tiny("text", "llama")), "the fox", 5)
    assert said.strip() in capsys.readouterr().out


def test_the_example_of_a_chat_about_a_picture(tiny: Places) -> None:
    model = tiny("seeing", "llava")
    picture = str(model / "picture.png")
    assert isinstance(example("vision_chat")(str(model), picture, "the fox", 5), str)


def test_the_example_of_vectors(tiny: Places) -> None:
    model = tiny("retrieval", "bge_m3")
    first, *others = expected(model)["dense"]
    alike = example("embed")(str(model), *expected(model)["texts"])
    for found, other in zip(alike, others, strict=True):
        assert found == pytest.approx(
            sum(a * b for a, b in zip(first, other, strict=True)), abs=1e-4
        )


def test_the_example_of_ranking(tiny: Places) -> None:
    model = tiny("retrieval", "bge_reranker")
    texts, scores = expected(model)["texts"], expected(model)["scores"]
    best = [text for _, text in sorted(zip(scores, texts, strict=True), reverse=True)]
    assert example("rerank")(str(model), expected(model)["query"], *texts) == best


def test_the_example_of_moderation(tiny: Places) -> None:
    model = tiny("retrieval", "llama_guard")
    told = expected(model)
    assert example("moderate")(str(model), *told["texts"]) == [s < 0.5 for s in told["scores"]]
