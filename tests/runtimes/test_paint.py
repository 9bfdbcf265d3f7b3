"""Tiny models that paint, in their publishers' layout, against the library called directly."""

import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from freehold.core.errors import BrokenInput, Contradiction, EnvironmentProblem, UsageError
from freehold.engines.base import Contract, Found, Running, start
from freehold.engines.diffusers import Engine
from freehold.tasks.base import File, Progress
from freehold.tasks.text_to_image import Request, Result
from tests.runtimes.making import job, made, pixels

pytestmark = pytest.mark.runtime
NAMES = ("sd", "sdxl", "sd3", "schnell", "if")
SAME: dict[str, Any] = {"prompt": "a red fox", "steps": 3, "seed": 7}


@pytest.fixture(scope="module")
def models(installed: Callable[[Contract], Found]) -> Path:
    return made(installed(Engine()), "tiny_painters.py", *NAMES)


@pytest.fixture(scope="module")
def sd(models: Path) -> Iterator[Running]:
    with start(Engine(), job(models / "sd", "text-to-image")) as running:
        yield running


def painted(running: Running, **words: Any) -> Result:
    """What comes last."""
    result = list(running.ask(Request(**(SAME | words))))[-1]
    assert isinstance(result, Result)
    return result


def same(result: Result, path: Path) -> bool:
    """Whether every pixel is the same."""
    return pixels(result.images[0].path) == pixels(path)


def test_words_become_the_image_that_the_library_paints(sd: Running, models: Path) -> None:
    *steps, result = sd.ask(Request(**SAME, width=32, height=32))
    assert same(result, models / "sd.png")
    assert [(s.done, s.of) for s in steps] == [(n, 3) for n in range(4)]
    assert steps[-1].left == 0
    assert (result.width, result.height, result.seed, result.work.count) == (32, 32, 7, 3)
    assert "safety checker" in result.notes[0]


def test_an_image_is_changed_as_the_library_changes_it(sd: Running, models: Path) -> None:
    start = File(models / "start.png", "image")
    assert same(painted(sd, image=start, strength=0.7), models / "sd-changed.png")
    mask = File(models / "mask.png", "image")
    assert same(painted(sd, image=start, mask=mask, strength=0.9), models / "sd-within.png")


def test_each_image_of_several_can_be_made_again_alone(sd: Running) -> None:
    small = {"width": 16, "height": 16}
    both = painted(sd, count=2, **small)
    again = painted(sd, seed=8, **small)
    assert pixels(both.images[1].path) == pixels(again.images[0].path)
    assert pixels(both.images[0].path) != pixels(again.images[0].path)
    assert both.notes[-1] == "each further image has the seed of the one before it plus 1"
    assert painted(sd, seed=None, **small).seed != painted(sd, seed=None, **small).seed


def test_an_image_keeps_what_made_it_and_not_what_was_said(sd: Running) -> None:
    data = painted(sd, width=16, height=16).images[0].path.read_bytes()
    assert b"iTXtseed" in data
    assert b"fox" not in data


def test_giving_up_ends_the_work_at_the_next_step(sd: Running) -> None:
    parts = sd.ask(Request(prompt="a fox", steps=500, width=64, height=64))
    assert isinstance(next(parts), Progress)
    parts.close()  # type: ignore[attr-defined]
    assert painted(sd, width=16, height=16).images


