"""Runs models in the layout of Transformers with that library, in our own worker.

Everything that the library implements itself; code that comes with a model is never run.
"""

from typing import ClassVar

from freehold.engines.hosting.worker import WorkerEngine
from freehold.judge.fitting.live import ALLOCATOR


class Engine(WorkerEngine):
    """Transformers, on PyTorch."""

    name = "transformers"
    tasks = frozenset(
        {"text-generation", "feature-extraction", "text-ranking", "text-classification"}
    )
    formats = frozenset({"safetensors"})
    devices = ("cpu", "cuda")
    precisions = ("f32", "bf16", "f16")
    lock = "torch.txt"
    hint = "freehold runtime install transformers"
    needs = "transformers"
    modules: ClassVar[dict[str, str]] = {
        "text-generation": "language.text",
        "feature-extraction": "language.vectors",
        "text-ranking": "language.ranking",
        "text-classification": "language.judging",
    }
    environment: ClassVar[dict[str, str]] = {
        **ALLOCATOR,
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    """The memory that was predicted needs the allocator; nothing may be asked of the Hub."""
