"""Models that see and write say of a picture what the library says."""

from collections.abc import Callable
from pathlib import Path

import pytest

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.base import Contract, Found
from freehold.tasks import text_classification as moderation
from freehold.tasks.base import File
from freehold.tasks.text_generation import Message, Request
from tests.runtimes.language import Maker, asking, expected, last, makers

pytestmark = pytest.mark.runtime

FIRST = ("llava", "qwen2_vl", "mllama")
OTHERS = (
    "qwen2_5_vl",
    "gemma3",
    "paligemma",
    "internvl",
    "idefics3",
    "minigpt4",
    "vila",
    "shieldgemma2",
)


@pytest.fixture(scope="module")
def tiny(installed: Callable[[Contract], Found], tmp_path_factory: pytest.TempPathFactory) -> Maker:
    """A tiny model that sees, by its name."""
    return makers(installed, tmp_path_factory, "tiny_seeing.py", (FIRST, OTHERS))


def question(model: Path) -> Request:
    """One question about the picture beside a model."""
    told = expected(model)
    picture = File(model / "picture.png", "image")
    return Request(
        messages=(Message("user", told["prompt"], (picture,)),),
        max_tokens=len(told["tokens"]),
        temperature=0,
        ignore_end=True,
        bias=dict.fromkeys(told["unknown"], -1e9),
    )


@pytest.mark.parametrize("name", FIRST)
def test_a_model_says_of_a_picture_what_the_library_says(name: str, tiny: Maker) -> None:
    model = tiny(name)
    with asking(model, "text-generation") as running:
        result = last(running, question(model))
    assert result.text == expected(model)["text"]
    assert result.spent.prompt == expected(model)["count"]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in OTHERS if name != "shieldgemma2"])
def test_another_model_says_of_a_picture_what_the_library_says(name: str, tiny: Maker) -> None:
    model = tiny(name)
    with asking(model, "text-generation") as running:
        assert last(running, question(model)).text == expected(model)["text"]


def test_what_is_no_picture_is_refused_and_the_next_question_answered(
    tiny: Maker, tmp_path: Path
) -> None:
    model, broken, sound = tiny("llava"), tmp_path / "a.png", tmp_path / "a.wav"
    broken.write_bytes((model / "picture.png").read_bytes()[:300])
    sound.write_bytes(b"RIFF")
    with asking(model, "text-generation") as running:
        for file, kind, why in ((broken, "image", "broken"), (sound, "audio", "sees pictures")):
            about = File(file, kind)  # type: ignore[arg-type]
            with pytest.raises((BrokenInput, UsageError), match=why):
                last(running, Request(messages=(Message("user", "what?", (about,)),)))
        assert last(running, question(model)).text == expected(model)["text"]


@pytest.mark.slow
def test_a_guard_of_pictures_answers_for_each_of_its_policies(tiny: Maker) -> None:
    model = tiny("shieldgemma2")
    picture = File(model / "picture.png", "image")
    with asking(model, "text-classification") as running:
        result = last(running, moderation.Request(items=(picture,)))
        with pytest.raises(UsageError, match="judges pictures only"):
            last(running, moderation.Request(items=("a text",)))
    assert result.verdicts[0].scores == pytest.approx(expected(model)["scores"], abs=1e-5)