@pytest.mark.parametrize(
    ("words", "kind", "says"),
    [
        ({"width": 33}, UsageError, "width 33: this model paints in steps of 2 pixels"),
        ({"prompt": "fox " * 40}, UsageError, "the prompt has 122 tokens, this model reads 77"),
        ({"strength": 0.5}, UsageError, "StableDiffusionPipeline takes no strength"),
        ({"negative": "a dog", "guidance": 1.0}, Contradiction, "only with guidance above 1"),
        ({"mask": "start.png"}, Contradiction, "a mask was given without the image"),
        ({"image": "start.png", "mask": "large.png"}, Contradiction, "the mask has 64 x 64"),
        ({"image": "odd.png"}, UsageError, "has 31 x 32 pixels; this model works in steps of 2"),
        ({"image": "empty.png"}, BrokenInput, "the image is empty"),
        ({"image": "cut.png"}, BrokenInput, "cannot be read"),
        ({"image": "text.png"}, BrokenInput, "cannot identify image file"),
        ({"image": "bomb.png"}, BrokenInput, "50,000 x 50,000 pixels; at most 100,000,000"),
        ({"subjects": ("a dog",)}, UsageError, "only Stable Diffusion XL paints several"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",
)
def test_what_cannot_be_done_as_asked_is_refused_by_name(
    sd: Running, models: Path, words: dict[str, Any], kind: type[Exception], says: str
) -> None:
    spoiled(models)
    files = {k: File(models / v, "image") for k, v in words.items() if k in ("image", "mask")}
    with pytest.raises(kind, match=says):
        painted(sd, **(words | files))


def spoiled(folder: Path) -> None:
    """Images that are broken, or of a size that does not fit."""
    whole = (folder / "start.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.png").write_text("this is no image")
    (folder / "bomb.png").write_bytes(png(50_000, 50_000, b""))
    (folder / "odd.png").write_bytes(png(31, 32, bytes(32 * 32)))
    (folder / "large.png").write_bytes(png(64, 64, bytes(65 * 64)))


def png(wide: int, high: int, rows: bytes) -> bytes:
    """A gray PNG file of filtered rows."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    head = struct.pack(">IIBBBBB", wide, high, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("name", ["sdxl", "sd3", "schnell"])
def test_every_kind_of_model_paints_as_in_the_library(models: Path, name: str) -> None:
    with start(Engine(), job(models / name, "text-to-image")) as running:
        assert same(painted(running, width=32, height=32), models / f"{name}.png")
        changed = models / f"{name}-changed.png"
        if changed.exists():
            first = File(models / "start.png", "image")
            assert same(painted(running, image=first, strength=0.7), changed)
        within, mask = models / f"{name}-within.png", File(models / "mask.png", "image")
        if within.exists():
            assert same(painted(running, image=first, mask=mask, strength=0.9), within)


@pytest.mark.slow
def test_flux_schnell_refuses_what_it_would_pass_over(models: Path) -> None:
    with start(Engine(), job(models / "schnell", "text-to-image")) as running:
        with pytest.raises(UsageError, match="made to paint without guidance"):
            painted(running, width=32, height=32, guidance=3.0)
        with pytest.raises(UsageError, match="FluxPipeline takes no negative"):
            painted(running, width=32, height=32, negative="a dog")
        with pytest.raises(UsageError, match="width 34: this model paints in steps of 4"):
            painted(running, width=34, height=32)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pixart", "sana", "kandinsky"])
def test_others_paint_as_in_the_library(installed: Callable[[Contract], Found], name: str) -> None:
    models = made(installed(Engine()), "tiny_painters.py", name)
    with start(Engine(), job(models / name, "text-to-image")) as running:
        result = painted(running, width=32, height=32)
        assert same(result, models / f"{name}.png")
        assert result.work.count == 3


@pytest.mark.slow
def test_stable_diffusion_2_paints_as_in_the_library(
    installed: Callable[[Contract], Found],
) -> None:
    models = made(installed(Engine()), "tiny_painters.py", "sd2")
    with start(Engine(), job(models / "sd2", "text-to-image")) as running:
        result = painted(running, width=32, height=32)
        assert same(result, models / "sd2.png")
        assert result.notes == ("the model comes without a safety checker",)


@pytest.mark.slow
def test_weights_run_as_precisely_as_they_are_stored_unless_said(
    installed: Callable[[Contract], Found],
) -> None:
    models = made(installed(Engine()), "tiny_painters.py", "half")
    for precision, image in ((None, "half.png"), ("f32", "half-f32.png")):
        how = job(models / "half", "text-to-image", precision=precision)
        with start(Engine(), how) as running:
            result = painted(running, width=32, height=32)
            assert same(result, models / image)
        changed = [note for note in result.notes if "is stored in f16 and runs in f32" in note]
        assert bool(changed) == (precision == "f32")


@pytest.mark.slow
def test_an_adapter_goes_on_top(installed: Callable[[Contract], Found], tmp_path: Path) -> None:
    models = made(installed(Engine()), "tiny_painters.py", "adapted")
    lora = models / "lora" / "pytorch_lora_weights.safetensors"
    how = job(models / "adapted", "text-to-image", adapters=(lora,))
    with start(Engine(), how) as running:
        assert same(painted(running, width=32, height=32), models / "adapted.png")
    assert pixels(models / "adapted.png") != pixels(models / "adapted-without.png")
    wrong = tmp_path / "wrong.safetensors"
    wrong.write_bytes(b"nothing")
    with pytest.raises(EnvironmentProblem, match=r"adapter wrong\.safetensors cannot be put on"):
        start(Engine(), job(models / "adapted", "text-to-image", adapters=(wrong,)))


@pytest.mark.slow
def test_flux_dev_takes_guidance(installed: Callable[[Contract], Found]) -> None:
    models = made(installed(Engine()), "tiny_painters.py", "dev")
    with start(Engine(), job(models / "dev", "text-to-image")) as running:
        result = painted(running, width=32, height=32, guidance=2.5)
        assert same(result, models / "dev.png")


def test_a_cascade_paints_small_and_then_larger(models: Path) -> None:
    with start(Engine(), job(models / "if", "text-to-image")) as running:
        result = painted(running)
        assert same(result, models / "if.png")
        assert (result.width, result.work.count) == (32, 6)


def test_attention_over_pictures_is_what_the_paper_says(
    installed: Callable[[Contract], Found], tmp_path: Path
) -> None:
    python, here = installed(Engine()).at, Path(__file__)
    script, source = here.with_name("sharing_reference.py"), here.parents[2] / "src"
    words = [str(python), "-I", "-B", str(script), str(tmp_path), str(source)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "all is as it should be", done.stderr[-2000:]


@pytest.mark.slow
def test_prompts_with_one_subject_are_painted_together(models: Path) -> None:
    words = {"prompt": "a red fox in snow", "subjects": ("a red fox at sea",)}
    with start(Engine(), job(models / "sdxl", "text-to-image")) as running:
        together = painted(running, width=32, height=32, **words)
        assert len(together.images) == 2
        assert "taken to be 'a red fox'" in together.notes[-2]
        again = painted(running, width=32, height=32, **words)
        alone = painted(running, width=32, height=32, prompt="a red fox in snow")
        first, second, third = (
            pixels(result.images[0].path) for result in (together, again, alone)
        )
        assert first == second
        assert first != third  # it saw the other picture
        assert same(painted(running, width=32, height=32), models / "sdxl.png")  # all is put back
        with pytest.raises(UsageError, match="share no words that could name their subject"):
            painted(running, prompt="a dog", subjects=("a cat",))


def test_weights_that_are_no_numbers_are_an_error(models: Path, tmp_path: Path) -> None:
    broken = tmp_path / "nan"
    shutil.copytree(models / "sd", broken)
    weights = broken / "unet" / "diffusion_pytorch_model.safetensors"
    data = weights.read_bytes()
    weights.write_bytes(data[:-4000] + b"\xff" * 4000)
    with (
        start(Engine(), job(broken, "text-to-image")) as running,
        pytest.raises(BrokenInput, match="no numbers"),
    ):
        painted(running, width=16, height=16)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [("class", "code of a model is never run"), ("index", "no model in diffusers' layout")],
)
def test_a_folder_that_is_no_such_model_is_an_error(
    models: Path, tmp_path: Path, spoil: str, says: str
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    if spoil == "class":
        (folder / "model_index.json").write_text('{"_class_name": "os.system"}')
    with pytest.raises(EnvironmentProblem, match=says):
        start(Engine(), job(folder, "text-to-image"))
