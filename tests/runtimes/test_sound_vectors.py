"""Vectors of sounds on the transformers engine."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from freehold.engines.base import Contract, Found
from freehold.tasks.base import File
from freehold.tasks.feature_extraction import Request, floats
from tests.runtimes.sound_engine import Engine, asked, made, tone

TASK = "feature-extraction"
pytestmark = pytest.mark.runtime


@pytest.fixture(scope="module")
def models(
    tmp_path_factory: pytest.TempPathFactory, installed: Callable[[Contract], Found]
) -> Path:
    installed(Engine())
    folder = tmp_path_factory.mktemp("vectors")
    tone(folder / "short.wav", 2.0)
    tone(folder / "high.wav", 1.0, rate=48_000)
    tone(folder / "long.wav", 11.0, rate=48_000)
    return made("sound_models.py", ["vectors", "clap"], folder)


def told(models: Path, name: str) -> Any:
    return json.loads((models / name / "expected.json").read_text())


def near(left: list[float], right: list[float]) -> bool:
    return all(
        math.isclose(a, b, rel_tol=1e-4, abs_tol=1e-5) for a, b in zip(left, right, strict=True)
    )


def test_wav2vec2_gives_a_vector_for_each_frame_or_their_mean(models: Path) -> None:
    short = (File(models / "short.wav", "audio"),)
    frames, mean, text = asked(
        models / "vectors",
        TASK,
        Request(items=short, form="multi-vector", normalize=False),
        Request(items=short, normalize=False),
        Request(items=("a dog",)),
    )
    said = told(models, "vectors")
    assert near(floats(frames[-1].several[0]), [x for frame in said["frames"] for x in frame])
    assert near(floats(mean[-1].dense[0]), said["mean"])
    assert mean[-1].notes == ("each vector is the mean of all frames",)
    assert "reads no texts" in str(text)


def test_clap_puts_sounds_and_words_into_one_space(models: Path) -> None:
    sound, words = File(models / "high.wav", "audio"), "a dog"
    both, unit, long, cut = asked(
        models / "clap",
        TASK,
        Request(items=(sound, words), normalize=False),
        Request(items=(words,)),
        Request(items=(File(models / "long.wav", "audio"),)),
        Request(items=(File(models / "long.wav", "audio"),), truncate=True),
    )
    said = told(models, "clap")
    assert near(floats(both[-1].dense[0]), said["heard"])
    assert near(floats(both[-1].dense[1]), said["read"])
    assert math.isclose(sum(x * x for x in floats(unit[-1].dense[0])), 1, rel_tol=1e-5)
    assert "11.0 seconds and the model takes 10" in str(long)
    assert cut[-1].cut == (0,)
