"""Writes sound as WAV files of 16 bits, and says what did not fit into them."""

import wave
from typing import Any

import numpy

from freehold.core.errors import BrokenInput
from freehold.engines.workers.files import new_file
from freehold.tasks.base import File

LOUDEST = 32_767


def written(samples: Any, rate: int) -> tuple[File, tuple[str, ...]]:
    """A new WAV file with these samples (-1 to 1, one row), and notes.

    BrokenInput when they are no sound: none at all, or not numbers.
    """
    samples = numpy.asarray(samples, "float32").reshape(-1)
    if not len(samples):
        raise BrokenInput("the model made no sound at all")
    if not numpy.isfinite(samples).all():
        raise BrokenInput("what the model made is no sound: some samples are not numbers")
    file = new_file("audio")
    with wave.open(str(file.path), "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(rate)
        whole = numpy.rint(numpy.clip(samples, -1, 1) * LOUDEST)
        target.writeframes(whole.astype("<i2").tobytes())
    over = int((numpy.abs(samples) > 1).sum())
    return file, (f"{over:,} samples were too loud for a WAV file and were clipped",) * (over > 0)
