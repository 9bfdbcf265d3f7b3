"""Reads pictures for models that see: whole, upright, in three colors."""

from typing import Any

from freehold.core.errors import BrokenInput
from freehold.tasks.base import File

LARGEST = 100_000_000
"""Pixels of one picture."""


def picture(file: File) -> Any:
    """A picture as PIL has it; BrokenInput when it cannot be read or is too large."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = LARGEST
    try:
        with Image.open(file.path) as found:
            return ImageOps.exif_transpose(found).convert("RGB")
    except UnidentifiedImageError as error:
        raise BrokenInput(f"{file.path.name}: this is no picture that can be read") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BrokenInput(f"{file.path.name}: the picture is broken: {error}"[:300]) from error
