"""Architectures that we wrote anew say what a second, slower way of computing them says."""

from collections.abc import Callable

import pytest

from freehold.engines.base import Contract, Found
from freehold.tasks.text_generation import Request
from tests.runtimes.language import Maker, asking, expected, last, makers

pytestmark = pytest.mark.runtime

NAMES = ("crystalcoder", "grok", "sea_lion", "sloped_mpt", "qwen")


@pytest.fixture(scope="module")
def tiny(installed: Callable[[Contract], Found], tmp_path_factory: pytest.TempPathFactory) -> Maker:
    """A tiny model by its name."""
    return makers(installed, tmp_path_factory, "tiny_ports.py", (NAMES,))


@pytest.mark.parametrize("name", NAMES)
def test_a_port_says_what_the_bare_weights_say(name: str, tiny: Maker) -> None:
    model = tiny(name)
    told = expected(model)
    request = Request(
        text=told["prompt"],
        max_tokens=len(told["tokens"]),
        temperature=0,
        ignore_end=True,
        likely=1,
    )
    with asking(model, "text-generation") as running:
        result = last(running, request)
    assert result.text == told["text"]
    assert [token.log for token in result.tokens] == pytest.approx(told["logs"], abs=1e-4)
