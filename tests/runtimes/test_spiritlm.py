"""Spirit LM, tiny and random, from files as published: it hears, reads, writes and speaks."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import freehold
from freehold.actions.convert import convert
from freehold.core.errors import EnvironmentProblem, UsageError
from freehold.engines.base import Contract, Found
from freehold.tasks.audio_to_audio import Request
from freehold.tasks.base import File
from tests.runtimes.sound_engine import Engine, asked, heard, is_honest, made, tone

TASK = "audio-to-audio"
pytestmark = pytest.mark.runtime


@pytest.fixture(scope="module")
def models(
    tmp_path_factory: pytest.TempPathFactory, installed: Callable[[Contract], Found]
) -> Path:
    installed(Engine())
    folder = tmp_path_factory.mktemp("spirit")
    made("unit_models.py", [], folder)
    for path in folder.rglob("*.pt"):
        under = "generator" if path.stem == "generator" else "model_weight"
        convert(path, path.with_suffix(".safetensors"), under=under)
        path.unlink()
    return folder


@pytest.fixture(scope="module")
def told(models: Path) -> Any:
    return json.loads((models / "expected.json").read_text())


def speaks(parts: list[Any], said: dict[str, Any]) -> bool:
    """Whether it says these units, and the file holds these samples, as near as 16 bits can."""
    rate, samples = heard(parts[-1].audio)
    wanted = [round(value * 32_767) for value in said["wave"]]
    near = len(samples) == len(wanted) and max(
        abs(a - b) for a, b in zip(samples, wanted, strict=True)
    )
    units = "".join(f"[Hu{unit}]" for unit in said["units"])
    return near is not False and near <= 2 and rate == 16_000 and parts[-1].text == units


def test_it_goes_on_in_speech_or_text_as_plain_functions_do(models: Path, told: Any) -> None:
    assert len(set(told["heard"])) > 5, "the test hears enough different units"
    said = File(models / "said.wav", "audio")
    spoken, silent, read, written = asked(
        models / "base",
        TASK,
        Request(said=said, voice="bea", max_tokens=12),
        Request(said=said, spoken=False, max_tokens=12),
        Request(said="a fox", voice="1", max_tokens=12),
        Request(said="a fox", spoken=False, max_tokens=12),
    )
    assert speaks(spoken, told["spoken"])
    assert speaks(read, told["read"])
    assert silent[-1].text == told["told"]
    assert written[-1].text == told["written"]
    assert written[-1].audio is None
    assert is_honest(spoken)
    said_of_it = "speech of this model has no end of its own: it was cut after 12 units"
    assert said_of_it in spoken[-1].notes


def test_run_talks_where_the_tokenizer_of_speech_lies_in_the_folder(
    models: Path, told: Any
) -> None:
    answer = freehold.run(models / "base", models / "said.wav", silent=True, max_tokens=12)
    assert answer.result.text == told["told"]


def test_it_stays_a_model_of_text_whose_units_are_written_out(models: Path, told: Any) -> None:
    units = "".join(f"[Hu{unit}]" for unit in told["heard"])
    answer = freehold.run(
        models / "base", f"[Speech]{units}[Text]", task="text-generation", continuing=True,
        max_tokens=1, temperature=0,
    )  # fmt: skip
    assert answer.result.spent.prompt == len(told["heard"]) + 3  # a beginning and two signs


def test_what_it_cannot_do_is_said(models: Path, tmp_path: Path) -> None:
    said = File(models / "said.wav", "audio")
    tone(tmp_path / "short.wav", 0.05)
    language, odd, short, long = asked(
        models / "base",
        TASK,
        Request(said="a fox", language="fr"),
        Request(said="a fox", voice="zoe"),
        Request(said=File(tmp_path / "short.wav", "audio"), spoken=False),
        Request(said="a" * 200, spoken=False),
    )
    assert "Spirit LM has no language that could be chosen" in str(language)
    assert "the voices are 0 to 2, or ann bea cyd" in str(odd)
    assert "shorter than 80 ms" in str(short)
    assert isinstance(long, UsageError)
    with pytest.raises(EnvironmentProblem, match="needs the folder speech_tokenizer"):
        asked(models / "expressive", TASK)
    expressive = shutil.copytree(models / "expressive", tmp_path / "expressive")
    (expressive / "speech_tokenizer").symlink_to(models / "base" / "speech_tokenizer")
    heard_, voiced, fine = asked(
        expressive,
        TASK,
        Request(said=said, spoken=False),
        Request(said="a fox"),
        Request(said="a fox", spoken=False, max_tokens=3),
    )
    assert "pitch and style" in str(heard_)
    assert "no voice for units here" in str(voiced)
    assert fine[-1].audio is None
