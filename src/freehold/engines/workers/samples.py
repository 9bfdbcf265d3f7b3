"""Reads a recording as samples of one channel, for engines that hear one rate only."""

from typing import Any

from freehold.core.errors import BrokenInput, UsageError
from freehold.tasks.base import File


def recording(file: File, rate: int) -> Any:
    """The samples, 32-bit floats from -1 to 1; UsageError for another rate than this one."""
    import soundfile

    try:
        samples, found = soundfile.read(str(file.path), dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise BrokenInput(f"{file.path.name}: is no sound that can be read") from error
    if found != rate:
        raise UsageError(
            f"it hears {rate:,} samples a second, and this recording has {found:,}",
            hint="the engine transformers takes any rate",
        )
    if not len(samples):
        raise BrokenInput(f"{file.path.name}: is empty")
    return samples.mean(axis=1)
