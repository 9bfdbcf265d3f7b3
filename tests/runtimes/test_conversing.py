"""Speech translation and spoken conversation on the transformers engine."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from freehold.core.errors import UsageError
from freehold.engines.base import Contract, Found
from freehold.tasks import automatic_speech_recognition, text_generation, text_to_audio
from freehold.tasks.audio_to_audio import Request
from freehold.tasks.base import File
from tests.runtimes.sound_engine import Engine, asked, heard, is_honest, made, tone

NAMES = ["seamless", "seamless_v2", "qwen2_audio"]
TASK = "audio-to-audio"
pytestmark = pytest.mark.runtime


@pytest.fixture(scope="module")
def models(
    tmp_path_factory: pytest.TempPathFactory, installed: Callable[[Contract], Found]
) -> Path:
    installed(Engine())
    folder = tmp_path_factory.mktemp("talking")
    tone(folder / "short.wav", 2.0)
    tone(folder / "long.wav", 31.0)
    return made("talking_models.py", NAMES, folder)


def told(models: Path, name: str) -> Any:
    return json.loads((models / name / "expected.json").read_text())


def speaks(parts: list[Any], wave: list[float]) -> bool:
    """Whether the file holds these samples, as near as 16 bits can."""
    rate, samples = heard(parts[-1].audio)
    wanted = [round(max(-1.0, min(1.0, value)) * 32_767) for value in wave]
    near = all(abs(a - b) <= 1 for a, b in zip(samples, wanted, strict=True))
    return near and rate == parts[-1].rate == 16_000


@pytest.mark.parametrize("name", ["seamless_v2", pytest.param("seamless", marks=pytest.mark.slow)])
def test_seamless_translates_speech_and_text_into_speech_and_text(models: Path, name: str) -> None:
    short = File(models / "short.wav", "audio")
    spoken, typed, silent, lost, odd = asked(
        models / name,
        TASK,
        Request(said=short, language="fra", voice="1"),
        Request(said="good day", source="eng", language="fra", voice="1"),
        Request(said=short, language="fra", spoken=False),
        Request(said=short),
        Request(said=short, language="fra", voice="7"),
    )
    said = told(models, name)
    assert spoken[-1].text == silent[-1].text == said["heard"]["text"]
    assert speaks(spoken, said["heard"]["wave"])
    assert typed[-1].text == said["written"]["text"]
    assert speaks(typed, said["written"]["wave"])
    assert silent[-1].audio is None
    assert isinstance(lost, UsageError)
    assert "the voices are 0 to 1" in str(odd)


@pytest.mark.slow
def test_seamless_also_writes_down_and_speaks(models: Path) -> None:
    written, full = asked(
        models / "seamless_v2",
        "automatic-speech-recognition",
        automatic_speech_recognition.Request(
            audio=File(models / "short.wav", "audio"), language="fra"
        ),
        automatic_speech_recognition.Request(
            audio=File(models / "long.wav", "audio"), language="fra"
        ),
    )
    assert written[-1].text == told(models, "seamless_v2")["heard"]["text"]
    assert full[-1].notes == ("it was heard in 2 parts, cut at quiet places",)
    assert is_honest(full)
    (spoken,) = asked(
        models / "seamless_v2",
        "text-to-audio",
        text_to_audio.Request(text="good day", language="eng"),
    )
    assert spoken[-1].seconds > 0


def test_qwen2_audio_hears_and_answers_in_writing(models: Path) -> None:
    short, long = File(models / "short.wav", "audio"), File(models / "long.wav", "audio")
    answered, typed, loud, full = asked(
        models / "qwen2_audio",
        TASK,
        Request(said=short, spoken=False, max_tokens=12),
        Request(said="good day", spoken=False, max_tokens=3),
        Request(said=short),
        Request(said=long, spoken=False),
    )
    assert answered[-1].text == told(models, "qwen2_audio")["text"]
    assert typed[-1].work.count <= 3
    assert "in writing only" in str(loud)
    assert "hears 30 seconds at once, and the recording has 31.0" in str(full)


def test_qwen2_audio_writes_in_a_chat_with_sounds(models: Path) -> None:
    short = File(models / "short.wav", "audio")
    heard = (text_generation.Message("user", "", (short,)),)
    ask = text_generation.Request
    (chat, drawn, again, tools) = asked(
        models / "qwen2_audio",
        "text-generation",
        ask(messages=heard, max_tokens=12, temperature=0),
        ask(messages=heard, max_tokens=12, temperature=1.5, seed=3),
        ask(messages=heard, max_tokens=12, temperature=1.5, seed=3),
        ask(messages=heard, grammar="root ::= [a-z]"),
    )
    result = chat[-1]
    assert result.text.strip() == told(models, "qwen2_audio")["text"]
    assert "".join(piece.text for piece in chat[:-1]) == result.text
    assert result.spent.prompt > 10
    assert 0 < result.spent.generated <= 12
    assert drawn[-1].text == again[-1].text
    assert isinstance(tools, UsageError)
