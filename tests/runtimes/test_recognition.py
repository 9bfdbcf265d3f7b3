"""Speech recognition on the transformers engine: what comes out is what the library says."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.base import Contract, Found
from freehold.tasks.automatic_speech_recognition import Piece, Request
from freehold.tasks.base import File
from tests.runtimes.sound_engine import Engine, asked, is_honest, made, tone

NAMES = [
    "whisper",
    "wav2vec2",
    "hubert",
    "mms",
    "parakeet",
    "parakeet_tdt",
    "canary",
    "moonshine",
    "speech_to_text",
]
SLOW = pytest.mark.slow
TASK = "automatic-speech-recognition"
pytestmark = pytest.mark.runtime


@pytest.fixture(scope="module")
def models(
    tmp_path_factory: pytest.TempPathFactory, installed: Callable[[Contract], Found]
) -> Path:
    installed(Engine())
    folder = tmp_path_factory.mktemp("heard")
    tone(folder / "short.wav", 2.0)
    tone(folder / "long.wav", 47.0)
    return made("sound_models.py", NAMES, folder)


@pytest.fixture(scope="module")
def short(models: Path) -> File:
    return File(models / "short.wav", "audio")


@pytest.fixture(scope="module")
def long(models: Path) -> File:
    return File(models / "long.wav", "audio")


def expected(models: Path, name: str) -> Any:
    return json.loads((models / name / "expected.json").read_text())


def test_whisper_hears_what_the_library_hears(models: Path, short: File, long: File) -> None:
    plain, translated, full = asked(
        models / "whisper",
        TASK,
        Request(audio=short, language="fr"),
        Request(audio=short, language="fr", translate=True),
        Request(audio=long, language="en", timestamps="segment"),
    )
    said = expected(models, "whisper")
    assert plain[-1].text == said["plain"]
    assert translated[-1].text == said["translated"]
    assert full[-1].text == said["long"]
    assert is_honest(full)
    pieces = [p.text for p in full if isinstance(p, Piece)]
    assert "".join(pieces).strip() == full[-1].text
    assert len(pieces) == len(full[-1].segments) > 1
    assert full[-1].seconds == 47.0


def test_whisper_says_when_each_word_was_said_and_in_which_language(
    models: Path, short: File
) -> None:
    timed, prompted = asked(
        models / "whisper",
        TASK,
        Request(audio=short, timestamps="word"),
        Request(audio=short, language="de", prompt="names: Ada"),
    )
    said = expected(models, "whisper")
    assert timed[-1].language == said["heard"]
    assert [w.start for w in timed[-1].words] == sorted(w.start for w in timed[-1].words)
    assert "".join(w.text for w in timed[-1].words) == timed[-1].text.replace(" ", "")
    assert prompted[-1].text == said["prompted"]


def test_what_cannot_be_heard_is_an_error_and_the_next_request_works(
    models: Path, short: File, tmp_path: Path
) -> None:
    broken, empty, nothing = (tmp_path / name for name in ("a.wav", "b.wav", "c.mp3"))
    broken.write_bytes(b"RIFF\x00\x00\x00\x00WAVE no sound at all")
    tone(empty, 0)
    nothing.write_bytes(b"")
    *wrong, right = asked(
        models / "whisper",
        TASK,
        Request(audio=File(broken, "audio")),
        Request(audio=File(empty, "audio")),
        Request(audio=File(nothing, "audio")),
        Request(audio=short, language="xx"),
        Request(audio=short, language="fr"),
    )
    assert [type(error) for error in wrong] == [BrokenInput] * 3 + [UsageError]
    assert "empty" in str(wrong[1])
    assert "none of the model's languages: de en fr" in str(wrong[3])
    assert right[-1].text == expected(models, "whisper")["plain"]


def test_wav2vec2_says_when_each_word_was_said_and_hears_long_recordings(
    models: Path, short: File, long: File
) -> None:
    timed, full, refused = asked(
        models / "wav2vec2",
        TASK,
        Request(audio=short, timestamps="word"),
        Request(audio=long),
        Request(audio=short, translate=True),
    )
    said = expected(models, "wav2vec2")
    assert timed[-1].text == said["text"]
    words = [(w.text, round(w.start / 0.02), round(w.end / 0.02)) for w in timed[-1].words]
    assert words == [tuple(word) for word in said["words"]]
    assert is_honest(full)
    pieces = [p.text for p in full if isinstance(p, Piece)]
    assert len(pieces) == 2
    assert "".join(pieces).strip() == full[-1].text
    assert "no translate" in str(refused)


@pytest.mark.parametrize(
    "name",
    [
        "parakeet",
        "moonshine",
        pytest.param("hubert", marks=SLOW),
        pytest.param("parakeet_tdt", marks=SLOW),
        pytest.param("speech_to_text", marks=SLOW),
    ],
)
def test_others_hear_what_the_library_hears(models: Path, short: File, name: str) -> None:
    (heard,) = asked(models / name, TASK, Request(audio=short))
    assert heard[-1].text == expected(models, name)["text"]


def test_canary_is_told_two_languages(models: Path, short: File, long: File) -> None:
    plain, translated, full = asked(
        models / "canary",
        TASK,
        Request(audio=short, language="de"),
        Request(audio=short, language="de", translate=True),
        Request(audio=long, timestamps="segment"),
    )
    said = expected(models, "canary")
    assert plain[-1].text == said["text"]
    assert translated[-1].text == said["translated"]
    assert "it was heard in 2 parts, cut at quiet places" in full[-1].notes
    assert full[-1].segments[1].end == 47.0


def test_mms_takes_the_adapter_of_each_language_and_comes_back(models: Path, short: File) -> None:
    usual, french, again, lost = asked(
        models / "mms",
        TASK,
        Request(audio=short),
        Request(audio=short, language="fra"),
        Request(audio=short),
        Request(audio=short, language="deu"),
    )
    said = expected(models, "mms")
    assert usual[-1].text == again[-1].text == said["eng"]
    assert french[-1].text == said["fra"]
    assert usual[-1].language == "eng"
    assert "no adapter for the language 'deu'" in str(lost)
