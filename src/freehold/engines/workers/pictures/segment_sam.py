"""SAM and SAM 2: an object is shown by points or a box, in an image or through a video.

Images are made ready and masks made large again here, since the processors of SAM 2 need
torchvision. SAM 2 stretches an image to a square (bilinear, antialiased, colors minus the mean of
ImageNet over its deviation); SAM shrinks its longer side and fills the rest with zeros. Masks are
computed at a quarter of that, enlarged bilinearly, and are inside where they are above zero.
"""

import time
from collections.abc import Callable, Generator
from typing import Any

from freehold.core.errors import UsageError
from freehold.engines.workers.order import Order
from freehold.engines.workers.pictures.masks import inside, mask_of, one_image, resized, takes
from freehold.engines.workers.pictures.pixels import opened
from freehold.engines.workers.pictures.sam_everything import everything
from freehold.engines.workers.pictures.sam_shown import Shown, shown
from freehold.engines.workers.torchwork import config_of, finite, model_of, processor_of
from freehold.tasks.base import Progress, Work
from freehold.tasks.image_segmentation import Mask, Request, Result

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the colors of ImageNet, red, green and blue from 0 to 1."""
Answer = Generator[Progress | Result, None, None]


def load(order: Order) -> Callable[[Request], Answer]:
    """Open the model for images; the one for videos on the first video."""
    return Sam(order).answer


class Sam:
    """One model of either kind."""

    def __init__(self, order: Order) -> None:
        import transformers

        self.order, self.second = order, config_of(order).model_type != "sam"
        kind = transformers.Sam2Model if self.second else transformers.SamModel
        self.name = "SAM 2" if self.second else "SAM"
        self.model = model_of(kind, order)
        self.side = int(self.model.config.prompt_encoder_config.image_size)
        self.video: Any = None
        if not self.second:
            self.processor = processor_of(transformers.SamImageProcessorPil, order)

    def answer(self, request: Request) -> Answer:
        """The masks of what was shown, of everything when nothing was, or through all frames."""
        import torch

        takes(request, self.name, "points", "boxes")
        with torch.inference_mode():
            if len(request.images) > 1:
                yield from self._through(request)
                return
            yield from self._in_one(request)

    def _in_one(self, request: Request) -> Answer:
        started, image = time.monotonic(), opened(one_image(request, self.name))
        inside(request, image.width, image.height)
        _on_frames(request, 1)
        seen = Seen(self, image)
        objects = shown(request)
        if objects:
            masks = [mask for one in objects for mask in seen.masks(one)]
            masks.sort(key=lambda mask: -(mask.score or 0))
        else:
            masks = yield from everything(seen)
        work = Work(time.monotonic() - started, 1, "images")
        yield Result(masks=tuple(masks), work=work)

    def _through(self, request: Request) -> Answer:
        from freehold.engines.workers.pictures.sam_video import followed

        if not self.second:
            raise UsageError("SAM takes one image; SAM 2 takes several, the frames of a video")
        if not request.points and not request.boxes:
            raise UsageError("an object to follow must be shown by points or a box on a frame")
        _on_frames(request, len(request.images))
        yield from followed(self, request)

    def pixels(self, image: Any) -> Any:
        """An image as the model takes it: 1 x 3 x side x side."""
        import numpy
        import torch

        if not self.second:
            values = self.processor(images=image, return_tensors="pt")["pixel_values"]
            return values.to(self.model.device, self.model.dtype)
        values = torch.from_numpy(numpy.array(image)).permute(2, 0, 1)[None].float() / 255
        values = resized(values, (self.side, self.side), antialias=True)
        mean, deviation = (torch.tensor(x).view(1, 3, 1, 1) for x in (MEAN, DEVIATION))
        return ((values - mean) / deviation).to(self.model.device, self.model.dtype)

    def inner(self, wide: int, high: int) -> tuple[int, int]:
        """The part of the square that an image of this size fills: width and height."""
        if self.second:
            return self.side, self.side
        scale = self.side / max(wide, high)
        return int(wide * scale + 0.5), int(high * scale + 0.5)

    def prompts(self, objects: list[Shown], wide: int, high: int) -> dict[str, Any]:
        """What shows objects, each in the same way, as the model takes it."""
        import torch

        filled = self.inner(wide, high)
        across, down = filled[0] / wide, filled[1] / high
        device, words = self.model.device, dict[str, Any]()
        if objects[0].points:
            places = [[(p.x * across, p.y * down) for p in one.points] for one in objects]
            labels = [[int(p.inside) for p in one.points] for one in objects]
            words["input_points"] = torch.tensor([places], device=device, dtype=self.model.dtype)
            words["input_labels"] = torch.tensor([labels], device=device)
        if objects[0].box:
            boxes = [one.box for one in objects if one.box]
            sides = [
                (b.left * across, b.top * down, b.right * across, b.bottom * down) for b in boxes
            ]
            words["input_boxes"] = torch.tensor([sides], device=device, dtype=self.model.dtype)
        return words

    def enlarged(self, small: Any, wide: int, high: int) -> Any:
        """Masks in the size of the image; above zero is inside."""
        small = small.float()
        if not self.second:
            across, down = self.inner(wide, high)
            small = resized(small, (self.side, self.side))[..., :down, :across]
        return resized(small, (high, wide))


class Seen:
    """An image that the model has looked at; objects in it are asked for one after the other."""

    def __init__(self, sam: Sam, image: Any) -> None:
        self.sam, self.wide, self.high = sam, image.width, image.height
        self.embedding = sam.model.get_image_embeddings(sam.pixels(image))
        last = self.embedding[-1] if isinstance(self.embedding, list | tuple) else self.embedding
        finite(last, "what the model sees")

    def asked(self, objects: list[Shown], several: bool) -> tuple[Any, Any]:
        """Masks (objects x choices x rows x columns) and the scores of these choices."""
        words = self.sam.prompts(objects, self.wide, self.high)
        output = self.sam.model(image_embeddings=self.embedding, multimask_output=several, **words)
        finite(output.iou_scores, "what the model computes")
        masks = self.sam.enlarged(output.pred_masks[0], self.wide, self.high)
        return masks, output.iou_scores[0].float()

    def masks(self, one: Shown) -> list[Mask]:
        """The masks of one object: several choices when a single point leaves it open."""
        open_question = one.box is None and len(one.points) == 1
        masks, scores = self.asked([one], open_question)
        pairs = zip(masks[0], scores[0], strict=True)
        return [mask_of((m > 0).cpu().numpy(), score=float(s)) for m, s in pairs]


def _on_frames(request: Request, count: int) -> None:
    shown_on = [p.frame for p in request.points] + [b.frame for b in request.boxes]
    for frame in shown_on:
        if not 0 <= frame < count:
            raise UsageError(f"there is no frame {frame}: the frames are 0 to {count - 1}")
