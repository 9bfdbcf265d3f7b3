"""Reads recordings as numbers: one channel, at the rate that a model wants, bounded and checked.

WAV, FLAC, OGG and MP3 are decoded by libsndfile (through `soundfile`), inside the jail.
"""

from typing import Any

import numpy
import soundfile
from msgspec import Struct

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.sound.resampling import resampled
from freehold.tasks.base import File

LONGEST = 3 * 3600.0
"""Seconds of sound that are taken at once."""
BLOCK = 2**20
RATES = range(1_000, 768_001)


class Sound(Struct, frozen=True):
    """Samples between -1 and 1 (32-bit floats), and how many of them make a second."""

    samples: Any
    rate: int
    notes: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples) / self.rate


def read_sound(file: File, rate: int, longest: float = LONGEST) -> Sound:
    """A recording at `rate` samples per second; an array (`.npy`) must have that rate already."""
    if file.kind == "array":
        return Sound(_array(file), rate)
    samples, found, channels = _decoded(file, longest)
    _must_sound(samples, file)
    notes = []
    if channels > 1:
        notes.append(f"the {channels} channels of {file.path.suffix} were mixed to one")
    if found != rate:
        notes.append(f"the sound was brought from {found:,} to {rate:,} samples per second")
    return Sound(resampled(samples, found, rate), rate, tuple(notes))


def _decoded(file: File, longest: float) -> tuple[Any, int, int]:
    """The mean of all channels, the rate, and the number of channels."""
    try:
        with soundfile.SoundFile(str(file.path)) as source:
            if source.samplerate not in RATES:
                raise BrokenInput(f"a rate of {source.samplerate:,} samples per second is not one")
            blocks, count = [], 0
            while len(block := source.read(BLOCK, dtype="float32", always_2d=True)):
                count += len(block)
                if count > longest * source.samplerate:
                    raise UsageError(
                        f"the sound is longer than {longest / 60:,.0f} minutes, the most that is "
                        "taken at once",
                        hint="cut it into parts",
                    )
                blocks.append(block.mean(axis=1))
            rate, channels = source.samplerate, source.channels
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise BrokenInput(
            f"the sound cannot be read: {str(error).rpartition(': ')[2]}",
            hint="WAV, FLAC, OGG and MP3 are read; other kinds must be converted first",
        ) from error
    return numpy.concatenate(blocks) if blocks else numpy.zeros(0, "float32"), rate, channels


def _array(file: File) -> Any:
    """One row of numbers from a `.npy` file."""
    try:
        samples = numpy.load(file.path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise BrokenInput(f"the array cannot be read: {error}") from error
    samples = samples.squeeze()
    if samples.ndim != 1 or samples.dtype.kind != "f":
        told = f"{samples.dtype} of shape {samples.shape}"
        raise BrokenInput(f"sound as an array is one row of floats, and this is {told}")
    _must_sound(samples, file)
    return samples.astype("float32")


def _must_sound(samples: Any, file: File) -> None:
    """Refuse what holds no samples, or some that are no numbers."""
    if not len(samples):
        raise BrokenInput(f"there is no sound in the {file.path.suffix} file: it is empty")
    if not numpy.isfinite(samples).all():
        raise BrokenInput(f"some samples of the {file.path.suffix} file are not numbers")
