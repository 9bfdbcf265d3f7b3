"""Runs an ONNX file with ONNX Runtime."""

import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from freehold.core.errors import BrokenInput, EnvironmentProblem, UsageError
from freehold.engines.workers.order import Order
from freehold.engines.workers.tensors.arrays import Port, given, kept, the_file
from freehold.tasks.base import Work
from freehold.tasks.tensors import Request, Result

TYPES = {
    "float": "float32", "double": "float64", "float16": "float16", "bool": "bool",
    "string": "<U", "complex64": "complex64", "complex128": "complex128",
    **{f"{sign}int{bits}": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}  # fmt: skip
"""The number types of ONNX that a .npy file can hold."""
PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


def load(order: Order) -> Callable[[Request], Generator[Result, None, None]]:
    """Open the file on one device, and no other."""
    import onnxruntime

    if order.precision:
        raise UsageError("an ONNX file runs in the number types that it holds")
    provider = PROVIDERS.get(order.device.partition(":")[0])
    if provider not in onnxruntime.get_available_providers():
        raise EnvironmentProblem(f"ONNX Runtime has no device {order.device!r} here")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = order.threads, 3
    path = the_file(Path(order.model), ".onnx")
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=[provider])
    except Exception as error:  # the library raises kinds of its own
        raise BrokenInput(f"{path.name} cannot be opened: {str(error)[:300]}") from error
    ports = [_port(port) for port in session.get_inputs()]

    def answer(request: Request) -> Generator[Result, None, None]:
        if request.signature is not None:
            raise UsageError("an ONNX file can be called in one way only: it has no signatures")
        arrays, started = given(request, ports), time.monotonic()
        try:
            found = session.run(None, arrays)
        except Exception as error:
            raise BrokenInput(f"{path.name} cannot be run: {str(error)[:300]}") from error
        work = Work(time.monotonic() - started, 1, "runs")
        names = [port.name for port in session.get_outputs()]
        yield Result(arrays=tuple(map(_kept, names, found)), work=work)

    return answer


def _port(port: Any) -> Port:
    """An input as the file describes it: `tensor(float)`, and sizes or their names."""
    kind = port.type.removeprefix("tensor(").removesuffix(")")
    if kind not in TYPES:
        raise UsageError(f"the input {port.name} is {port.type}, which no .npy file can hold")
    shape = tuple(size if isinstance(size, int | str) else None for size in port.shape)
    return Port(port.name, TYPES[kind], shape)


def _kept(name: str, found: Any) -> Any:
    if isinstance(found, list | dict):
        raise UsageError(f"the output {name} is no array, but a {type(found).__name__}")
    return kept(name, found)
