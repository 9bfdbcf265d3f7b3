"""Arrays as files (`.npy`), in and out; nothing is unpickled."""

from typing import Any

import numpy

from freehold.core.errors import BrokenInput
from freehold.engines.workers.files import new_file
from freehold.tasks.base import File


def read_array(file: File, what: str) -> Any:
    """The array in a file; BrokenInput when it is none or holds what is not a number."""
    try:
        found = numpy.load(file.path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise BrokenInput(f"{what} cannot be read as an array: {error}") from error
    if not isinstance(found, numpy.ndarray) or found.dtype.kind not in "iuf":
        raise BrokenInput(f"{what} must be an array of numbers")
    if not found.size or not numpy.isfinite(found).all():
        raise BrokenInput(f"{what} is empty or holds what is not a number")
    return found


def kept_array(values: Any) -> File:
    """A new file with this array."""
    file = new_file("array")
    numpy.save(file.path, values, allow_pickle=False)
    return file
