"""Runs TFLite files as they are: arrays go in, arrays come out."""

from typing import ClassVar

from freehold.engines.hosting.worker import WorkerEngine


class Engine(WorkerEngine):
    """LiteRT, the successor of TensorFlow Lite; the number types are those of the file."""

    name = "LiteRT"
    tasks = frozenset({"tensors"})
    formats = frozenset({"tflite"})
    devices = ("cpu",)
    precisions = ("stored",)
    lock = "litert.txt"
    hint = "freehold runtime install litert"
    needs = "ai_edge_litert"
    modules: ClassVar[dict[str, str]] = {"tensors": "tensors.litert"}
