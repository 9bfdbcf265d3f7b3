"""Runs models in the layout of Transformers with that library, in our own worker.

Everything that the library implements itself; code that comes with a model is never run.
"""

from pathlib import Path
from typing import ClassVar

from msgspec.structs import replace

from freehold.core.errors import UsageError
from freehold.core.machine import probe
from freehold.engines.base import Found, Job
from freehold.engines.hosting.process import Orders
from freehold.engines.hosting.wire import Wire
from freehold.engines.hosting.worker import WorkerEngine
from freehold.judge.fitting.live import ALLOCATOR

OPTIONS: dict[str, frozenset[str]] = {
    "text-generation": frozenset({"template"}),
    "feature-extraction": frozenset({"pooling", "query", "document", "dates", "place"}),
    "text-ranking": frozenset({"instruction"}),
    "image-segmentation": frozenset({"dates", "place"}),
    "text-classification": frozenset({"unsafe", "yes", "no"}),
    "automatic-speech-recognition": frozenset({"beam"}),
}
"""What can be said to each task where the files of a model do not say it."""


class Engine(WorkerEngine):
    """Transformers, on PyTorch."""

    name = "transformers"
    formats = frozenset({"safetensors"})
    devices = ("cpu", "cuda")
    precisions = ("f32", "bf16", "f16")
    lock = "torch.txt"
    options = OPTIONS
    hint = "freehold runtime install transformers"
    needs = "transformers"
    modules: ClassVar[dict[str, str]] = {
        "text-generation": "writing",
        "feature-extraction": "embedding",
        "text-ranking": "language.ranking",
        "text-classification": "language.judging",
        "image-segmentation": "pictures.segment",
        "image-to-text": "pictures.read_image",
        "automatic-speech-recognition": "sound.recognition",
        "text-to-audio": "sound.speaking",
        "audio-to-audio": "sound.conversing",
        "audio-codec": "sound.codec",
        "music-latents": "sound.musicvae",
        "time-series-forecasting": "series.forecasting",
    }
    tasks = frozenset(modules)
    environment: ClassVar[dict[str, str]] = {
        **ALLOCATOR,
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    """The memory that was predicted needs the allocator; nothing may be asked of the Hub."""

    def begin(self, job: Job, found: Found, folder: Path) -> tuple[Orders, Wire]:
        """Start the worker; what this engine cannot honor is refused before."""
        self.asked_for(job.task, job.options)
        for word in ("projector", "gpu_layers"):
            if getattr(job, word) is not None:
                raise UsageError(f"transformers takes no {word.replace('_', ' ')}")
        if {job.setting.keys, job.setting.values} - {"f16", "bf16", "f32"}:
            raise UsageError("transformers keeps keys and values as precisely as it computes")
        orders, wire = super().begin(job, found, folder)
        return replace(orders, read=(*orders.read, *linked(job.model))), wire

    def notes(self, job: Job, found: Found) -> tuple[str, ...]:
        """That a card is left alone, and that requests wait for each other."""
        said = []
        cards = [gpu.name for gpu in probe().gpus]
        if cards and (job.device or "cpu") == "cpu":
            said.append(f"computes on the processor; --device cuda would use {cards[0]}")
        if job.setting.parallel > 1:
            said.append("transformers answers one request after the other")
        return tuple(said)


def linked(folder: Path) -> tuple[Path, ...]:
    """The folders that links in a model's folder lead to, as in the cache of the Hub."""
    if not folder.is_dir():
        return ()
    there = {file.resolve().parent for file in folder.rglob("*") if file.is_symlink()}
    return tuple(sorted(there - {folder.resolve()}))
