"""Models that no library has: what they say is what plain loops in numpy say."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.base import Contract, Found
from freehold.engines.workers.sound.melody import notes_of, signs
from freehold.engines.workers.sound.midi import Note, midi, read_midi
from freehold.tasks import automatic_speech_recognition, music_latents
from freehold.tasks.base import File
from tests.runtimes.sound_engine import Engine, asked, is_honest, kept, made, tone

NAMES = ["deepspeech", "musicvae", "musicvae_js", "musicvae_tf"]
MELODY = [2, 0, 4, 0, 1, 0, 6, 0, 0, 0, 3, 0, 1, 0, 0, 0]
LOW = 60
pytestmark = pytest.mark.runtime


@pytest.fixture(scope="module")
def models(
    tmp_path_factory: pytest.TempPathFactory, installed: Callable[[Contract], Found]
) -> Path:
    installed(Engine())
    folder = tmp_path_factory.mktemp("ports")
    tone(folder / "short.wav", 2.0)
    tone(folder / "long.wav", 23.0)
    (folder / "tune.mid").write_bytes(midi(notes_of(MELODY, LOW)))
    (folder / "other.mid").write_bytes(midi([Note(0, 1, 61), Note(1, 2, 64)]))
    return made("port_models.py", NAMES, folder)


def told(models: Path, name: str) -> Any:
    return json.loads((models / name / "expected.json").read_text())


def near(left: list[float], right: list[float]) -> bool:
    return all(math.isclose(a, b, abs_tol=2e-4) for a, b in zip(left, right, strict=True))


def test_deepspeech_hears_what_plain_loops_hear(models: Path) -> None:
    short, long = File(models / "short.wav", "audio"), File(models / "long.wav", "audio")
    ask = automatic_speech_recognition.Request
    timed, full, refused = asked(
        models / "deepspeech",
        "automatic-speech-recognition",
        ask(audio=short, timestamps="word"),
        ask(audio=long),
        ask(audio=short, language="fr"),
    )
    assert timed[-1].text == told(models, "deepspeech")["text"]
    assert " ".join(word.text for word in timed[-1].words) == timed[-1].text
    assert "written without a language model" in timed[-1].notes
    assert is_honest(full)
    assert full[-1].text.startswith(timed[-1].text[:2])
    assert isinstance(refused, UsageError)
    (searched,) = asked(
        models / "deepspeech",
        "automatic-speech-recognition",
        ask(audio=short),
        options={"beam": "8"},
    )
    assert searched[-1].text


@pytest.mark.parametrize("name", ["musicvae", "musicvae_js", "musicvae_tf"])
def test_musicvae_encodes_and_unrolls_as_plain_loops_do(models: Path, name: str) -> None:
    tune = File(models / "tune.mid", "notes")
    (again,) = asked(
        models / name, "music-latents", music_latents.Request(notes=(tune,), temperature=0)
    )
    said = told(models, name)
    assert near(kept(again[-1].latents.path), said["latents"])
    if "signs" in said:
        found, _ = signs(read_midi(again[-1].pieces[0].path), 16, LOW, 64)
        assert notes_of(found, LOW) == notes_of(said["signs"], LOW)


def test_musicvae_invents_and_goes_from_one_tune_to_another(models: Path, tmp_path: Path) -> None:
    tune, other = File(models / "tune.mid", "notes"), File(models / "other.mid", "notes")
    broken = tmp_path / "broken.mid"
    broken.write_bytes(tune.path.read_bytes()[:-3])
    ask = music_latents.Request
    new, same, way, lone, wrong = asked(
        models / "musicvae",
        "music-latents",
        ask(count=2, seed=5),
        ask(count=2, seed=5),
        ask(notes=(tune, other), count=3, temperature=0),
        ask(notes=(tune, other)),
        ask(notes=(File(broken, "notes"),)),
    )
    assert len(new[-1].pieces) == 2
    assert [f.path.read_bytes() for f in new[-1].pieces] == [
        f.path.read_bytes() for f in same[-1].pieces
    ]
    points = kept(way[-1].latents.path)
    middle = [(a + b) / 2 for a, b in zip(points[:4], points[8:], strict=True)]
    assert near(points[4:8], middle)
    assert "at least two pieces" in str(lone)
    assert isinstance(wrong, BrokenInput)
