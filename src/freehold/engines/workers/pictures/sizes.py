"""Opens the image to start from and its mask, and refuses sizes in which a model cannot paint."""

from typing import Any

from freehold.core.errors import Contradiction, UsageError
from freehold.engines.workers.pictures.pixels import opened
from freehold.tasks.text_to_image import Request


def refuse_sizes(request: Request, step: int) -> None:
    """UsageError with the nearest size where width or height is no multiple of this."""
    for name in ("width", "height"):
        value = getattr(request, name)
        if value is not None and value % step:
            raise UsageError(
                f"{name} {value}: this model paints in steps of {step} pixels",
                hint=f"--{name} {max(step, round(value / step) * step)}",
            )


def given(request: Request, step: int) -> tuple[list[Any], list[str]]:
    """The image and its mask, if there are any, in the size asked for; and what must be said."""
    if request.image is None:
        return [], []
    image = opened(request.image)
    size = (request.width or image.width, request.height or image.height)
    if size[0] % step or size[1] % step:
        whole = [max(step, round(side / step) * step) for side in size]
        raise UsageError(
            f"the image has {size[0]} x {size[1]} pixels; this model works in steps of {step}",
            hint=f"--width {whole[0]} --height {whole[1]} resizes it",
        )
    pictures = [image]
    if request.mask is not None:
        mask = opened(request.mask, "L")
        if mask.size != image.size:
            raise Contradiction(
                f"the mask has {mask.width} x {mask.height} pixels,"
                f" the image {image.width} x {image.height}"
            )
        pictures.append(mask)
    if size == image.size:
        return pictures, []
    resized = f"the image was resized from {image.width} x {image.height} pixels"
    return [picture.resize(size) for picture in pictures], [resized]
