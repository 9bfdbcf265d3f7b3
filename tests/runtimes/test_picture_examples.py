"""The examples about pictures and arrays run as they are written, with tiny models."""

from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from freehold.engines.base import ENGINES, Contract, Found
from freehold.engines.diffusers import Engine as Diffusers
from freehold.engines.onnxruntime import Engine as OnnxRuntime
from tests.runtimes import npy, tiny_onnx
from tests.runtimes.making import made, pixels
from tests.runtimes.pictures_engine import Engine as Pictures

pytestmark = [pytest.mark.runtime, pytest.mark.slow]
EXAMPLES = Path(__file__).parents[2] / "examples"
Installed = Callable[[Contract], Found]


def example(name: str) -> Any:
    """The function of an example."""
    spec = spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def test_the_examples_of_painting_and_changing(installed: Installed, tmp_path: Path) -> None:
    models = made(installed(Diffusers()), "tiny_painters.py", "sd")
    same = {"steps": 3, "seed": 7}
    painted = example("paint")(
        str(models / "sd"), "a red fox", str(tmp_path / "fox.png"), width=32, height=32, **same
    )
    assert painted == tmp_path / "fox.png"
    assert pixels(painted) == pixels(models / "sd.png")
    start = str(models / "start.png")
    changed = example("change_image")(
        str(models / "sd"), start, "a red fox", str(tmp_path / "new.png"), strength=0.7, **same
    )
    assert pixels(changed) == pixels(models / "sd-changed.png")


def test_the_example_of_arrays(installed: Installed, tmp_path: Path) -> None:
    installed(OnnxRuntime())
    model = tmp_path / "adding.onnx"
    model.write_bytes(tiny_onnx.adding())
    a = npy.write(tmp_path / "a.npy", [1, 2, 3], (1, 3))
    (found,) = example("tensors")(str(model), str(tmp_path / "out"), str(a), str(a))
    assert npy.read(found)[0] == [2, 4, 6]


def test_the_example_of_dividing(installed: Installed, tmp_path: Path) -> None:
    needed("image-segmentation")
    models = made(installed(Pictures()), "tiny_segmenters.py", "sam2")
    shares = example("segment")(
        str(models / "sam2"), str(models / "image.png"), str(tmp_path / "masks"), "12,15"
    )
    assert len(shares) == len(list((tmp_path / "masks").glob("*.png"))) == 3


def test_the_example_of_reading(installed: Installed) -> None:
    needed("image-to-text")
    models = made(installed(Pictures()), "tiny_readers.py", "clip")
    words = ("a red square", "a blue sky")
    said = example("read_image")(str(models / "clip"), str(models / "image.png"), "labels", *words)
    assert all(word in said for word in words)


def needed(task: str) -> None:
    """Skip where no engine for the layout of Transformers does this task."""
    if not any(task in e.tasks and "safetensors" in e.formats for e in ENGINES.all()):
        pytest.skip(f"no engine here does {task}")
