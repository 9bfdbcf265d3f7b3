"""llama.cpp itself with what comes on top of a model: adapters, and a projector to see with."""

from pathlib import Path

import pytest

from freehold.core.errors import UsageError
from freehold.engines.base import ENGINES, Running, start
from freehold.tasks.base import File
from freehold.tasks.text_generation import Message, Request, Result
from tests.engines.stubs import TINY, job, tiny
from tests.gguf_models.on_top import write_adapter, write_image, write_projector
from tests.gguf_models.told import write_told

pytest.importorskip("xllamacpp")


@pytest.fixture(autouse=True)
def _only_the_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


def asked(running: Running, **more: object) -> Result:
    *_, result = running.ask(Request(**{"max_tokens": 9, "seed": 1, **more}))  # type: ignore[arg-type]
    assert isinstance(result, Result)
    return result


def test_an_adapter_changes_what_a_model_says(tmp_path: Path) -> None:
    model = write_told(tmp_path / "told.gguf", ("one ", "two ", "three"))
    (tmp_path / "skip").mkdir()
    adapter = write_adapter(tmp_path / "skip" / "lora.gguf", 0, 2)
    with start(ENGINES.get("llama.cpp"), job(model)) as plain:
        assert asked(plain, text="x").text == "one two three"
    with start(ENGINES.get("llama.cpp"), job(model, adapters=(adapter,))) as adapted:
        assert asked(adapted, text="x").text == "one three"


def test_an_image_is_seen_through_the_projector(tmp_path: Path) -> None:
    (tmp_path / "eye").mkdir()
    projector = write_projector(tmp_path / "eye" / "mmproj.gguf", TINY.width)
    images = [write_image(tmp_path / f"{c}.bmp", (c, 0, c)) for c in (0, 255, 0)]
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    with start(ENGINES.get("llama.cpp"), job(tiny(tmp_path), projector=projector)) as running:

        def looked(path: Path, kind: str = "image") -> Result:
            turn = Message("user", "What?", (File(path, kind),))  # type: ignore[arg-type]
            return asked(running, messages=(turn,), likely=1, temperature=0.0)

        black, purple, same = map(looked, images)
        blind = asked(running, messages=(Message("user", "What?"),))
        assert black.spent.prompt >= blind.spent.prompt + 4  # one token for each quarter
        assert black.tokens[0].others != purple.tokens[0].others
        assert black.tokens[0].others[0][1] == pytest.approx(same.tokens[0].others[0][1], abs=1e-4)
        with pytest.raises(UsageError, match="Failed to load image"):
            looked(broken)
        with pytest.raises(UsageError, match="audio input is not supported"):
            looked(broken, "audio")
        assert looked(images[0]).text
