"""Arrays through ONNX and TFLite files: they come out right, and what does not fit is refused."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from freehold.core.errors import BrokenInput, EnvironmentProblem, UsageError
from freehold.engines.base import Contract, Found, Running, start
from freehold.engines.litert import Engine as LiteRT
from freehold.engines.onnxruntime import Engine as OnnxRuntime
from freehold.tasks.base import File
from freehold.tasks.tensors import Request, Result
from tests.runtimes import npy, tiny_onnx
from tests.runtimes.making import job, made

pytestmark = pytest.mark.runtime
Installed = Callable[[Contract], Found]


@pytest.fixture(scope="module", params=["onnx", "tflite"])
def adding(
    request: pytest.FixtureRequest, installed: Installed, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """A file that adds `a` and `b`, of any number of rows with three columns."""
    if request.param == "onnx":
        installed(OnnxRuntime())
        model = tmp_path_factory.mktemp("onnx") / "adding.onnx"
        model.write_bytes(tiny_onnx.adding())
        engine: Contract = OnnxRuntime()
    else:
        model = made(installed(LiteRT()), "tiny_tflite.py") / "adding.tflite"
        engine = LiteRT()
    with start(engine, job(model, "tensors")) as running:
        yield running


def array(folder: Path, name: str, values: list[float], *shape: int, kind: str = "<f4") -> File:
    return File(npy.write(folder / f"{name}.npy", values, shape, kind), "array")


def asked(running: Running, *arrays: File, **words: object) -> Result:
    result = list(running.ask(Request(arrays=arrays, **words)))[-1]  # type: ignore[arg-type]
    assert isinstance(result, Result)
    return result


def test_arrays_go_in_and_come_out_in_the_order_of_the_file(
    adding: Running, tmp_path: Path
) -> None:
    a = array(tmp_path, "a", [1, 2, 3, 4, 5, 6], 2, 3)
    b = array(tmp_path, "b", [10, 20, 30, 40, 50, 60], 2, 3)
    (out,) = asked(adding, a, b).arrays
    assert (out.name, out.shape, out.dtype) == ("sum", (2, 3), "float32")
    assert npy.read(out.file.path) == ([11, 22, 33, 44, 55, 66], (2, 3))


def test_another_number_of_rows_is_no_trouble(adding: Running, tmp_path: Path) -> None:
    a = array(tmp_path, "a", [1, 2, 3], 1, 3)
    (out,) = asked(adding, a, a, names=("b", "a")).arrays
    assert npy.read(out.file.path) == ([2, 4, 6], (1, 3))


def test_what_does_not_fit_is_refused_with_both_sides(adding: Running, tmp_path: Path) -> None:
    a = array(tmp_path, "a", [1, 2, 3], 1, 3)
    wide = array(tmp_path, "wide", [1, 2, 3, 4], 1, 4)
    whole = array(tmp_path, "whole", [1, 2, 3], 1, 3, kind="<i8")
    with pytest.raises(UsageError, match=r"b takes the shape (rows|any) x 3, .* has 1 x 4"):
        asked(adding, a, wide)
    with pytest.raises(UsageError, match="a takes float32, and the array is int64"):
        asked(adding, whole, a)
    with pytest.raises(UsageError, match=r"takes 2 arrays \(a, b\), and 1 were given"):
        asked(adding, a)
    with pytest.raises(UsageError, match="the model has no input 'c'; it has a, b"):
        asked(adding, a, a, names=("a", "c"))


def test_a_file_that_is_no_array_is_an_error(adding: Running, tmp_path: Path) -> None:
    a, wrong = array(tmp_path, "a", [1, 2, 3], 1, 3), tmp_path / "wrong.npy"
    for data in (b"", b"no array", a.path.read_bytes()[:-4], b"\x80\x04N."):
        wrong.write_bytes(data)
        with pytest.raises(BrokenInput, match="cannot be read"):
            asked(adding, a, File(wrong, "array"))


def test_one_size_of_one_name_holds_for_all_inputs(installed: Installed, tmp_path: Path) -> None:
    installed(OnnxRuntime())
    model = tmp_path / "model.onnx"
    model.write_bytes(tiny_onnx.adding(tiny_onnx.INT64))
    a = array(tmp_path, "a", [1, 2, 3], 1, 3, kind="<i8")
    b = array(tmp_path, "b", [1, 2, 3, 4, 5, 6], 2, 3, kind="<i8")
    with start(OnnxRuntime(), job(model, "tensors")) as running:
        assert npy.read(asked(running, a, a).arrays[0].file.path)[0] == [2, 4, 6]
        with pytest.raises(UsageError, match="b takes the shape rows x 3, and the array has 2 x 3"):
            asked(running, a, b)
        with pytest.raises(UsageError, match="no signatures"):
            asked(running, a, a, signature="add")


def test_a_tflite_file_can_be_called_by_its_signature(installed: Installed, tmp_path: Path) -> None:
    model = made(installed(LiteRT()), "tiny_tflite.py") / "adding.tflite"
    a = array(tmp_path, "a", [1, 2, 3], 1, 3)
    with start(LiteRT(), job(model.parent, "tensors")) as running:
        (out,) = asked(running, a, a, names=("x", "y"), signature="add").arrays
        assert (out.name, npy.read(out.file.path)[0]) == ("z", [2, 4, 6])
        with pytest.raises(UsageError, match="no signature 'sub'; it has: add"):
            asked(running, a, a, signature="sub")


@pytest.mark.parametrize("engine", [OnnxRuntime(), LiteRT()], ids=["onnx", "tflite"])
def test_a_file_that_is_no_model_is_an_error(
    engine: Contract, installed: Installed, tmp_path: Path
) -> None:
    installed(engine)
    model = tmp_path / ("model.onnx" if engine.name == "ONNX Runtime" else "model.tflite")
    model.write_bytes(b"\x08\x08 no model at all")
    with pytest.raises(EnvironmentProblem, match=r"model\.(onnx|tflite) cannot be opened"):
        start(engine, job(model, "tensors"))
