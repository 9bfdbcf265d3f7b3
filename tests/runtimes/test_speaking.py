"""Speech, music and sounds on the transformers engine: the samples are those of the library."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from freehold.core.errors import BrokenInput, EnvironmentProblem, UsageError
from freehold.engines.base import Contract, Found, Job, start
from freehold.judge.fitting.parts import Setting
from freehold.tasks.base import File, Progress
from freehold.tasks.text_to_audio import Request
from tests.runtimes.sound_engine import Engine, asked, heard, is_honest, kept, made

NAMES = ["vits", "speecht5", "fastspeech", "musicgen", "bark"]
TASK = "text-to-audio"
SEED = 7
pytestmark = pytest.mark.runtime


@pytest.fixture(scope="module")
def models(
    tmp_path_factory: pytest.TempPathFactory, installed: Callable[[Contract], Found]
) -> Path:
    installed(Engine())
    return made("spoken_models.py", NAMES, tmp_path_factory.mktemp("spoken"))


@pytest.fixture(scope="module")
def broken(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = ["vits_nan", "vits_lacking", "vits_narrow"]
    return made("spoken_models.py", names, tmp_path_factory.mktemp("broken"))


def is_as_expected(parts: list[Any], model: Path, rate: int) -> bool:
    """Whether the file holds what the library made, as near as 16 bits can."""
    result = parts[-1]
    found, samples = heard(result.audio)
    wanted = [round(max(-1, min(1, value)) * 32_767) for value in kept(model / "expected.npy")]
    assert (found, result.rate, len(samples)) == (rate, rate, len(wanted))
    assert max(map(abs, wanted)) > 100
    return all(abs(a - b) <= 1 for a, b in zip(samples, wanted, strict=True))


def test_vits_speaks_as_the_library_and_says_what_it_cannot_read(models: Path) -> None:
    spoken, odd, none, voice = asked(
        models / "vits",
        TASK,
        Request(text="good day", speed=1.5, seed=SEED),
        Request(text="day 7!"),
        Request(text="777"),
        Request(text="good day", voice="ada"),
    )
    assert is_as_expected(spoken, models / "vits", 16_000)
    assert odd[-1].notes == ("left out, because the model does not know them: ! 7",)
    assert isinstance(none, UsageError)
    assert "it has one voice only" in str(voice)


def test_speecht5_takes_its_voice_from_a_file(models: Path, tmp_path: Path) -> None:
    folder = models / "speecht5"
    wrong = tmp_path / "wrong.npy"
    wrong.write_bytes((folder / "ada.npy").read_bytes()[:-4])
    given, named, none, broken = asked(
        folder,
        TASK,
        Request(text="good day", like=File(folder / "ada.npy", "array"), seed=SEED),
        Request(text="good day", voice="ada", seed=SEED),
        Request(text="good day"),
        Request(text="good day", like=File(wrong, "array")),
    )
    assert is_as_expected(given, folder, 16_000)
    assert is_as_expected(named, folder, 16_000)
    assert is_honest(given)
    assert "needs a voice" in str(none)
    assert isinstance(broken, BrokenInput)


def test_fastspeech_speaks_phonemes(models: Path) -> None:
    spoken, letters = asked(
        models / "fastspeech", TASK, Request(text="G UH1 D", voice="1"), Request(text="good")
    )
    assert is_as_expected(spoken, models / "fastspeech", 22_050)
    assert "speaks phonemes" in str(letters)


def test_musicgen_plays_as_long_as_was_asked_and_says_how_far_it_is(models: Path) -> None:
    played, long, silent = asked(
        models / "musicgen",
        TASK,
        Request(text="rain", length=0.4, seed=SEED),
        Request(text="rain", length=30),
        Request(text="rain", voice="ada"),
    )
    assert is_as_expected(played, models / "musicgen", 16_000)
    steps = [p for p in played if isinstance(p, Progress)]
    assert [p.done for p in steps] == list(range(1, 24))
    assert steps[-1].left == 0
    assert "30 seconds are more" in str(long)
    assert "no voice" in str(silent)


@pytest.mark.slow
def test_music_that_nobody_waits_for_any_more_is_given_up(models: Path) -> None:
    job = Job(model=models / "musicgen", task=TASK, setting=Setting(context=1), threads=1)
    with start(Engine(), job, patience=120) as running:
        parts = running.ask(Request(text="rain", length=2, seed=SEED))
        assert isinstance(next(parts), Progress)
        parts.close()  # type: ignore[attr-defined]
        again = list(running.ask(Request(text="rain", length=0.1, seed=SEED)))
    assert again[-1].seconds == pytest.approx(0.1, abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "why"),
    [("vits_nan", "hold what is not a number"), ("vits_lacking", "tensors that the model needs")],
)
def test_weights_that_are_broken_are_refused_before_anything_is_spoken(
    broken: Path, name: str, why: str
) -> None:
    with pytest.raises(EnvironmentProblem, match=why):
        asked(broken / name, TASK, Request(text="good day"))


@pytest.mark.slow
def test_weights_of_16_bits_are_widened_on_a_processor_and_that_is_said(broken: Path) -> None:
    wide, told = (
        asked(broken / "vits_narrow", TASK, Request(text="good day", seed=SEED), precision=p)
        for p in (None, "f32")
    )
    assert "computed in 32-bit floats, though the weights are stored in 16" in wide[0][-1].notes
    assert told[0][-1].notes == ()


@pytest.mark.slow
def test_bark_speaks_with_one_of_its_voices(models: Path) -> None:
    spoken, unknown = asked(
        models / "bark",
        TASK,
        Request(text="good day", voice="ada", seed=SEED),
        Request(text="good day", voice="bob"),
    )
    assert is_as_expected(spoken, models / "bark", 24_000)
    assert [p.done for p in spoken if isinstance(p, Progress)] == [0, 1, 2]
    assert "the voices are ada" in str(unknown)
