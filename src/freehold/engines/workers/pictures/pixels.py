"""Opens images inside a worker, bounded, and writes those that it makes."""

import warnings
from pathlib import Path
from typing import Any

from freehold.core.errors import BrokenInput
from freehold.engines.workers.files import new_file
from freehold.tasks.base import File

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
MOST_PIXELS = 100_000_000
"""Of one image that is opened: 300 MB once it is decoded."""
MOST_BYTES = 256 * 2**20


def opened(file: File, mode: str = "RGB") -> Any:
    """The image as Pillow has it, turned as its camera was held; BrokenInput when it is none."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # ours is asked below, before anything is decoded
    path = _bounded(file.path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=FORMATS) as image:
                _check(image.size)
                if (count := getattr(image, "n_frames", 1)) > 1:
                    raise BrokenInput(f"the file holds {count} images; one is taken")
                image.load()
                return _eight_bits(ImageOps.exif_transpose(image)).convert(mode)
    except BrokenInput:
        raise
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, IndexError) as error:
        raise BrokenInput(f"the image cannot be read: {error}") from error
    except Exception as error:
        raise BrokenInput(f"the image cannot be read: {type(error).__name__}: {error}") from error


def _eight_bits(image: Any) -> Any:
    """A gray image of 16 bits with the upper 8 of them; BrokenInput for other large numbers."""
    import numpy
    from PIL import Image

    if image.mode.startswith("I;16"):
        return Image.fromarray((numpy.array(image) >> 8).astype(numpy.uint8))
    if image.mode in ("I", "F"):
        raise BrokenInput("the image holds numbers of 32 bits, which are no brightness")
    return image


def _bounded(path: Path) -> Path:
    size = path.stat().st_size
    if size == 0:
        raise BrokenInput("the image is empty: 0 bytes")
    if size > MOST_BYTES:
        raise BrokenInput(f"the image has {size:,} bytes; at most {MOST_BYTES:,} are read")
    return path


def _check(size: tuple[int, int]) -> None:
    wide, high = size
    if wide < 1 or high < 1:
        raise BrokenInput(f"the image has no pixels: {wide} x {high}")
    if wide * high > MOST_PIXELS:
        raise BrokenInput(
            f"the image has {wide:,} x {high:,} pixels; at most {MOST_PIXELS:,} are decoded"
        )


def saved(image: Any, facts: dict[str, str] | None = None) -> File:
    """The image as a new PNG file; `facts` go into it as texts."""
    from PIL.PngImagePlugin import PngInfo

    file, texts = new_file("image"), PngInfo()
    for name, value in (facts or {}).items():
        texts.add_itxt(name, value)
    image.save(file.path, format="PNG", pnginfo=texts)
    return file


def saved_gray(values: Any) -> File:
    """A table of numbers from 0 to 255, or of True and False, as a gray PNG file."""
    import numpy
    from PIL import Image

    gray = values.astype(numpy.uint8) * (255 if values.dtype == bool else 1)
    return saved(Image.fromarray(gray))
