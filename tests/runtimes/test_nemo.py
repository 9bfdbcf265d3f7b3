"""Recognizers published as .nemo: converted here, they say what plain functions say."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from freehold.actions.convert_nemo import ConvertedNemo, convert_nemo
from freehold.core.errors import UsageError
from freehold.engines.base import Contract, Found
from freehold.tasks.automatic_speech_recognition import Piece, Request
from freehold.tasks.base import File
from tests.runtimes.sound_engine import Engine, asked, is_honest, made, tone

KINDS = {
    "conformer_ctc": "ConformerForCTC",
    "conformer_rnnt": "ConformerForRNNT",
    "fast_ctc": "ParakeetForCTC",
    "fast_rnnt": "ParakeetForRNNT",
    "fast_tdt": "ParakeetForTDT",
    "fast_hybrid": "ParakeetForRNNT",
}
TASK = "automatic-speech-recognition"
pytestmark = pytest.mark.runtime


@pytest.fixture(scope="module")
def models(
    tmp_path_factory: pytest.TempPathFactory, installed: Callable[[Contract], Found]
) -> Path:
    installed(Engine())
    folder = tmp_path_factory.mktemp("nemo")
    tone(folder / "short.wav", 2.0)
    tone(folder / "long.wav", 47.0)
    return made("nemo_models.py", list(KINDS), folder)


def converted(models: Path, name: str) -> ConvertedNemo:
    return convert_nemo(models / f"{name}.nemo", models / name)


def told(models: Path, name: str) -> Any:
    return json.loads((models / f"{name}.json").read_text())


@pytest.mark.parametrize("name", KINDS)
def test_a_recognizer_of_nemo_says_what_plain_functions_say(models: Path, name: str) -> None:
    done = converted(models, name)
    assert done.architecture == KINDS[name]
    left = {"preprocessor.featurizer.fb", "preprocessor.featurizer.window"}
    if name == "fast_hybrid":
        left |= {f"ctc_decoder.decoder_layers.0.{part}" for part in ("weight", "bias")}
    assert set(done.left_out) == left
    short, long = File(models / "short.wav", "audio"), File(models / "long.wav", "audio")
    said, full, refused = asked(
        models / name, TASK, Request(audio=short), Request(audio=long),
        Request(audio=short, translate=True),
    )  # fmt: skip
    assert len(told(models, name)["numbers"]) > 3
    assert said[-1].text == told(models, name)["text"]
    assert is_honest(full)
    pieces = [part.text for part in full if isinstance(part, Piece)]
    assert len(pieces) == 2
    assert "".join(pieces).strip() == full[-1].text
    assert isinstance(refused, UsageError)
