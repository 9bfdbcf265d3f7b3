"""Segmentation on transformers: SAM, SAM 2, and models that give each pixel a label."""

import time
from collections.abc import Callable, Generator
from importlib import import_module
from pathlib import Path
from typing import Any

from freehold.core.errors import UsageError
from freehold.engines.workers.order import Order
from freehold.engines.workers.pictures.masks import by_label, label_map, mask_of, one_image, takes
from freehold.engines.workers.pictures.pixels import opened
from freehold.engines.workers.torchwork import config_of, finite, model_of, processor_of
from freehold.tasks.base import Work
from freehold.tasks.image_segmentation import Request, Result

Answer = Generator[Any, None, None]
ELSEWHERE = {"sam": "segment_sam", "sam2": "segment_sam", "sam2_video": "segment_sam"}
"""Which module of ours runs a kind of model, where it is not this one."""


def load(order: Order) -> Callable[[Request], Answer]:
    """Open the model; its configuration tells which kind it is."""
    name = _architecture(order)
    if name == "Terratorch":
        return _of("prithvi_masks", order)
    if order.options:
        raise UsageError(f"{', '.join(order.options)}: only Prithvi has options")
    if name.startswith("VISTA3D"):
        return _of("segment_volume", order)
    config = config_of(order)
    if config.model_type in ELSEWHERE:
        return _of(ELSEWHERE[config.model_type], order)
    name = (config.architectures or ["a model without a class"])[0]
    if name.endswith("ForSemanticSegmentation"):
        return Labels(order, config).answer
    if name.endswith(("ForUniversalSegmentation", "MaskFormerForInstanceSegmentation")):
        return Panoptic(order, config).answer
    raise UsageError(f"{name} is no model of segmentation that is known here")


def _architecture(order: Order) -> str:
    """The class that a configuration names, before a library reads it."""
    from freehold.formats.structured import read_json

    names = read_json(Path(order.model) / "config.json", "config.json").get("architectures")
    return str(names[0]) if isinstance(names, list) and names else ""


def _of(module: str, order: Order) -> Callable[[Request], Answer]:
    answer: Callable[[Request], Answer] = import_module(
        f"freehold.engines.workers.pictures.{module}"
    ).load(order)
    return answer


class Labels:
    """A model that gives every pixel one label of its own list."""

    auto = "AutoModelForSemanticSegmentation"

    def __init__(self, order: Order, config: Any) -> None:
        import transformers

        self.name = config.architectures[0]
        self.model = model_of(getattr(transformers, self.auto), order)
        self.processor = processor_of(transformers.AutoImageProcessor, order)
        self.labels = {int(n): str(label) for n, label in (config.id2label or {}).items()}

    def answer(self, request: Request) -> Answer:
        """The label map, and a mask for each label in it."""
        takes(request, self.name)
        started, image = time.monotonic(), opened(one_image(request, self.name))
        numbers = self.divided(image)
        masks = by_label(numbers, self.labels)
        there = {int(n): self.labels.get(int(n), str(n)) for n in set(numbers.flatten().tolist())}
        work = Work(time.monotonic() - started, 1, "images")
        yield Result(masks=tuple(masks), map=label_map(numbers), labels=there, work=work)

    def divided(self, image: Any) -> Any:
        """The number of the label of each pixel."""
        output = self.run(image)
        finite(output.logits, "what the model computes")
        sizes = [(image.height, image.width)]
        found = self.processor.post_process_semantic_segmentation(output, target_sizes=sizes)
        return found[0].cpu().numpy()

    def run(self, image: Any) -> Any:
        """The output of the model for an image."""
        import torch

        given = self.processor(images=image, return_tensors="pt").to(self.model.device)
        given = {
            k: v.to(self.model.dtype) if v.is_floating_point() else v for k, v in given.items()
        }
        with torch.inference_mode():
            return self.model(**given)


class Panoptic(Labels):
    """A model that finds things and areas, each with a label and a score."""

    auto = "AutoModelForUniversalSegmentation"

    def answer(self, request: Request) -> Answer:
        """A mask for each thing and area; the map numbers them."""
        takes(request, self.name)
        started, image = time.monotonic(), opened(one_image(request, self.name))
        output = self.run(image)
        finite(output.class_queries_logits, "what the model computes")
        found = self.processor.post_process_panoptic_segmentation(
            output, target_sizes=[(image.height, image.width)]
        )[0]
        numbers = found["segmentation"].cpu().numpy().clip(0)
        masks, labels = [], {0: "nothing"}
        for part in found["segments_info"]:
            label = self.labels.get(part["label_id"], str(part["label_id"]))
            labels[part["id"]] = label
            within = numbers == part["id"]
            masks.append(mask_of(within, label=label, score=float(part["score"])))
        yield Result(
            masks=tuple(sorted(masks, key=lambda mask: -(mask.score or 0))),
            map=label_map(numbers),
            labels=labels,
            work=Work(time.monotonic() - started, 1, "images"),
        )
