"""Runs decoders in the layout of onnxruntime-genai (`genai_config.json` beside an ONNX graph)."""

from typing import ClassVar

from freehold.core.errors import UsageError
from freehold.engines.base import Job
from freehold.engines.hosting.openai_server import alone
from freehold.engines.hosting.worker import WorkerEngine
from freehold.engines.workers.order import Order

WIDE = {"f32", "f16", "bf16"}
"""What may be asked for of keys and values: a graph keeps them so, or wider."""


class Engine(WorkerEngine):
    """onnxruntime-genai on the processor; the number types are those of the graph."""

    name = "onnxruntime-genai"
    tasks = frozenset({"text-generation"})
    formats = frozenset({"onnxruntime-genai"})
    devices = ("cpu",)
    precisions = ("stored",)
    lock = "onnxruntime-genai.txt"
    hint = "freehold runtime install onnxruntime-genai"
    needs = "onnxruntime_genai"
    modules: ClassVar[dict[str, str]] = {"text-generation": "onnxruntime_genai.writing"}

    def order(self, job: Job, socket: str, key: str) -> Order:
        """Refuse what it would not honor."""
        alone(job, self.name)
        if job.device not in (None, *self.devices):
            raise UsageError(f"{self.name} computes on the processor here")
        narrow = {job.setting.keys, job.setting.values} - WIDE
        if narrow:
            says = f"{self.name} keeps keys and values as the graph does, not in {narrow.pop()}"
            raise UsageError(says)
        return super().order(job, socket, key)
