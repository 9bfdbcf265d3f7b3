"""ImageBind, tiny and random, against the same model put together from PyTorch's own modules."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.base import Contract, Found, start
from freehold.tasks.base import File
from freehold.tasks.feature_extraction import Request, Result, floats
from tests.runtimes.making import job, made
from tests.runtimes.pictures_engine import Engine as Pictures

pytestmark = [pytest.mark.runtime, pytest.mark.slow]


class Engine(Pictures):
    """transformers, for the vectors of ImageBind."""

    tasks = frozenset({"feature-extraction"})
    modules: ClassVar[dict[str, str]] = {"feature-extraction": "pictures.imagebind"}


def test_pictures_sounds_and_texts_become_the_same_vectors(
    installed: Callable[[Contract], Found],
) -> None:
    folder = made(installed(Engine()), "tiny_imagebind.py")
    expected = json.loads((folder / "vectors.json").read_text())
    picture, sound = File(folder / "picture.png", "image"), File(folder / "sound.wav", "audio")
    with start(Engine(), job(folder / "imagebind", "feature-extraction")) as running:
        request = Request(items=(picture, sound, "fox"), normalize=False)
        result = list(running.ask(request))[-1]
        assert isinstance(result, Result)
        for name, vector in zip(("picture", "sound", "text"), result.dense, strict=True):
            assert floats(vector) == pytest.approx(expected[name], abs=2e-5), name
        (one,) = list(running.ask(Request(items=("fox",))))[-1].dense
        assert sum(x * x for x in floats(one)) == pytest.approx(1, abs=1e-5)
        with pytest.raises(UsageError, match="has 32 tokens, this model reads 20"):
            list(running.ask(Request(items=("x" * 30,))))
        with pytest.raises(UsageError, match="dense vectors of one size"):
            list(running.ask(Request(items=("fox",), form="sparse")))
        broken = Path(folder / "broken.wav")
        broken.write_bytes(b"RIFF")
        with pytest.raises(BrokenInput, match="the sound cannot be read"):
            list(running.ask(Request(items=(File(broken, "audio"),))))
