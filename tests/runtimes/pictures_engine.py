"""The part of the engine on transformers that works with pictures, for the tests of its workers."""

from typing import ClassVar

from freehold.engines.hosting.worker import WorkerEngine


class Engine(WorkerEngine):
    """transformers, for segmentation and for reading images."""

    name = "transformers"
    tasks = frozenset({"image-segmentation", "image-to-text"})
    formats = frozenset({"safetensors"})
    devices = ("cpu",)
    precisions = ("f32", "bf16", "f16")
    lock = "torch.txt"
    hint = "freehold runtime install transformers"
    needs = "transformers"
    modules: ClassVar[dict[str, str]] = {
        "image-segmentation": "pictures.segment",
        "image-to-text": "pictures.read_image",
    }
    environment: ClassVar[dict[str, str]] = {
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_VERBOSITY": "error",
    }
