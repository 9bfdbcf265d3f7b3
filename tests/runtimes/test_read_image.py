"""Tiny models that read images, in their publishers' layout, against the library itself."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.base import Contract, Found, Running, start
from freehold.tasks.base import File, Progress
from freehold.tasks.image_to_text import Request, Result
from tests.runtimes.making import job, made, pixels
from tests.runtimes.pictures_engine import Engine

pytestmark = pytest.mark.runtime
TASK = "image-to-text"
NAMES = ("florence", "blip", "dpt", "anything", "vit", "clip")


@pytest.fixture(scope="module")
def models(installed: Callable[[Contract], Found]) -> Path:
    return made(installed(Engine()), "tiny_readers.py", *NAMES)


def said(models: Path, name: str) -> Any:
    """What the library read."""
    return json.loads((models / f"{name}.json").read_text())


def read(running: Running, models: Path, **words: Any) -> Result:
    """What comes last."""
    request = Request(image=File(models / "image.png", "image"), **words)
    result = list(running.ask(request))[-1]
    assert isinstance(result, Result)
    return result


def test_florence_writes_what_it_writes_in_the_library(models: Path) -> None:
    from freehold.engines.workers.pictures.locations import boxes, plain

    with start(Engine(), job(models / "florence", TASK)) as running:
        parts = list(running.ask(Request(image=File(models / "image.png", "image"), max_tokens=12)))
        assert isinstance(parts[0], Progress)
        assert parts[-1].text == plain(said(models, "florence")["caption"])
        assert parts[-1].look == "caption"
        found = read(running, models, look="objects", max_tokens=12)
        assert found.regions == boxes(said(models, "florence")["objects"], 60, 40)
        assert found.text == ""
        for words, says in (
            ({"look": "depth"}, "cannot look for depth; it knows: caption, detailed-caption"),
            ({"look": "ground"}, "ground needs words to find"),
            ({"words": ("a cat",)}, "caption takes no words"),
        ):
            with pytest.raises(UsageError, match=says):
                read(running, models, **words)
        broken = models / "broken.png"
        broken.write_bytes(b"\x89PNG\r\n\x1a\n")
        with pytest.raises(BrokenInput, match="the image cannot be read"):
            list(running.ask(Request(image=File(broken, "image"))))


@pytest.mark.slow
def test_blip_captions_as_in_the_library(models: Path) -> None:
    with start(Engine(), job(models / "blip", TASK)) as running:
        assert read(running, models, max_tokens=8).text == said(models, "blip")


@pytest.mark.parametrize(
    ("name", "metric"), [("dpt", False), pytest.param("anything", True, marks=pytest.mark.slow)]
)
def test_distances_are_those_of_the_library(models: Path, name: str, metric: bool) -> None:
    with start(Engine(), job(models / name, TASK)) as running:
        result = read(running, models)
        assert result.depth is not None
        shown = gray16(result.depth.path, 60)
    numbers = said(models, name)
    least, most = min(numbers), max(numbers)
    for value, number in zip(shown, numbers, strict=True):
        near = (most - number if metric else number - least) / (most - least)
        assert value == pytest.approx(near * 65535, abs=2)
    assert ("meters" if metric else "no unit") in result.notes[0]


def gray16(path: Path, wide: int) -> list[int]:
    """The pixels of a gray PNG of 16 bits; its filters undone."""
    data, found, stride = pixels(path), list[int](), 2 * wide
    before = [0] * stride
    for at in range(0, len(data), stride + 1):
        kind, row = data[at], list(data[at + 1 : at + 1 + stride])
        for n in range(stride):
            left, up = (row[n - 2] if n > 1 else 0), before[n]
            corner = before[n - 2] if n > 1 else 0
            guess = left + up - corner
            paeth = min((left, up, corner), key=lambda x: abs(guess - x))
            row[n] = (row[n] + (0, left, up, (left + up) // 2, paeth)[kind]) % 256
        found += struct.unpack(f">{wide}H", bytes(row))
        before = row
    return found


def test_labels_have_the_probabilities_of_the_library(models: Path) -> None:
    with start(Engine(), job(models / "vit", TASK)) as running:
        result = read(running, models)
        assert result.scores == pytest.approx(said(models, "vit"), abs=1e-6)
        assert result.text == max(result.scores, key=lambda label: result.scores[label])
        with pytest.raises(UsageError, match="takes no words"):
            read(running, models, words=("cat",))


def test_clip_chooses_among_words_as_in_the_library(models: Path) -> None:
    with start(Engine(), job(models / "clip", TASK)) as running:
        words = ("a red square", "a blue sky")
        result = read(running, models, words=words)
        assert result.scores == pytest.approx(said(models, "clip"), abs=1e-6)
        with pytest.raises(UsageError, match="chooses among words, and none were given"):
            read(running, models)
        with pytest.raises(UsageError, match="has 52 tokens, this model reads 40"):
            read(running, models, words=("x" * 50,))
        with pytest.raises(UsageError, match="max-tokens has no meaning"):
            read(running, models, words=words, max_tokens=3)
