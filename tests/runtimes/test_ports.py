"""Architectures that we wrote anew say what a second, slower way of computing them says."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from freehold.core.errors import UsageError
from freehold.engines.base import Contract, Found
from freehold.tasks.base import File
from freehold.tasks.text_generation import Message, Request
from tests.runtimes.language import Maker, asking, expected, last, makers

pytestmark = pytest.mark.runtime

NAMES = ("crystalcoder", "grok", "sea_lion", "sloped_mpt", "qwen")
SEEING = ("nvlm", "nvlm_v1")
MOLMO = ("molmo", "molmo_olmo")


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


@pytest.fixture(scope="module")
def seeing(
    installed: Callable[[Contract], Found], tmp_path_factory: pytest.TempPathFactory
) -> Maker:
    """A tiny model that sees, by its name."""
    first = makers(installed, tmp_path_factory, "tiny_seeing_ports.py", (SEEING,))
    others = makers(installed, tmp_path_factory, "tiny_molmo.py", (MOLMO,))
    return lambda name: (first if name in SEEING else others)(name)


def question(model: Path) -> Request:
    """One question about the picture beside a model."""
    told = expected(model)
    picture = File(model / "picture.png", "image")
    return Request(
        messages=(Message("user", told["prompt"], (picture,)),),
        max_tokens=len(told["tokens"]),
        temperature=0,
        ignore_end=True,
        likely=1,
        bias=dict.fromkeys(told["unknown"], -1e9),
    )


@pytest.mark.parametrize("name", [*SEEING, *MOLMO])
def test_a_port_says_of_a_picture_what_the_bare_weights_say(name: str, seeing: Maker) -> None:
    model = seeing(name)
    with asking(model, "text-generation", context=250) as running:
        result = last(running, question(model))
    assert result.spent.prompt == expected(model)["count"]
    assert result.text == re.sub(r"<\|\w+\|>", "", expected(model)["text"])  # marks are not said
    assert [token.log for token in result.tokens] == pytest.approx(
        expected(model)["logs"], abs=1e-4
    )


@pytest.mark.parametrize(("name", "mark"), [("nvlm", "<|vision_pad|>"), ("molmo", "<im_patch>")])
def test_what_a_port_cannot_see_is_refused_and_words_alone_are_answered(
    name: str, mark: str, seeing: Maker
) -> None:
    picture = File(seeing(name) / "picture.png", "image")
    sound = File(picture.path, "audio")
    refused = [(mark, (picture,), "cannot hold"), ("all", (picture, sound), "sees pictures")]
    if name == "molmo":
        refused.append(("all", (picture, picture), "one picture"))
    with asking(seeing(name), "text-generation", context=250) as running:
        for words, files, why in refused:
            with pytest.raises(UsageError, match=why):
                last(running, Request(messages=(Message("user", words, files),), max_tokens=1))
        alone = Request(messages=(Message("user", "all"),), max_tokens=3, ignore_end=True)
        assert len(last(running, alone).text) >= 3
