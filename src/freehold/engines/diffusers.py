"""Paints images with diffusers, from models in its own layout (`model_index.json`)."""

from typing import ClassVar

from freehold.engines.base import Found, Job
from freehold.engines.hosting.worker import WorkerEngine


class Engine(WorkerEngine):
    """diffusers on PyTorch: everything that its pipelines from words to images implement."""

    name = "diffusers"
    tasks = frozenset({"text-to-image"})
    formats = frozenset({"diffusers"})
    devices = ("cpu", "cuda")
    precisions = ("f32", "bf16", "f16")
    lock = "torch.txt"
    hint = "freehold runtime install diffusers"
    needs = "diffusers"
    modules: ClassVar[dict[str, str]] = {"text-to-image": "pictures.paint"}
    environment: ClassVar[dict[str, str]] = {
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "DIFFUSERS_VERBOSITY": "error",
    }

    def notes(self, job: Job, found: Found) -> tuple[str, ...]:
        """That it computes on the processor, when nothing else was said."""
        return () if job.device else ("it computes on the processor: no device was named",)
