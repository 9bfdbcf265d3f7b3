"""Audio codecs on the transformers engine: codes and sound are those of the library."""

import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.base import Contract, Found
from freehold.tasks.audio_codec import Request
from freehold.tasks.base import File
from tests.runtimes.sound_engine import Engine, asked, heard, made, tone

NAMES = ["encodec", "dac", "mimi"]
TASK = "audio-codec"
pytestmark = pytest.mark.runtime


@pytest.fixture(scope="module")
def models(
    tmp_path_factory: pytest.TempPathFactory, installed: Callable[[Contract], Found]
) -> Path:
    installed(Engine())
    folder = tmp_path_factory.mktemp("coded")
    tone(folder / "short.wav", 2.0)
    return made("codec_models.py", NAMES, folder)


def codes_of(file: File) -> list[list[int]]:
    """The codes in a `.npy` file: codebook x time."""
    data = file.path.read_bytes()
    begin = 10 + int.from_bytes(data[8:10], "little")
    header = data[10:begin].decode()
    rows = int(header.split("'shape': (")[1].split(",")[0])
    flat = [value for (value,) in struct.iter_unpack("<i", data[begin:])]
    width = len(flat) // rows
    return [flat[n * width : (n + 1) * width] for n in range(rows)]


@pytest.mark.parametrize(
    ("name", "bandwidth"), [("encodec", 1.0), ("dac", 5.0), pytest.param("mimi", None)]
)
def test_sound_becomes_the_codes_of_the_library_and_sound_again(
    models: Path, name: str, bandwidth: float | None
) -> None:
    said = json.loads((models / name / "expected.json").read_text())
    (coded,) = asked(
        models / name,
        TASK,
        Request(file=File(models / "short.wav", "audio"), bandwidth=bandwidth),
    )
    result = coded[-1]
    assert codes_of(result.file) == said["codes"]
    assert (result.codebooks, result.frames) == (len(said["codes"]), len(said["codes"][0]))
    decoded, narrow, wrong = asked(
        models / name,
        TASK,
        Request(file=result.file),
        Request(file=File(models / "short.wav", "audio"), bandwidth=0.001),
        Request(file=File(models / "past.npy", "array")),
    )
    rate, samples = heard(decoded[-1].file)
    wanted = [round(max(-1.0, min(1.0, x)) * 32_767) for x in said["wave"]]
    assert rate == 16_000
    assert all(abs(a - b) <= 1 for a, b in zip(samples, wanted, strict=True))
    assert isinstance(narrow, UsageError)
    assert isinstance(wrong, BrokenInput)
