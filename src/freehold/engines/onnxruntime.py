"""Runs ONNX files as they are: arrays go in, arrays come out."""

from typing import ClassVar

from freehold.engines.hosting.worker import WorkerEngine


class Engine(WorkerEngine):
    """ONNX Runtime; the number types are those of the file."""

    name = "ONNX Runtime"
    tasks = frozenset({"tensors"})
    formats = frozenset({"onnx"})
    devices = ("cpu", "cuda")
    precisions = ("stored",)
    lock = "onnxruntime.txt"
    hint = "freehold runtime install onnxruntime"
    needs = "onnxruntime"
    modules: ClassVar[dict[str, str]] = {"tensors": "tensors.onnx"}
