"""Jukebox, which no library has any more: what it sings is what plain functions sing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from freehold.actions.convert import convert
from freehold.core.errors import UsageError
from freehold.engines.base import Contract, Found
from freehold.tasks.base import File, Progress
from freehold.tasks.text_to_audio import Request
from tests.runtimes.sound_engine import Engine, asked, heard, is_honest, made, tone

NAMES, TASK = ("merged", "apart"), "text-to-audio"
LYRICS = "Caf\u00e9 au lait, + tea\\ for me"
pytestmark = pytest.mark.runtime


@pytest.fixture(scope="module")
def models(
    tmp_path_factory: pytest.TempPathFactory, installed: Callable[[Contract], Found]
) -> Path:
    installed(Engine())
    folder = tmp_path_factory.mktemp("jukebox")
    tone(folder / "begun.wav", 0.2, rate=1000, pitch=50)
    made("jukebox_models.py", list(NAMES), folder)
    for name in NAMES:
        convert(folder / name / "pytorch_model.bin", folder / name / "model.safetensors")
    return folder


def told(models: Path, name: str, what: str) -> list[float]:
    found: dict[str, list[float]] = json.loads((models / name / "expected.json").read_text())
    return found[what]


def sung(parts: list[Any]) -> list[int]:
    rate, samples = heard(parts[-1].audio)
    assert rate == parts[-1].rate == 1000
    return samples


def same(samples: list[int], meant: list[float]) -> bool:
    right = [max(-1.0, min(1.0, value)) * 32_767 for value in meant]
    return all(abs(a - b) < 2 for a, b in zip(samples, right, strict=True))


def song(**more: Any) -> Request:
    said = {"text": LYRICS, "voice": "The Band", "genre": "Country", "seed": 5, **more}
    return Request(**said)


@pytest.mark.parametrize("name", NAMES)
def test_jukebox_sings_what_plain_functions_sing(models: Path, name: str) -> None:
    begun = File(models / "begun.wav", "audio")
    short, long, going_on, again = asked(
        models / name, TASK, song(length=0.2), song(length=0.5), song(length=0.5, like=begun),
        song(length=0.2), threads=1,
    )  # fmt: skip
    meant = told(models, name, "short")
    assert max(map(abs, meant)) > 0.05
    assert len(set(map(str, meant))) > 100
    assert same(sung(short), meant)
    assert same(sung(long), told(models, name, "long"))
    assert same(sung(going_on), told(models, name, "begun"))
    assert sung(again) == sung(short)
    assert short[-1].seed == 5
    assert is_honest(long)
    steps = [part for part in long if isinstance(part, Progress)]
    assert steps[-1].done == steps[-1].of == 31 + 62 + 124
    assert any("0.19 seconds are the recording" in note for note in going_on[-1].notes)


def test_jukebox_follows_its_words_and_refuses_what_it_does_not_know(models: Path) -> None:
    usual, genre, nobody, lyrics, seed, artist, guidance, much, nothing = asked(
        models / "merged", TASK, song(length=0.2), song(length=0.2, genre="Rock"),
        song(length=0.2, voice=None), song(length=0.2, text="something else to sing about"),
        song(length=0.2, seed=6), song(voice="Nobody Known"), song(guidance=3.0),
        song(length=4.0), song(length=0.1, like=File(models / "begun.wav", "audio")),
        threads=1,
    )  # fmt: skip
    songs = [tuple(sung(parts)) for parts in (usual, genre, nobody, lyrics, seed)]
    assert len(set(songs)) == 5
    assert any("left out" in note for note in usual[-1].notes)
    for refused in (artist, guidance, much, nothing):
        assert isinstance(refused, UsageError)
    assert "no artist 'Nobody Known'" in str(artist)
