"""Reading images on transformers: captions, things and texts in them, distances, labels."""

import time
from collections.abc import Callable, Generator
from importlib import import_module
from typing import Any

from freehold.core.errors import UsageError
from freehold.engines.workers.order import Order
from freehold.engines.workers.pictures.pixels import opened, saved
from freehold.engines.workers.torchwork import config_of, finite, model_of, processor_of
from freehold.tasks.base import Work
from freehold.tasks.image_to_text import Request, Result

Answer = Generator[Any, None, None]
WRITERS = ("Florence2ForConditionalGeneration", "BlipForConditionalGeneration")
PAIRS = ("CLIPModel", "SiglipModel", "Siglip2Model")
METRIC = ("ZoeDepthForDepthEstimation", "GLPNForDepthEstimation", "DepthProForDepthEstimation")
"""Models whose numbers grow with the distance; those of the others grow with nearness."""


def load(order: Order) -> Callable[[Request], Answer]:
    """Open the model; its configuration tells which kind it is."""
    config = config_of(order)
    name = (config.architectures or ["a model without a class"])[0]
    if name in WRITERS:
        writer: Any = import_module("freehold.engines.workers.pictures.read_words")
        return writer.load(order, name)  # type: ignore[no-any-return]
    if name.endswith("ForDepthEstimation"):
        return Depth(order, config, name).answer
    if name in PAIRS:
        return Chosen(order, config, name).answer
    if name.endswith("ForImageClassification"):
        return Labels(order, config, name).answer
    raise UsageError(f"{name} is no model that reads images and is known here")


def looks(request: Request, name: str, *known: str) -> str:
    """What to look for: the first that the model knows by itself; UsageError for another."""
    look = request.look or known[0]
    if look not in known:
        raise UsageError(f"{name} cannot look for {look}; it knows: {', '.join(known)}")
    return look


class Reader:
    """What readers share that answer at once."""

    auto, look = "", ""

    def __init__(self, order: Order, config: Any, name: str) -> None:
        import transformers

        self.name, self.config = name, config
        self.model = model_of(getattr(transformers, self.auto), order)
        kind = transformers.AutoProcessor if name in PAIRS else transformers.AutoImageProcessor
        self.processor = processor_of(kind, order)

    def answer(self, request: Request) -> Answer:
        """What was read."""
        looks(request, self.name, self.look)
        if request.max_tokens is not None:
            raise UsageError(f"{self.name} writes no tokens, so max-tokens has no meaning")
        started, image = time.monotonic(), opened(request.image)
        found = self.read(image, request)
        work = Work(time.monotonic() - started, 1, "images")
        yield Result(look=self.look, work=work, **found)  # type: ignore[arg-type]

    def read(self, image: Any, request: Request) -> dict[str, Any]:
        """The fields of the result."""
        raise NotImplementedError

    def run(self, **inputs: Any) -> Any:
        """The output of the model for prepared inputs."""
        import torch

        kind, device = self.model.dtype, self.model.device
        given = {
            name: value.to(device, kind) if value.is_floating_point() else value.to(device)
            for name, value in inputs.items()
        }
        with torch.inference_mode():
            return self.model(**given)

    def without_words(self, request: Request) -> None:
        """Refuse words for models that have no use for them."""
        if request.words:
            raise UsageError(f"{self.name} takes no words")


class Depth(Reader):
    """How far things are."""

    auto, look = "AutoModelForDepthEstimation", "depth"

    def read(self, image: Any, request: Request) -> dict[str, Any]:
        """A gray image of 16 bits; white is near."""
        self.without_words(request)
        output = self.run(**self.processor(images=image, return_tensors="pt"))
        finite(output.predicted_depth, "what the model computes")
        far = self.name in METRIC or getattr(self.config, "depth_estimation_type", "") == "metric"
        numbers = _enlarged(output.predicted_depth, image.height, image.width)
        least, most = float(numbers.min()), float(numbers.max())
        shown = (numbers - least) / max(most - least, 1e-12)
        unit = "meters" if far else "no unit: they tell what is nearer, not how far it is"
        white, black = (least, most) if far else (most, least)
        return {
            "depth": _gray(1 - shown if far else shown),
            "notes": (f"white is {white:.4g}, black is {black:.4g}; {unit}",),
        }


class Labels(Reader):
    """Which labels of a model's own list fit."""

    auto, look = "AutoModelForImageClassification", "labels"

    def read(self, image: Any, request: Request) -> dict[str, Any]:
        """The probability of each label."""
        self.without_words(request)
        logits = self.run(**self.processor(images=image, return_tensors="pt")).logits[0].float()
        finite(logits, "what the model computes")
        several = self.config.problem_type == "multi_label_classification"
        chances = logits.sigmoid() if several else logits.softmax(-1)
        names = self.config.id2label or {}
        scores = {str(names.get(n, n)): float(chance) for n, chance in enumerate(chances)}
        return _best(scores)


class Chosen(Reader):
    """Which of the words that are told fit."""

    auto, look = "AutoModelForZeroShotImageClassification", "labels"

    def read(self, image: Any, request: Request) -> dict[str, Any]:
        """CLIP: the share of each text; SigLIP: the probability of each by itself."""
        if not request.words:
            raise UsageError(f"{self.name} chooses among words, and none were given")
        words, tokenizer = list(request.words), self.processor.tokenizer
        limit = self.config.text_config.max_position_embeddings
        for word in words:
            if (used := len(tokenizer(word).input_ids)) > limit:
                raise UsageError(f"{word[:40]!r} has {used} tokens, this model reads {limit}")
        padding = True if self.name == "CLIPModel" else "max_length"
        given = self.processor(text=words, images=image, padding=padding, return_tensors="pt")
        logits = self.run(**given).logits_per_image[0].float()
        finite(logits, "what the model computes")
        chances = logits.softmax(-1) if self.name == "CLIPModel" else logits.sigmoid()
        return _best(dict(zip(words, map(float, chances), strict=True)))


def _best(scores: dict[str, float]) -> dict[str, Any]:
    ordered = dict(sorted(scores.items(), key=lambda pair: -pair[1]))
    return {"scores": ordered, "text": next(iter(ordered), "")}


def _enlarged(numbers: Any, high: int, wide: int) -> Any:
    """Distances in the size of the image (bicubic), as the models' authors enlarge them."""
    from torch.nn.functional import interpolate

    numbers = numbers.float().reshape(1, 1, *numbers.shape[-2:])
    return interpolate(numbers, (high, wide), mode="bicubic", align_corners=False)[0, 0]


def _gray(shown: Any) -> Any:
    """Numbers from 0 to 1 as a gray image of 16 bits."""
    import numpy
    from PIL import Image

    return saved(Image.fromarray((shown.cpu().numpy() * 65535).round().astype(numpy.uint16)))
