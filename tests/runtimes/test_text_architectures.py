"""Every decoder, and encoder with decoder, says through the engine what the library says."""

from collections.abc import Callable
from pathlib import Path

import pytest

from freehold.engines.base import Contract, Found
from freehold.tasks.text_generation import Request
from tests.runtimes.language import Maker, asking, expected, makers

pytestmark = pytest.mark.runtime

FIRST = ("llama", "gpt_neox", "bloom", "falcon", "jamba", "gemma2", "mamba2", "dbrx", "t5")
OTHERS = (
    *("olmo", "olmo2", "olmo3", "olmoe", "starcoder2", "gpt_bigcode", "falcon_40b"),
    *("falcon_mamba", "falcon_h1", "mpt", "qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "gptj"),
    *("gemma3", "granite", "granitemoe", "granitemoehybrid", "phi", "phi3", "phimoe", "mixtral"),
    *("mistral", "cohere", "deepseek_v3", "t5_1.1"),
)


@pytest.fixture(scope="module")
def tiny(installed: Callable[[Contract], Found], tmp_path_factory: pytest.TempPathFactory) -> Maker:
    """A tiny model by its name; all of its group are made at once."""
    return makers(installed, tmp_path_factory, "tiny_text.py", (FIRST, OTHERS))


def check(model: Path) -> None:
    """The same tokens, one after another."""
    told = expected(model)
    request = Request(
        text=told["prompt"], max_tokens=len(told["tokens"]), temperature=0, ignore_end=True
    )
    with asking(model, "text-generation") as running:
        *pieces, result = running.ask(request)
    assert result.text == told["text"]
    assert "".join(piece.text for piece in pieces) == told["text"]
    assert result.spent.generated == len(told["tokens"])
    assert result.finish == "length"


@pytest.mark.parametrize("name", FIRST)
def test_an_architecture_says_what_the_library_says(name: str, tiny: Maker) -> None:
    check(tiny(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_another_architecture_says_what_the_library_says(name: str, tiny: Maker) -> None:
    check(tiny(name))
