"""Runs a TFLite file with LiteRT."""

import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.order import Order
from freehold.engines.workers.tensors.arrays import Port, given, kept, the_file
from freehold.tasks.base import Work
from freehold.tasks.tensors import Array, Request, Result


def load(order: Order) -> Callable[[Request], Generator[Result, None, None]]:
    """Open the file."""
    from ai_edge_litert.interpreter import Interpreter

    if order.precision:
        raise UsageError("a TFLite file runs in the number types that it holds")
    path = the_file(Path(order.model), ".tflite")
    try:
        interpreter = Interpreter(model_path=str(path), num_threads=order.threads)
    except (ValueError, RuntimeError) as error:
        raise BrokenInput(f"{path.name} cannot be opened: {str(error)[:300]}") from error

    def answer(request: Request) -> Generator[Result, None, None]:
        started = time.monotonic()
        try:
            if request.signature is None:
                arrays = _in_order(interpreter, request)
            else:
                arrays = _as_signed(interpreter, request)
        except (ValueError, RuntimeError) as error:
            raise BrokenInput(f"{path.name} cannot be run: {str(error)[:300]}") from error
        yield Result(arrays=arrays, work=Work(time.monotonic() - started, 1, "runs"))

    return answer


def _in_order(interpreter: Any, request: Request) -> tuple[Array, ...]:
    """Run the main graph: inputs and outputs in the order of the file."""
    inputs = {told["name"]: told for told in interpreter.get_input_details()}
    arrays = given(request, [_port(told["name"], told) for told in inputs.values()])
    for name, array in arrays.items():
        if tuple(inputs[name]["shape"]) != array.shape:
            interpreter.resize_tensor_input(inputs[name]["index"], array.shape)
    interpreter.allocate_tensors()
    for name, array in arrays.items():
        interpreter.set_tensor(inputs[name]["index"], array)
    interpreter.invoke()
    outputs = interpreter.get_output_details()
    return tuple(kept(told["name"], interpreter.get_tensor(told["index"])) for told in outputs)


def _as_signed(interpreter: Any, request: Request) -> tuple[Array, ...]:
    """Run it as one of its signatures says."""
    known = interpreter.get_signature_list()
    if request.signature not in known:
        told = ", ".join(known) or "none"
        raise UsageError(f"the file has no signature {request.signature!r}; it has: {told}")
    runner = interpreter.get_signature_runner(request.signature)
    details = runner.get_input_details()
    ports = [_port(name, details[name]) for name in known[request.signature]["inputs"]]
    found = runner(**given(request, ports))
    return tuple(kept(name, found[name]) for name in known[request.signature]["outputs"])


def _port(name: str, told: dict[str, Any]) -> Port:
    """An input as the file describes it; -1 stands for any size."""
    import numpy

    sizes = told.get("shape_signature", told["shape"])
    sizes = sizes if len(sizes) else told["shape"]
    shape = tuple(None if int(size) < 0 else int(size) for size in sizes)
    return Port(name, numpy.dtype(told["dtype"]).name, shape)
