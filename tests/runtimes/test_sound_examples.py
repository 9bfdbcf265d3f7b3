"""The examples for sound and series run as they are written, with tiny models."""

from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from freehold.engines.base import Contract, Found
from freehold.tasks.base import File
from tests.runtimes.sound_engine import Engine, heard, made, tone

pytestmark = [pytest.mark.runtime, pytest.mark.slow]
EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPTS = {
    "sound_models.py": "whisper",
    "spoken_models.py": "musicgen",
    "talking_models.py": "seamless_v2",
    "codec_models.py": "encodec",
    "series_models.py": "timesfm",
}


@pytest.fixture(scope="module")
def models(
    tmp_path_factory: pytest.TempPathFactory, installed: Callable[[Contract], Found]
) -> Path:
    installed(Engine())
    folder = tmp_path_factory.mktemp("examples")
    tone(folder / "short.wav", 2.0)
    tone(folder / "long.wav", 31.0)
    rows = "\n".join(f"2026-01-{n + 1:02d},{n % 7}.5" for n in range(20))
    (folder / "past.csv").write_text(f"day,sales\n{rows}\n")
    for script, name in SCRIPTS.items():
        made(script, [name], folder)
    made("spoken_models.py", ["speecht5"], folder)
    return folder


def example(name: str) -> Any:
    """The function of an example."""
    spec = spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def test_the_example_of_a_transcript(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = example("transcribe")(str(models / "whisper"), str(models / "long.wav"), "en")
    assert text in capsys.readouterr().out.replace("\n", " ")


def test_the_example_of_speech(models: Path, tmp_path: Path) -> None:
    voice = str(models / "speecht5" / "ada.npy")
    seconds = example("speak")(str(models / "speecht5"), "good day", str(tmp_path / "o.wav"), voice)
    rate, samples = heard(File(tmp_path / "o.wav", "audio"))
    assert seconds == len(samples) / rate


def test_the_example_of_music(models: Path, tmp_path: Path) -> None:
    assert example("music")(str(models / "musicgen"), "rain", str(tmp_path / "o.wav"), 0.4) >= 0
    assert len(heard(File(tmp_path / "o.wav", "audio"))[1]) == 6400


def test_the_example_of_translated_speech(models: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "o.wav")
    text = example("translate_speech")(
        str(models / "seamless_v2"), str(models / "short.wav"), "fra", out
    )
    assert text
    assert heard(File(Path(out), "audio"))[1]


def test_the_example_of_codes(models: Path, tmp_path: Path) -> None:
    rate = example("codec")(
        str(models / "encodec"),
        str(models / "short.wav"),
        str(tmp_path / "codes.npy"),
        str(tmp_path / "again.wav"),
    )
    assert 0 < rate < 256  # of a WAV file at 16 kHz
    assert heard(File(tmp_path / "again.wav", "audio"))[0] == 16_000


def test_the_example_of_a_forecast(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ahead = example("forecast")(str(models / "timesfm"), str(models / "past.csv"), 3)
    assert len(ahead["sales"]) == 3
    assert "2026-01-21" in capsys.readouterr().out
